"""A window that is painted before it is seen."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.popup_picture import PopupPicture


class _Window(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.paints = 0
        self.winId()
        self.picture = PopupPicture(self)
        self.shown: list[None] = []
        self.picture.shown.connect(lambda: self.shown.append(None))

    def paintEvent(self, _event: QPaintEvent) -> None:
        self.paints += 1


def test_what_is_prepared_was_painted_and_is_not_on_the_screen(qtbot: QtBot) -> None:
    window = _Window()
    qtbot.addWidget(window)
    window.picture.prepare()

    assert window.paints == 1
    assert not window.isVisible()
    assert not window.windowHandle().isVisible()
    assert window.testAttribute(Qt.WidgetAttribute.WA_WState_Polished)

    window.show()
    qtbot.waitUntil(window.windowHandle().isExposed)


def test_it_tells_once_that_an_awaited_window_is_there(qtbot: QtBot) -> None:
    window = _Window()
    qtbot.addWidget(window)
    window.show()
    QApplication.processEvents()
    assert window.shown == []
    window.hide()

    window.picture.await_it()
    window.show()
    assert window.shown == []
    qtbot.waitUntil(lambda: window.shown == [None])
    window.resize(300, 300)
    QApplication.processEvents()
    assert window.shown == [None]
