"""What closing the window means, with a tray and without one."""

import os
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.hotkey import KeyAction
from desktop.system.front.nothing import NoFront
from desktop.ui.banner import Topic
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.icons import app_icon
from desktop.ui.presence import Presence
from desktop.ui.tray import Tray
from tests.ui.desk import Desk

# The offscreen platform has no place for trays, and says so when an icon is shown.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


@pytest.fixture
def explained() -> list[None]:
    """Return one entry for each time the tray explained itself."""
    return []


@pytest.fixture
def presence(
    desk: Desk, explained: list[None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Presence]:
    monkeypatch.setattr(Tray, "explain_hiding", lambda _tray: explained.append(None))
    tray = Tray(app_icon(), lambda: None)
    library = ChatLibrary(desk.window, desk.store, desk.preferences, desk.own)
    one = Presence(
        desk.window,
        tray,
        desk.chats,
        desk.preferences,
        desk.models,
        library,
        desk.window,
        front=NoFront(),
    )
    yield one
    one.hide()
    one.close()


def _tray_is_there(monkeypatch: pytest.MonkeyPatch, *, there: bool) -> None:
    monkeypatch.setattr(Tray, "is_there", staticmethod(lambda: there))


def test_with_a_tray_closing_hides_and_says_so_once(
    presence: Presence, desk: Desk, explained: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _tray_is_there(monkeypatch, there=True)
    for _ in range(2):
        desk.window.show()
        presence.put_window_away()
        assert not desk.window.isVisible()

    assert len(explained) == 1
    assert desk.preferences.value.tray_hint_shown


def test_without_a_tray_closing_makes_the_window_small_and_says_so_once(
    presence: Presence, desk: Desk, explained: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _tray_is_there(monkeypatch, there=False)
    presence.put_window_away()
    assert desk.window.isMinimized()
    assert desk.window.banner.topic is Topic.CLOSING
    desk.window.banner.close_message()
    desk.window.showNormal()
    presence.put_window_away()

    assert desk.window.isMinimized()
    assert desk.window.banner.topic is None
    assert explained == []


def test_a_start_in_the_background_waits_for_a_panel_and_then_shows_the_window(
    presence: Presence, desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.ui.presence._TRAY_TRY_MS", 1)
    desk.window.hide()
    _tray_is_there(monkeypatch, there=True)
    presence.show_window_unless_tray()
    QApplication.processEvents()
    assert not desk.window.isVisible()

    _tray_is_there(monkeypatch, there=False)
    presence.show_window_unless_tray()
    assert not desk.window.isVisible(), "a panel may still come"
    qtbot.waitUntil(desk.window.isVisible)


def test_each_key_does_what_it_is_for(presence: Presence, desk: Desk, qtbot: QtBot) -> None:
    popup = presence.room.popup
    presence.on_key(KeyAction.ASK, "", 5)
    qtbot.waitUntil(popup.isActiveWindow)
    presence.on_key(KeyAction.ASK, "", 6)
    assert not popup.isVisible()
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    presence.on_key(KeyAction.ASK_SELECTED, "", 7)
    qtbot.waitUntil(popup.isActiveWindow)
    desk.window.hide()
    presence.on_key(KeyAction.SHOW, "", 8)
    assert desk.window.isVisible()
    with qtbot.waitSignal(presence.new_chat_wanted):
        presence.on_key(KeyAction.NEW_CHAT, "", 9)
    desk.ask("One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        presence.on_key(KeyAction.STOP, "", 10)
    assert desk.engine.cancelled == [1]


def test_a_key_hands_the_permission_to_come_to_the_front_on(
    presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    presence.on_key(KeyAction.ASK, "token", 5)

    assert os.environ["XDG_ACTIVATION_TOKEN"] == "token"


def test_the_window_is_as_it_was_when_it_comes_back(presence: Presence, desk: Desk) -> None:
    desk.window.composer.field.setPlainText("half a thought")
    desk.window.hide()
    desk.window.bring_to_front()

    assert desk.window.composer.draft() == "half a thought"
    assert not desk.window.isMinimized()
