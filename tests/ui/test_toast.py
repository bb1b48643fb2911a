"""The word above the composer, and its way back."""

from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.text import Text
from desktop.ui.labels import ElidedLabel
from desktop.ui.toast import Toast


def test_a_long_name_is_cut_and_what_became_of_it_is_read(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    toast = Toast()
    QVBoxLayout(window).addWidget(toast)
    window.resize(460, 80)
    window.show()
    qtbot.waitExposed(window)
    name = "A chat that was called by all of its first question " * 4

    toast.offer_undo(Text("Folder “{name}” is deleted, its chats are not", {"name": name}), 1)

    label = toast.findChild(ElidedLabel)
    assert label is not None
    qtbot.waitUntil(label.isVisible)
    assert label.text().startswith("Folder “A chat")
    assert label.text().endswith("…” is deleted, its chats are not")
    assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()
    assert toast.accessibleName().count("first question") == 4


def test_one_thing_is_taken_back_and_no_other(qtbot: QtBot) -> None:
    toast = Toast()
    qtbot.addWidget(toast)
    toast.offer_undo(Text("Deleted"), 1)
    toast.take_back(Text("Wait"))
    assert not toast.isHidden()

    toast.take_back(Text("Deleted"))
    assert toast.isHidden()


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
