"""The word above the composer, and its way back."""

from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.text import Text
from desktop.ui.toast import Toast


def test_it_stays_while_undo_has_the_keyboard_and_goes_after_it(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    toast, other = Toast(), QWidget()
    column = QVBoxLayout(window)
    column.addWidget(toast)
    column.addWidget(other)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    toast.offer_undo(Text("Deleted"), 1)
    toast._undo.setFocus()
    qtbot.waitUntil(toast._undo.hasFocus)

    toast._timer.timeout.emit()
    assert toast.isVisible()
    assert toast._timer.isActive()

    other.setFocus()
    toast._timer.timeout.emit()
    assert not toast.isVisible()
