"""The card with all keys: short, in columns, and with the keyboard in it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Language
from desktop.ui.key_caps import KeyCaps
from desktop.ui.labels import PlainLabel
from desktop.ui.shortcut_sheet import ShortcutSheet
from desktop.ui.translation import Languages
from tests.ui.desk import Desk


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    languages = Languages(qapp)
    languages.use(Language.CHINESE)
    yield
    languages.use(Language.ENGLISH)


@pytest.mark.usefixtures("chinese")
def test_arrows_are_signs_and_no_words_in_any_language(desk: Desk) -> None:
    sheet = ShortcutSheet(desk.window)
    sheet.show_keys()
    keys = {caps.caps for caps in sheet.findChildren(KeyCaps)}
    spoken = {keys.accessibleName() for keys in sheet.findChildren(QWidget)}

    assert {("↑",), ("Ctrl", "↑", "↓"), ("Alt", "↑", "↓"), ("Ctrl", "+", "-", "0")} <= keys
    assert {"Ctrl+↑、Ctrl+↓", "F3、Shift+F3"} <= spoken
    assert "输入时" in {label.text() for label in sheet.findChildren(PlainLabel)}


def test_the_words_of_all_groups_stand_in_line(desk: Desk) -> None:
    desk.window.resize(1080, 720)
    sheet = ShortcutSheet(desk.window)
    sheet.show_keys()
    QApplication.processEvents()
    named = [label for label in sheet.findChildren(PlainLabel) if label.buddy() is not None]
    places = {label.mapTo(sheet, label.rect().topLeft()).x() for label in named}

    assert len(places) == 2


def test_the_keyboard_stays_on_the_card(desk: Desk, qtbot: QtBot) -> None:
    sheet = ShortcutSheet(desk.window)
    sheet.show_keys()
    for _ in range(3):
        focused = QApplication.focusWidget()
        assert focused is not None
        assert sheet.isAncestorOf(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)


def test_what_takes_the_keyboard_below_the_card_has_it_after_esc(desk: Desk, qtbot: QtBot) -> None:
    desk.window.show()
    qtbot.waitActive(desk.window)
    desk.window.sidebar.search.setFocus()
    sheet = ShortcutSheet(desk.window)

    def is_on_the_card() -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and sheet.isAncestorOf(focused)

    sheet.show_keys()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert desk.window.sidebar.search.hasFocus()

    # As the menu of the window does, once it has closed.
    sheet.show_keys()
    desk.window.composer.focus_field()
    qtbot.waitUntil(is_on_the_card)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert desk.window.composer.field.hasFocus()
