"""Files held above the main window, and let go anywhere in it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.drop_hint import DropHint
from desktop.ui.window import MainWindow

_COPY, _LEFT = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
_NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    one = MainWindow()
    qtbot.addWidget(one)
    one.show()
    return one


def held(path: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    return data


def enter(window: MainWindow, data: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(300, 200), _COPY, data, _LEFT, _NONE)
    event.ignore()
    window.dragEnterEvent(event)
    return event.isAccepted()


def hint(window: MainWindow) -> DropHint:
    (one,) = window.findChildren(DropHint)
    return one


def test_a_text_let_go_over_the_conversation_goes_with_the_question(
    window: MainWindow, qtbot: QtBot
) -> None:
    data = held("/home/me/letter.txt")
    assert enter(window, data)
    assert hint(window).isVisible()
    assert hint(window).size() == window.size()

    with qtbot.waitSignal(window.composer.files_dropped) as dropped:
        window.dropEvent(QDropEvent(QPointF(300, 200), _COPY, data, _LEFT, _NONE))

    assert dropped.args == [[Path("/home/me/letter.txt")]]
    assert hint(window).isHidden()


def test_the_frame_goes_with_what_was_held(window: MainWindow) -> None:
    enter(window, held("/home/me/letter.txt"))
    window.dragLeaveEvent(QDragLeaveEvent())

    assert hint(window).isHidden()


def test_over_another_page_only_models_are_taken(window: MainWindow) -> None:
    window.show_page(QWidget(), "Models")

    assert not enter(window, held("/home/me/letter.txt"))
    assert hint(window).isHidden()
    assert enter(window, held("/media/stick/one.gguf"))
    assert hint(window).isVisible()


def test_what_a_file_is_held_above_shows_through(window: MainWindow) -> None:
    enter(window, held("/home/me/letter.txt"))

    seen = window.grab().toImage()
    of_the_list = {seen.pixel(x, y) for x in range(16, 200) for y in range(16, 100)}
    assert len(of_the_list) > 2
