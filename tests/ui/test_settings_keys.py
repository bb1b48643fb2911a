"""The keys on the settings page: what is said is what became of them, and only a press proves one."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.services import hotkey
from desktop.services.hotkey import Desktop
from desktop.ui.command_line import CommandLine
from desktop.ui.key_desk import KeyDesk
from desktop.ui.key_free import FreeKeys
from desktop.ui.key_notice import KeyNotice
from desktop.ui.key_recorder import KeyRecorder
from desktop.ui.key_row import KeyRow
from desktop.ui.key_view import TrialState
from desktop.ui.settings_keys import KeysSection
from desktop.ui.settings_page import SettingsPage
from desktop.ui.settings_popup import PopupSection
from desktop.ui.switch import Switch
from tests.ui.keys import COMMAND, KeyPlace, ScriptedKeys, key_place
from tests.ui.marking import Marking, unmarked

_ASK, _NEW, _SHOW = KeyAction.ASK, KeyAction.NEW_CHAT, KeyAction.SHOW
_CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


class Keys:
    """The section on its page, with the keys behind it."""

    def __init__(self, qtbot: QtBot, place: KeyPlace) -> None:
        self.qtbot = qtbot
        self.place = place
        self.section = KeysSection()
        self.page = SettingsPage([self.section, PopupSection()])
        qtbot.addWidget(self.page)
        self.page.resize(900, 760)
        self.section.attach(place.desk)
        self.page.show()
        self.page.activateWindow()
        qtbot.waitExposed(self.page)

    @property
    def desk(self) -> KeyDesk:
        return self.place.desk

    def row(self, action: KeyAction) -> KeyRow:
        return self.section._rows[action]

    def said(self, action: KeyAction) -> str:
        """Return what is said of the key."""
        return self.row(action)._state.words

    def buttons(self, action: KeyAction) -> list[str]:
        """Return the buttons with words in the row."""
        found = self.row(action).findChildren(QAbstractButton)
        return [each.text() for each in found if each.isVisible() and each.text()]

    def click(self, action: KeyAction, words: str) -> None:
        found = self.row(action).findChildren(QAbstractButton)
        (button,) = [
            each
            for each in found
            if each.isVisible() and words in {each.text(), each.accessibleName()}
        ]
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def press(self, action: KeyAction, key: Qt.Key) -> None:
        """Choose Ctrl+Alt with `key` in the row's field."""
        recorder = self.row(action).findChild(KeyRecorder)
        assert isinstance(recorder, KeyRecorder)
        self.qtbot.mouseClick(recorder, Qt.MouseButton.LeftButton)
        self.qtbot.keyClick(recorder, key, _CTRL_ALT)


@pytest.fixture
def keys(qtbot: QtBot, tmp_path: Path) -> Iterator[Keys]:
    """Return keys that Lapis binds itself, bound."""
    with key_place(tmp_path) as place:
        yield Keys(qtbot, place.start())


@pytest.fixture
def portal(qtbot: QtBot, tmp_path: Path) -> Iterator[Keys]:
    """Return keys that the desktop keeps."""
    script = ScriptedKeys(name="portal", can_choose_keys=False)
    script.answers = {_ASK: KeyResult(KeyStatus.BOUND, "Press <Control><Alt>space")}
    with key_place(tmp_path, script) as place:
        yield Keys(qtbot, place.start())


@pytest.fixture
def manual(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """Return a desktop that has keys for no program, but can be written to."""
    monkeypatch.setattr(hotkey, "can_write", lambda desktop: desktop is Desktop.GNOME)
    script = ScriptedKeys(name="manual", can_choose_keys=False)
    script.answers = dict.fromkeys(KeyAction, KeyResult(KeyStatus.UNSUPPORTED))
    with key_place(tmp_path, script, Desktop.GNOME) as place:
        yield Keys(qtbot, place.start())


def test_a_key_pressed_in_the_field_is_had_and_kept(keys: Keys) -> None:
    keys.press(_NEW, Qt.Key.Key_N)

    assert keys.place.keys.bound[_NEW] == "Ctrl+Alt+N"
    assert keys.place.preferences.value.keys.new_chat == "Ctrl+Alt+N"
    assert keys.said(_NEW) == "It is yours. Only a press proves that it arrives."


def test_while_a_key_is_chosen_no_key_is_answered_and_nothing_on_show_changes(keys: Keys) -> None:
    keys.desk.change(_NEW, "Ctrl+Alt+N")
    before = keys.said(_NEW), keys.buttons(_NEW)
    keys.row(_ASK)._recorder.record()
    keys.desk.changed.emit()
    assert keys.place.keys.bound == {}
    assert (keys.said(_NEW), keys.buttons(_NEW)) == before

    keys.row(_ASK)._recorder.stop()
    assert keys.place.keys.bound == {_ASK: "Ctrl+Alt+Space", _NEW: "Ctrl+Alt+N"}
    assert (keys.said(_NEW), keys.buttons(_NEW)) == before


def test_a_pause_of_the_tray_outlasts_the_choosing(keys: Keys) -> None:
    keys.place.hotkeys.set_paused(True)
    assert "Paused in the tray" in keys.said(_ASK)
    assert "Press it now" not in keys.buttons(_ASK)
    keys.row(_ASK)._recorder.record()
    keys.row(_ASK)._recorder.stop()

    assert keys.place.hotkeys.is_paused


def test_a_pause_that_begins_or_ends_while_keys_are_chosen_is_not_forgotten(keys: Keys) -> None:
    recorder = keys.row(_ASK)._recorder
    recorder.record()
    keys.place.hotkeys.set_paused(True)
    recorder.stop()
    assert keys.place.keys.bound == {}
    assert "Paused in the tray" in keys.said(_ASK)

    recorder.record()
    keys.place.hotkeys.set_paused(False)
    assert keys.place.keys.bound == {}, "pressed now they mean the field"
    recorder.stop()
    assert keys.place.keys.bound == {_ASK: "Ctrl+Alt+Space"}


def test_a_taken_key_leaves_the_old_one_and_free_ones_are_offered(keys: Keys) -> None:
    keys.place.keys.taken = {"Ctrl+Alt+K", "Ctrl+Meta+Space"}
    keys.press(_ASK, Qt.Key.Key_K)
    assert keys.said(_ASK).startswith("Another program already uses Ctrl+Alt+K. Ctrl+Alt+Space")
    assert keys.place.keys.bound[_ASK] == "Ctrl+Alt+Space"
    free = keys.row(_ASK).findChild(FreeKeys)
    assert isinstance(free, FreeKeys)
    assert len(free.chords) == 3
    assert not {*free.chords} & {"Ctrl+Alt+K", "Ctrl+Meta+Space", "Ctrl+Alt+Space"}

    chosen = free.chords[0]
    keys.qtbot.mouseClick(free._buttons[0], Qt.MouseButton.LeftButton)
    assert keys.place.preferences.value.keys.ask == chosen
    assert keys.place.keys.bound[_ASK] == chosen
    assert not free.isVisible()


def test_a_key_of_another_action_is_named(keys: Keys) -> None:
    keys.desk.change(_NEW, "Ctrl+Alt+N")
    keys.press(_SHOW, Qt.Key.Key_N)

    assert keys.said(_SHOW) == "Ctrl+Alt+N cannot be used here. It already belongs to: New chat."
    assert keys.place.preferences.value.keys.show == ""
    assert keys.place.keys.bound[_NEW] == "Ctrl+Alt+N"


def test_a_key_can_be_cleared_and_put_back(keys: Keys) -> None:
    keys.click(_ASK, "Quick question: no key")
    assert keys.place.keys.bound == {}
    assert keys.said(_ASK) == ""
    keys.click(_ASK, "Quick question: as it was at first")

    assert keys.place.keys.bound == {_ASK: "Ctrl+Alt+Space"}
    assert keys.place.preferences.value.keys.ask == "default"


def test_a_taken_key_that_is_free_again_is_had_when_the_page_is_seen(
    qtbot: QtBot, tmp_path: Path
) -> None:
    script = ScriptedKeys()
    script.taken = {"Ctrl+Alt+Space"}
    with key_place(tmp_path, script) as place:
        keys = Keys(qtbot, place.start())
        assert keys.said(_ASK) == "Another program already uses Ctrl+Alt+Space."
        keys.page.show_section(1)
        script.taken.clear()
        keys.page.show_section(0)

        assert script.bound == {_ASK: "Ctrl+Alt+Space"}


def test_only_a_real_press_counts_as_a_proof(keys: Keys) -> None:
    keys.click(_ASK, "Press it now")
    assert keys.said(_ASK) == "Press Ctrl+Alt+Space now."
    assert keys.buttons(_ASK) == ["Cancel"]
    keys.qtbot.keyClick(keys.page, Qt.Key.Key_Space, _CTRL_ALT)
    keys.desk.tell_called()
    assert keys.desk.view(_ASK).trial.state is TrialState.RUNNING

    keys.place.keys.press("Ctrl+Alt+Space")
    keys.qtbot.waitUntil(lambda: keys.said(_ASK).startswith("It works"))
    today = time.strftime("%Y-%m-%d")
    keys.qtbot.waitUntil(lambda: keys.place.preferences.value.keys.proved == "Ctrl+Alt+Space")
    assert keys.place.preferences.value.keys.proved_on == today


def test_a_proof_outlasts_a_restart_and_belongs_to_its_key(keys: Keys, tmp_path: Path) -> None:
    preferences = keys.place.preferences
    preferences.change(
        lambda now: replace(
            now, keys=replace(now.keys, proved="Ctrl+Alt+Space", proved_on="2026-11-20")
        )
    )
    assert keys.said(_ASK) == "Works: it was pressed on 2026-11-20."
    keys.press(_ASK, Qt.Key.Key_K)

    assert keys.said(_ASK) == "It is yours. Only a press proves that it arrives."


def test_a_press_that_does_not_come_is_explained(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.desk._second.setInterval(1)
    keys.click(_ASK, "Press it now")
    keys.qtbot.waitUntil(lambda: keys.desk.view(_ASK).trial.state is TrialState.MISSED)

    assert keys.said(_ASK) == "No press came. Another program may take this key first."
    assert "Press it now" in keys.buttons(_ASK)
    for name in ("x11", "portal", "windows", "macos"):
        monkeypatch.setattr(keys.place.keys, "name", name)
        keys.desk.changed.emit()
        words = {"x11": "X server", "portal": "portal", "windows": "Windows", "macos": "macOS"}
        assert words[name] in keys.said(_ASK)


def test_the_seconds_are_counted_down_in_one_place(keys: Keys) -> None:
    keys.click(_ASK, "Press it now")
    keys.click(_ASK, "Cancel")
    assert not keys.desk._second.isActive()
    assert keys.said(_ASK) == "It is yours. Only a press proves that it arrives."
    keys.desk.change(_NEW, "Ctrl+Alt+N")
    keys.click(_ASK, "Press it now")
    keys.click(_NEW, "Press it now")

    assert keys.buttons(_ASK) == ["Press it now"]
    assert keys.buttons(_NEW) == ["Cancel"]
    keys.page.hide()
    assert not keys.desk._second.isActive()


def test_a_press_that_would_leave_the_page_only_proves_its_key(keys: Keys) -> None:
    keys.desk.change(_NEW, "Ctrl+Alt+N")
    swallowed: list[bool] = []
    keys.place.hotkeys.activated.connect(
        lambda action, _token, _time: swallowed.append(keys.desk.swallows(action))
    )
    keys.place.keys.press("Ctrl+Alt+N")
    keys.desk.begin_trial(_NEW)
    keys.place.keys.press("Ctrl+Alt+N")
    keys.qtbot.waitUntil(lambda: keys.said(_NEW).startswith("It works"))
    keys.place.keys.press("Ctrl+Alt+N")
    keys.desk.begin_trial(_ASK)
    keys.place.keys.press("Ctrl+Alt+Space")

    assert swallowed == [False, True, False, False]


def test_where_the_desktop_keeps_the_keys_they_are_shown_as_it_says(portal: Keys) -> None:
    assert portal.row(_ASK)._caps.caps == ("Ctrl", "Alt", "Space")
    assert not portal.row(_ASK)._recorder.isVisible()
    assert portal.buttons(_ASK) == ["Desktop's settings…", "Press it now"]
    portal.click(_ASK, "Open the desktop's settings for keys")

    assert portal.place.keys.configured == 1


def test_where_the_desktop_keeps_the_keys_each_is_asked_for_by_a_switch(portal: Keys) -> None:
    switch = portal.row(_SHOW).findChild(Switch)
    assert isinstance(switch, Switch)
    portal.place.keys.answers[_SHOW] = KeyResult(KeyStatus.PENDING)
    portal.qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert portal.place.preferences.value.keys.show
    assert portal.said(_SHOW) == "Your desktop is asking you to confirm the shortcut."
    portal.place.keys.tell(_SHOW, KeyResult(KeyStatus.DENIED))
    assert portal.said(_SHOW).startswith("You declined the shortcut.")
    assert portal.buttons(_SHOW) == ["Desktop's settings…"]
    portal.qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)

    assert portal.place.preferences.value.keys.show == ""


def test_a_line_for_the_configuration_can_be_copied(portal: Keys) -> None:
    reason = Text("Add this line: {line}", {"line": "bind = CTRL ALT, x"})
    portal.place.keys.tell(_ASK, KeyResult(KeyStatus.UNVERIFIED, "", reason))
    (line,) = [each for each in portal.row(_ASK).findChildren(CommandLine) if each.isVisible()]
    line.copied.click()

    assert QApplication.clipboard().text() == "bind = CTRL ALT, x"


def test_a_lost_desktop_is_said_and_its_return_too(portal: Keys) -> None:
    portal.place.keys.tell(_ASK, KeyResult(KeyStatus.FAILED))
    assert portal.said(_ASK) == "The desktop does not answer for this key."
    assert "Press it now" not in portal.buttons(_ASK)
    portal.place.keys.tell(_ASK, KeyResult(KeyStatus.BOUND, "Ctrl+Alt+Space"))

    assert "Press it now" in portal.buttons(_ASK)


def test_where_no_program_has_keys_the_desktop_is_set_up_at_a_click(
    manual: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[Desktop, str, str]] = []

    def write(desktop: Desktop, chord: str, command: str) -> KeyResult:
        written.append((desktop, str(chord), command))
        return KeyResult(KeyStatus.BOUND)

    monkeypatch.setattr(hotkey, "write_shortcut", write)
    manual.press(_ASK, Qt.Key.Key_K)
    manual.section._recipe._write.click()
    manual.qtbot.waitUntil(lambda: "The desktop has it" in manual.section._recipe._note.words)
    assert written == [(Desktop.GNOME, "Ctrl+Alt+K", COMMAND)]

    assert not manual.desk.view(_ASK).proved_on, "what was written is not yet proved"
    manual.desk.tell_called()
    manual.qtbot.waitUntil(lambda: manual.said(_ASK).startswith("Works: it was pressed on"))


def test_what_is_copied_by_hand_names_the_key_that_was_chosen(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotkey, "can_write", lambda desktop: desktop is Desktop.SWAY)
    script = ScriptedKeys(name="manual", can_choose_keys=False)
    script.answers = dict.fromkeys(KeyAction, KeyResult(KeyStatus.UNSUPPORTED))
    with key_place(tmp_path, script, Desktop.SWAY) as place:
        manual = Keys(qtbot, place.start())
        manual.press(_ASK, Qt.Key.Key_K)
        manual.section._recipe._line.copied.click()

    assert QApplication.clipboard().text().startswith(f"bindsym Ctrl+Mod1+k exec {COMMAND}")


def test_where_no_program_has_keys_commands_are_shown_for_what_has_one(manual: Keys) -> None:
    lines = [each.words for each in manual.section.findChildren(CommandLine) if each.isVisible()]

    assert lines == [COMMAND, "lapis --new-chat", "lapis --show"]
    assert not manual.row(KeyAction.STOP).isVisible()


def test_before_there_are_keys_nothing_can_be_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    section = KeysSection()
    qtbot.addWidget(section)
    section.show()
    assert not section._rows[_ASK].isEnabled()
    with key_place(tmp_path) as place:
        section.attach(place.start().desk)
        assert section._rows[_ASK].isEnabled()


def test_the_search_finds_keys_by_what_they_do(keys: Keys) -> None:
    search = keys.page.findChild(QLineEdit)
    assert isinstance(search, QLineEdit)
    search.setText("selected")
    assert keys.section.isVisible()
    search.setText("no such thing")

    assert not keys.section.isVisible()


def test_what_is_gone_from_the_screen_is_told_nothing(qapp: QApplication, tmp_path: Path) -> None:
    with key_place(tmp_path) as place:
        section = KeysSection()
        section.attach(place.start().desk)
        section.deleteLater()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        place.desk.change(_NEW, "Ctrl+Alt+N")

        assert place.keys.bound[_NEW] == "Ctrl+Alt+N"


def test_every_word_follows_the_language(keys: Keys, qapp: QApplication, marking: Marking) -> None:
    keys.place.keys.taken = {"Ctrl+Alt+K"}
    keys.desk.change(_ASK, "Ctrl+Alt+K")
    keys.desk.begin_trial(_ASK)
    qapp.installTranslator(marking)
    qapp.processEvents()

    left = unmarked(keys.page)
    assert {words for words in left if not re.fullmatch(r"[A-Z][a-z]+(\+\w+)*", words)} == set()


def test_a_taken_key_is_announced_once_at_the_start(qtbot: QtBot, tmp_path: Path) -> None:
    script = ScriptedKeys()
    script.taken = {"Ctrl+Alt+Space"}
    told: list[str] = []
    with key_place(tmp_path, script) as place:
        notice = KeyNotice(place.hotkeys, told.append)
        assert told == []
        place.start()
        assert told == [
            "Another program already uses Ctrl+Alt+Space. Settings → Keys offers others."
        ]
        place.desk.change(_ASK, "Ctrl+Alt+K")
        place.desk.change(_ASK, "Ctrl+Alt+Space")
        script.tell(_ASK, KeyResult(KeyStatus.TAKEN))
        del notice

    assert len(told) == 1


@pytest.mark.parametrize("status", [KeyStatus.UNSUPPORTED, KeyStatus.DENIED, KeyStatus.FAILED])
def test_what_the_desktop_has_said_already_is_not_announced(
    tmp_path: Path, qtbot: QtBot, status: KeyStatus
) -> None:
    script = ScriptedKeys(can_choose_keys=False)
    script.answers[_ASK] = KeyResult(status)
    told: list[str] = []
    with key_place(tmp_path, script) as place:
        notice = KeyNotice(place.hotkeys, told.append)
        place.start()
        del notice

    assert told == []


@pytest.mark.parametrize("way", ["keys", "portal", "manual"])
def test_everything_that_can_be_pressed_has_a_name(
    way: str, request: pytest.FixtureRequest
) -> None:
    keys: Keys = request.getfixturevalue(way)
    keys.desk.begin_trial(_ASK)
    pressed = [
        each
        for each in keys.section.findChildren(QAbstractButton)
        if each.isVisible() and each.isEnabled()
    ]

    assert pressed
    assert [each for each in pressed if not (each.accessibleName() or each.text())] == []


def test_no_label_is_cut_in_the_section(keys: Keys) -> None:
    keys.place.keys.taken = {"Ctrl+Alt+K"}
    keys.press(_ASK, Qt.Key.Key_K)
    QApplication.processEvents()
    for label in keys.section.findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width())
