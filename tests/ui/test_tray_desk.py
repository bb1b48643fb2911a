"""What the tray shows of chats, models, keys and login, and that what is asked of it is done."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.domain.hotkey import KeyAction
from desktop.domain.text import Text
from desktop.services.start_at_login import LoginState, StartAtLogin
from desktop.system.panel import Tone
from desktop.ui.errands import Errands
from desktop.ui.panel_watch import PanelWatch
from desktop.ui.tray import Tray
from desktop.ui.tray_desk import TrayDesk
from tests.ui.desk import Desk

pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


@dataclass
class Item:
    """An entry as a system has it."""

    on: bool = False
    refuses: bool = False
    threads: set[int] = field(default_factory=set)
    may_go_off: threading.Event = field(default_factory=threading.Event)

    def state(self) -> LoginState:
        self.threads.add(threading.get_ident())
        return LoginState.ON if self.on else LoginState.OFF

    def command(self) -> tuple[str, ...]:
        return ("sh",) if self.on else ()

    def turn_on(self, command: Sequence[str]) -> None:
        if self.refuses:
            raise StorageError(Text("It cannot be written"), Text("Make room."))
        self.on = bool(command)

    def turn_off(self) -> None:
        self.may_go_off.wait()
        if self.refuses:
            raise StorageError(Text("It cannot be written"), Text("Make room."))
        self.on = False

    def advice(self) -> Text | None:
        return Text("Also tell your session.") if self.on else None


class Keys(QObject):
    """Keys that can be paused."""

    result_changed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.paused: list[bool] = []
        self.text = "Ctrl+Alt+Space"

    def chord(self, action: KeyAction) -> str:
        return self.text if action is KeyAction.ASK else ""

    def set_paused(self, paused: bool) -> None:
        self.paused.append(paused)


@pytest.fixture
def item() -> Iterator[Item]:
    one = Item()
    one.may_go_off.set()
    yield one
    one.may_go_off.set()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was said in notifications."""
    words: list[str] = []
    monkeypatch.setattr(Tray, "announce", lambda _tray, title: words.append(title))
    return words


@pytest.fixture
def tray_desk(desk: Desk, item: Item, said: list[str]) -> Iterator[TrayDesk]:
    assert said == []
    one = TrayDesk(
        desk.window,
        lambda: None,
        desk.chats,
        desk.controller.list,
        desk.models,
        lambda: StartAtLogin(item, ["sh", "--background"]),
        environment={"XDG_CURRENT_DESKTOP": "GNOME"},
        platform="linux",
    )
    yield one
    one.close()
    one.tray.close()


def _titles(tray: Tray) -> list[str]:
    return [each.text() for each in tray.menu._recent.actions() if not each.isSeparator()][:-1]


def test_the_menu_has_the_chats_used_last_without_temporary_ones(
    tray_desk: TrayDesk, desk: Desk
) -> None:
    for title in ("Bread", "Kyoto"):
        chat = desk.store.create(title)
        desk.store.add(chat.id, None, Role.USER, "?")
    desk.store.create("Secret", temporary=True)
    desk.controller.list.refresh()
    assert _titles(tray_desk.tray) == ["Kyoto", "Bread"]

    bread = next(each.id for each in desk.store.chats() if each.title == "Bread")
    desk.store.add(bread, desk.store.tip(bread), Role.USER, "And now?")
    desk.controller.list.refresh()
    assert _titles(tray_desk.tray) == ["Bread", "Kyoto"]


def test_the_menu_has_the_models_there_are_and_marks_the_chosen_one(
    tray_desk: TrayDesk, desk: Desk, qtbot: QtBot
) -> None:
    models = tray_desk.tray.menu._model
    qtbot.waitUntil(lambda: len(models.actions()) == 1)
    folder = desk.paths.models
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "late.gguf").write_bytes(b"GGUF")
    tray_desk.tray.menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(models.actions()) == 2)

    assert [each.isChecked() for each in models.actions()] == [
        each.text().startswith("Built-in guide") for each in models.actions()
    ]
    late = next(each for each in models.actions() if each.text().startswith("late"))
    with qtbot.waitSignal(desk.models.chosen):
        late.trigger()
    assert desk.engine.chosen[-1].name == "late"


def test_a_model_that_is_refused_is_told_where_it_is_seen(
    tray_desk: TrayDesk, desk: Desk, said: list[str]
) -> None:
    error = StorageError(Text("It is damaged"), Text("Get it again."))
    desk.models.refused.emit(error)
    assert said == []
    desk.window.hide()
    desk.models.refused.emit(error)
    assert said == ["It is damaged"]


def test_models_are_managed_in_the_window(tray_desk: TrayDesk, desk: Desk, qtbot: QtBot) -> None:
    desk.window.hide()
    with qtbot.waitSignal(desk.window.models_requested):
        tray_desk.tray.models_requested.emit()
    assert desk.window.isVisible()


def test_a_pause_gives_the_keys_back_until_it_is_over(tray_desk: TrayDesk, said: list[str]) -> None:
    keys = Keys()
    tray_desk.attach_keys(keys)
    assert not tray_desk.refuses_keys()
    tray_desk.tray.set_paused(paused=True)
    assert tray_desk.refuses_keys()
    assert len(said) == 1, "whoever presses it is told why nothing comes"
    tray_desk.tray.set_paused(paused=False)
    assert not tray_desk.refuses_keys()
    assert keys.paused == [True, False]


def test_the_menu_names_the_key_that_is_in_force(tray_desk: TrayDesk) -> None:
    keys, ask = Keys(), tray_desk.tray.menu.actions()[0]
    tray_desk.attach_keys(keys)
    assert ask.shortcut().toString() == "Ctrl+Alt+Space"
    keys.text = ""
    keys.result_changed.emit(KeyAction.ASK, None)
    assert ask.shortcut().isEmpty()


def test_the_menu_follows_another_chord_and_names_none_during_a_pause(tray_desk: TrayDesk) -> None:
    keys, tray = Keys(), tray_desk.tray
    ask = tray.menu.actions()[0]
    tray_desk.attach_keys(keys)
    keys.text = "Ctrl+Alt+K"
    tray.about_to_be_seen.emit()
    assert ask.shortcut().toString() == "Ctrl+Alt+K"
    tray.set_paused(paused=True)
    assert ask.shortcut().isEmpty()
    tray.set_paused(paused=False)
    assert ask.shortcut().toString() == "Ctrl+Alt+K"


def test_what_starts_at_login_is_asked_and_changed_in_another_thread(
    tray_desk: TrayDesk, item: Item, qtbot: QtBot
) -> None:
    tray = tray_desk.tray
    login = next(each for each in tray.menu.actions() if each.text() == "Start at login")
    qtbot.waitUntil(login.isEnabled)
    assert not login.isChecked()
    login.trigger()
    qtbot.waitUntil(lambda: item.on)
    qtbot.waitUntil(login.isChecked)

    item.on = False
    tray.menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: not login.isChecked())
    assert threading.get_ident() not in item.threads


def test_what_cannot_be_changed_is_told_and_the_tick_goes(
    tray_desk: TrayDesk, desk: Desk, item: Item, said: list[str], qtbot: QtBot
) -> None:
    item.refuses = True
    desk.window.hide()
    login = next(each for each in tray_desk.tray.menu.actions() if each.text() == "Start at login")
    qtbot.waitUntil(login.isEnabled)
    with qtbot.waitSignal(tray_desk.login.told):
        login.trigger()
    assert said == ["It cannot be written"]
    assert not login.isChecked()


def test_a_look_takes_no_change_away_that_is_still_to_come(
    tray_desk: TrayDesk, item: Item, qtbot: QtBot
) -> None:
    login = tray_desk.login
    item.may_go_off.clear()
    with qtbot.waitSignal(login.told, check_params_cb=lambda state, _: state is LoginState.ON):
        login.turn(on=True)
        login.turn(on=False)
    item.refuses = True
    login.look()

    with qtbot.waitSignal(login.failed):
        item.may_go_off.set()


def test_the_settings_show_what_is_so_and_change_it(
    tray_desk: TrayDesk, item: Item, qtbot: QtBot
) -> None:
    section = tray_desk.make_section()
    qtbot.addWidget(section)
    with qtbot.waitSignal(tray_desk.login.told):
        section.show()
    assert not section._switch.isChecked()
    with qtbot.waitSignal(tray_desk.login.told):
        section._switch.click()
        assert not section._switch.isChecked(), "it moves when it is done"
    assert section._switch.isChecked()
    assert section._row.hint == "Also tell your session."

    with qtbot.waitSignal(tray_desk.login.told):
        section._switch.click()
    assert not item.on
    item.refuses = True
    with qtbot.waitSignal(tray_desk.login.told):
        section._switch.click()
    assert "It cannot be written" in section._problem.text()
    assert section._problem.isVisible()


def test_why_it_goes_on_starting_at_login_stays_to_be_read(
    tray_desk: TrayDesk, item: Item, qtbot: QtBot
) -> None:
    item.on = item.refuses = True
    section = tray_desk.make_section()
    qtbot.addWidget(section)
    with qtbot.waitSignal(tray_desk.login.told):
        section.show()
    with qtbot.waitSignal(tray_desk.login.told):
        section._switch.click()
    assert section._switch.isChecked()
    assert section._problem.isVisible()

    item.refuses = False
    with qtbot.waitSignal(tray_desk.login.told):
        tray_desk.login.turn(on=False)
    assert not section._problem.isVisible()


def test_the_settings_say_how_to_get_a_tray_where_there_is_none(
    tray_desk: TrayDesk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "is_there", lambda _tray: False)
    section = tray_desk.make_section()
    qtbot.addWidget(section)
    section.show()
    assert "AppIndicator" in section._tray.hint
    monkeypatch.setattr(Tray, "is_there", lambda _tray: True)
    section.hide()
    section.show()
    assert "AppIndicator" not in section._tray.hint


def test_the_settings_are_found_by_their_words(tray_desk: TrayDesk, qtbot: QtBot) -> None:
    section = tray_desk.make_section()
    qtbot.addWidget(section)
    assert section.search("login")
    assert section._login.isVisibleTo(section)
    assert not section._icon.isVisibleTo(section)
    assert not section.search("temperature")
    assert section.search("")
    assert section._icon.isVisibleTo(section)


def test_the_icon_follows_the_panel(qtbot: QtBot, qapp: QObject) -> None:
    tones = [Tone.DARK]
    told: list[Tone] = []
    errands = Errands()
    watch = PanelWatch(errands, {}, "linux", errands, lambda _environment, _platform: tones[-1])
    watch.tone_changed.connect(told.append)
    try:
        with qtbot.waitSignal(watch.tone_changed):
            watch.look()
        tones.append(Tone.LIGHT)
        with qtbot.waitSignal(watch.tone_changed):
            watch.look()
        assert told == [Tone.DARK, Tone.LIGHT]
    finally:
        errands.close()


def test_a_file_that_is_replaced_is_read_again_each_time(
    qtbot: QtBot, tmp_path: Path, qapp: QObject
) -> None:
    style = tmp_path / ".config" / "plasmarc"
    style.parent.mkdir()
    style.write_text("[Theme]\nname=default\n", encoding="utf-8")
    home = {"HOME": str(tmp_path), "XDG_CURRENT_DESKTOP": "KDE", "XDG_DATA_DIRS": str(tmp_path)}
    colours = tmp_path / "plasma" / "desktoptheme" / "night" / "colors"
    colours.parent.mkdir(parents=True)
    colours.write_text("[Colors:Window]\nBackgroundNormal=1,2,3\n", encoding="utf-8")
    errands = Errands()
    watch = PanelWatch(errands, home, "linux", errands)
    try:
        with qtbot.waitSignal(watch.tone_changed) as told:
            watch.look()
        assert told.args == [Tone.LIGHT]
        for name, tone in (("night", Tone.DARK), ("default", Tone.LIGHT), ("night", Tone.DARK)):
            fresh = style.with_name("fresh")
            fresh.write_text(f"[Theme]\nname={name}\n", encoding="utf-8")
            with qtbot.waitSignal(watch.tone_changed) as told:
                fresh.replace(style)
            assert told.args == [tone]
    finally:
        errands.close()
