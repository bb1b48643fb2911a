"""The quick question on the settings page: each choice is kept, and nothing is offered in vain."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Language, PopupSettings, Settings
from desktop.ui.menu_button import MenuButton
from desktop.ui.setting_row import SettingRow
from desktop.ui.settings_popup import PopupSection
from desktop.ui.switch import Switch


class Popup:
    """The section, and settings that follow what is changed in it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.settings = replace(Settings(), language=Language.ENGLISH)
        self.section = PopupSection()
        qtbot.addWidget(self.section)
        self.section.changed.connect(self._change)
        self.section.show_settings(self.settings)
        self.section.set_front(can_read=True, can_copy=True)
        self.section.show()

    def _change(self, change: Callable[[Settings], Settings]) -> None:
        self.settings = change(self.settings)
        self.section.show_settings(self.settings)

    def row(self, name: str) -> SettingRow:
        (found,) = [row for row in self.section.findChildren(SettingRow) if row.name == name]
        return found

    def shown(self) -> set[str]:
        rows = self.section.findChildren(SettingRow)
        return {row.name for row in rows if row.isVisible()}

    def languages(self) -> MenuButton:
        menu = self.row("Translate into").findChild(MenuButton)
        assert isinstance(menu, MenuButton)
        return menu


@pytest.fixture
def popup(qtbot: QtBot) -> Popup:
    return Popup(qtbot)


def test_each_switch_changes_its_own_setting(popup: Popup, qtbot: QtBot) -> None:
    popup.section.set_front(can_read=False, can_copy=True)
    for name in (
        "Offer selected text",
        "Let Lapis press the keys for copying",
        "Offer the clipboard",
        "Keep quick questions",
    ):
        switch = popup.row(name).findChild(Switch)
        assert isinstance(switch, Switch)
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)

    assert popup.settings.popup == PopupSettings(
        selection=False, copy_selection=True, clipboard=False, keep=False
    )


def test_keys_for_copying_are_offered_only_where_they_are_needed(popup: Popup) -> None:
    copying = "Let Lapis press the keys for copying"
    assert copying not in popup.shown()
    popup.section.set_front(can_read=False, can_copy=True)
    assert copying in popup.shown()
    popup.section.search("clipboard")
    popup.section.set_front(can_read=False, can_copy=True)
    assert popup.shown() == {copying, "Offer the clipboard"}
    popup.section.search("")
    popup.section.set_front(can_read=False, can_copy=False)

    assert not popup.shown() & {copying, "Offer selected text"}


def test_languages_are_offered_in_their_own_words(popup: Popup) -> None:
    assert popup.languages().text() == "Automatic: 简体中文"
    popup.languages().chosen.emit("Deutsch")
    assert popup.settings.popup.translate_to == "Deutsch"
    assert popup.languages().text() == "Deutsch"
    popup.section.show_settings(replace(Settings(), language=Language.CHINESE))

    assert popup.languages().text() == "Automatic: English"


def test_a_language_that_was_written_into_the_file_is_offered_too(popup: Popup) -> None:
    own = replace(popup.settings.popup, translate_to="Esperanto")
    popup.section.show_settings(replace(popup.settings, popup=own))

    assert popup.languages().text() == "Esperanto"
