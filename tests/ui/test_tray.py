"""The icon in the tray and its menu."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.history import ChatSummary
from desktop.domain.model import InstalledModel
from desktop.system.login.base import LoginState
from desktop.system.panel import Tone
from desktop.ui import served_menu
from desktop.ui.icons import app_icon
from desktop.ui.tray import Tray
from desktop.ui.tray_icon import Sign
from desktop.ui.tray_words import model_choice
from tests.ui.desk import Desk, ready


@pytest.fixture
def memory() -> list[EngineMemory | None]:
    """Return what the engine process holds, to be changed by the test."""
    return [EngineMemory(1_500_000_000)]


@pytest.fixture
def tray(desk: Desk, memory: list[EngineMemory | None]) -> Iterator[Tray]:
    one = Tray(app_icon(), lambda: memory[-1])
    one.set_engine(desk.models.state)
    one.free_memory_requested.connect(desk.models.free_memory)
    yield one
    one.close()


def _lines(menu: QMenu) -> list[str]:
    actions = (each for each in menu.actions() if not each.isSeparator() and each.isVisible())
    return [action.text() for action in actions]


def _entry(menu: QMenu, start: str) -> QAction:
    (action,) = [each for each in menu.actions() if each.text().startswith(start)]
    return action


def test_the_first_entry_asks_and_the_last_quits(tray: Tray) -> None:
    assert _lines(tray.menu) == [
        "Ask…",
        "Show Lapis",
        "Recent chats",
        "Built-in guide · 1.5 GB",
        "Free memory now",
        "Models",
        "Local API: off",
        "Pause the keys",
        "Start at login",
        "Settings",
        "Quit",
    ]


def test_the_menu_reads_the_memory_each_time_it_opens(
    tray: Tray, memory: list[EngineMemory | None]
) -> None:
    memory.append(EngineMemory(320_000_000))
    tray.menu.aboutToShow.emit()
    assert "Built-in guide · 320 MB" in _lines(tray.menu)

    memory.append(EngineMemory(320_000_000, gpu=5_100_000_000))
    tray.menu.aboutToShow.emit()
    assert "Built-in guide · 320 MB + 5.1 GB on the GPU" in _lines(tray.menu)


@pytest.mark.qt_log_ignore("grabbing the keyboard", "grab the mouse", extend=True)
def test_the_memory_stays_fresh_while_the_menu_is_open_and_not_longer(
    tray: Tray, memory: list[EngineMemory | None], qtbot: QtBot
) -> None:
    tray._refresh.setInterval(10)
    tray.menu.popup(QPoint(0, 0))
    memory.append(EngineMemory(2_000_000_000))
    qtbot.waitUntil(lambda: "Built-in guide · 2.0 GB" in _lines(tray.menu))

    tray.menu.hide()
    qtbot.waitUntil(lambda: not tray._refresh.isActive())


def test_an_engine_that_was_idle_for_long_is_asleep(
    tray: Tray, memory: list[EngineMemory | None], desk: Desk
) -> None:
    memory.append(None)
    asleep = EngineState(Phase.IDLE, desk.models.state.model, unloaded_idle=True)
    tray.set_engine(asleep)
    assert "Built-in guide · Sleeping" in _lines(tray.menu)

    tray.set_engine(replace(asleep, unloaded_idle=False))
    assert "Built-in guide · Not in memory" in _lines(tray.menu)


def test_without_an_engine_process_there_is_no_memory_to_free(
    tray: Tray, memory: list[EngineMemory | None], desk: Desk
) -> None:
    free = _entry(tray.menu, "Free")
    assert free.isEnabled()
    free.trigger()
    assert desk.engine.unloads == 1

    memory.append(None)
    tray.menu.aboutToShow.emit()
    assert not free.isEnabled()


@pytest.mark.parametrize(
    ("start", "signal"),
    [
        ("Ask", "popup_requested"),
        ("Show", "window_requested"),
        ("Models", "models_requested"),
        ("Settings", "settings_requested"),
        ("Quit", "quit_requested"),
    ],
)
def test_each_entry_does_what_it_says(tray: Tray, start: str, signal: str, qtbot: QtBot) -> None:
    with qtbot.waitSignal(getattr(tray, signal)):
        _entry(tray.menu, start).trigger()


def test_recent_chats_are_offered_as_they_are_called_and_a_new_one(
    tray: Tray, qtbot: QtBot
) -> None:
    tray.set_chats([ChatSummary(7, "Salt & <b>pepper</b>", 0, 0), ChatSummary(3, "", 0, 0)])
    recent = tray.menu._recent
    assert _lines(recent) == ["Salt && <b>pepper</b>", "New chat", "New chat"]

    with qtbot.waitSignal(tray.chat_wanted) as told:
        _entry(recent, "Salt").trigger()
    assert told.args == [7]
    with qtbot.waitSignal(tray.new_chat_requested):
        recent.actions()[-1].trigger()


def test_of_many_chats_the_menu_has_the_first_eight(tray: Tray) -> None:
    tray.set_chats([ChatSummary(number, f"Chat {number}", 0, 0) for number in range(30)])
    assert _lines(tray.menu._recent)[:-1] == [f"Chat {number}" for number in range(8)]


def test_another_model_is_chosen_below_the_one_in_use(tray: Tray, desk: Desk, qtbot: QtBot) -> None:
    guide = desk.models.find("guide")
    other = replace(guide, name="other", title="Other 7B", size=4_200_000_000, is_guide=False)
    tray.set_models([guide, other], guide)
    models = tray.menu._model
    assert [each.isChecked() for each in models.actions()] == [True, False]

    with qtbot.waitSignal(tray.model_wanted) as told:
        _entry(models, "Other 7B · 4.2 GB").trigger()
    assert told.args == [other]


def test_a_pause_is_told_and_seen_until_it_is_over(tray: Tray) -> None:
    told: list[bool] = []
    tray.pause_changed.connect(told.append)
    pause = _entry(tray.menu, "Pause")
    pause.trigger()
    assert (told, tray.is_paused, tray.picture.sign) == ([True], True, Sign.PAUSED)

    tray.set_paused(paused=False)
    assert (told, tray.is_paused, tray.picture.sign) == ([True, False], False, Sign.NONE)
    assert not pause.isChecked()


def test_starting_at_login_is_wished_for_by_a_click_alone(tray: Tray) -> None:
    wished: list[bool] = []
    tray.login_wanted.connect(wished.append)
    login = _entry(tray.menu, "Start")
    assert not login.isEnabled(), "nobody knows yet whether it can be had"

    tray.set_login(LoginState.OFF)
    assert login.isEnabled()
    tray.set_login(LoginState.ON)
    assert login.isChecked()
    assert wished == []

    login.trigger()
    assert wished == [False]
    tray.set_login(LoginState.BLOCKED)
    assert not login.isChecked()
    tray.set_login(LoginState.UNSUPPORTED)
    assert not login.isVisible()


def test_the_key_that_asks_stands_beside_the_first_entry(tray: Tray) -> None:
    tray.set_key("Ctrl+Alt+Space")
    assert _entry(tray.menu, "Ask").shortcut().toString() == "Ctrl+Alt+Space"
    tray.set_key("")
    assert _entry(tray.menu, "Ask").shortcut().isEmpty()


def test_models_that_come_and_go_leave_nothing_in_the_menu(tray: Tray, desk: Desk) -> None:
    guide = desk.models.find("guide")
    tray.set_models([guide], guide)
    before = len(tray.menu.findChildren(QObject))
    for number in range(20):
        tray.set_models([replace(guide, name=f"{number}")], guide)
    tray.set_models([guide], guide)

    assert len(tray.menu.findChildren(QObject)) == before


def test_the_tooltip_tells_the_model_its_memory_and_what_is_going_on(tray: Tray) -> None:
    assert tray._icon.toolTip() == "Lapis\nBuilt-in guide · 1.5 GB"
    tray.set_running(frozenset({1}))
    tray.show_downloads("2 of 5 GB", 0.4)
    tray.set_paused(paused=True)
    assert tray._icon.toolTip().splitlines() == [
        "Lapis · Paused",
        "Built-in guide · 1.5 GB",
        "Writing an answer",
        "2 of 5 GB",
    ]


def test_what_the_engine_holds_is_not_said_of_a_model_of_a_server(tray: Tray) -> None:
    name = "openai:far/large"
    served = InstalledModel(name, "large", Path(name), 0, server="far")
    tray.set_engine(replace(ready(served), model=served, loaded=None))
    assert "large" in _lines(tray.menu)

    far = replace(served, leaves_to="models.example.com")
    tray.set_engine(replace(ready(served), model=far, loaded=None))
    assert "large · leaves this computer" in _lines(tray.menu)


def test_a_tooltip_is_never_taken_for_html(tray: Tray, desk: Desk) -> None:
    evil = replace(desk.models.find("guide"), title="<img src=x>" * 30, is_guide=False)
    tray.set_engine(EngineState(Phase.IDLE, evil))
    assert "<" not in tray._icon.toolTip()
    assert len(tray._icon.toolTip()) <= 127


def test_the_icon_follows_engine_answers_and_downloads(tray: Tray, desk: Desk) -> None:
    guide = desk.models.find("guide")
    tray.set_engine(EngineState(Phase.LOADING, guide, 0.5))
    assert tray.picture.full == 50
    tray.set_engine(ready(guide))
    tray.set_running(frozenset({4}))
    assert (tray.picture.full, tray.picture.sign) == (100, Sign.ANSWERING)
    tray.show_downloads("half", 0.5)
    assert tray.picture.download == 50
    tray.show_downloads("", 0.0)
    assert tray.picture.download is None


def test_what_looks_the_same_is_not_drawn_again(tray: Tray) -> None:
    before = tray._icon.icon().cacheKey()
    tray.show_downloads("1 of 5 GB", 0.2)
    drawn = tray._icon.icon().cacheKey()
    tray.show_downloads("1.01 of 5 GB", 0.201)
    assert before != drawn == tray._icon.icon().cacheKey()
    tray.set_tone(Tone.DARK)
    assert drawn != tray._icon.icon().cacheKey()


def test_a_double_click_is_one_click(tray: Tray) -> None:
    asked: list[None] = []
    tray.popup_requested.connect(lambda: asked.append(None))
    reason = QSystemTrayIcon.ActivationReason
    tray._icon.activated.emit(reason.Trigger)
    tray._icon.activated.emit(reason.DoubleClick)
    assert len(asked) == 1

    tray._last_click -= 1
    tray._icon.activated.emit(reason.Context)
    assert len(asked) == 1
    tray._icon.activated.emit(reason.Trigger)
    assert len(asked) == 2


def test_the_middle_button_shows_the_window(tray: Tray, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tray.window_requested):
        tray._icon.activated.emit(QSystemTrayIcon.ActivationReason.MiddleClick)


@pytest.mark.parametrize(("left", "there"), [(100, True), (-5000, False)])
def test_on_macos_an_icon_off_the_screen_is_none(
    left: int, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "geometry", lambda _icon: QRect(left, 0, 24, 24))
    tray = Tray(app_icon(), lambda: None, platform="darwin")
    assert tray.is_there() is there
    assert tray._icon.icon().isMask()
    tray.close()


def test_windows_is_told_where_new_icons_hide(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda _icon, _title, words, _picture: said.append(words)
    )
    for platform in ("win32", "linux"):
        tray = Tray(app_icon(), lambda: None, platform=platform)
        tray.explain_hiding()
        tray.close()
    assert "arrow" in said[0]
    assert "arrow" not in said[1]


def test_two_files_of_one_model_with_a_long_name_differ_in_the_menus() -> None:
    name = "DeepSeek-R1-Distill-Qwen-32B-abliterated-uncensored-v2-Imatrix"
    models = [
        InstalledModel(f"{name}-{label}", f"{name}-{label}", Path(f"/m/{label}.gguf"), 10**9)
        for label in ("Q4_K_M", "Q4_K_S")
    ]

    for words in (model_choice, served_menu.model_line):
        lines = [words(model) for model in models]
        assert lines[0] != lines[1]
        assert all(line.startswith("DeepSeek-R1") and "…" in line for line in lines)
