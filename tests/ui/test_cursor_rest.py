"""The cursor of a field that nobody types into does not draw the window anew all day."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.composer_field import ComposerField
from desktop.ui.cursor_rest import CursorRest


@pytest.fixture
def rest(qapp: QApplication) -> Iterator[CursorRest]:
    one = CursorRest(qapp, qapp, after_ms=30)
    yield one
    one.close()
    one.deleteLater()


@pytest.fixture
def field(qtbot: QtBot) -> Iterator[ComposerField]:
    window = QWidget()
    qtbot.addWidget(window)
    one = ComposerField(lines=8, parent=window)
    window.show()
    window.activateWindow()
    one.setFocus()
    qtbot.waitUntil(one.hasFocus)
    yield one
    window.close()


@pytest.mark.usefixtures("rest")
def test_the_cursor_stands_still_once_nobody_types(qtbot: QtBot, field: ComposerField) -> None:
    assert field.hasFocus()
    qtbot.waitUntil(_is_still)


@pytest.mark.usefixtures("rest")
def test_typing_and_clicking_make_it_blink_again(qtbot: QtBot, field: ComposerField) -> None:
    qtbot.waitUntil(_is_still)
    QTest.keyClick(field, Qt.Key.Key_A)
    assert not _is_still()
    qtbot.waitUntil(_is_still)
    QTest.mouseClick(field.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 8))
    assert not _is_still()


@pytest.mark.usefixtures("rest")
def test_another_field_blinks_when_it_gets_the_keyboard(qtbot: QtBot, field: ComposerField) -> None:
    other = QLineEdit(field.parentWidget())
    other.show()
    qtbot.waitUntil(_is_still)
    other.setFocus()
    assert not _is_still()
    qtbot.waitUntil(_is_still)


def test_nothing_of_it_is_left_at_the_end(
    qtbot: QtBot, qapp: QApplication, rest: CursorRest
) -> None:
    qtbot.waitUntil(_is_still)
    rest.close()
    assert qapp.styleHints().cursorFlashTime() > 0


def _is_still() -> bool:
    return QApplication.styleHints().cursorFlashTime() == 0
