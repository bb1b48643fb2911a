"""What closing the window means, with a tray and without one."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.banner import Topic
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
    one = Presence(desk.window, tray, desk.chats, desk.preferences, desk.window)
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


def test_the_window_is_as_it_was_when_it_comes_back(presence: Presence, desk: Desk) -> None:
    desk.window.composer.field.setPlainText("half a thought")
    desk.window.hide()
    desk.window.bring_to_front()

    assert desk.window.composer.draft() == "half a thought"
    assert not desk.window.isMinimized()
