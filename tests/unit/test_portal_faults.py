"""Keys by the desktop portal over a real bus: declined, refused, silent, gone, back again."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from desktop.domain.hotkey import KeyAction, KeyStatus, parse_chord
from desktop.system.hotkey import portal_bus, portal_door
from desktop.system.hotkey.portal import Portal
from desktop.system.hotkey.portal_facts import PortalFacts, portal_facts
from tests.harness.false_bus import NO_MESSAGES, false_bus
from tests.harness.message_bus import message_bus
from tests.harness.portal import NEVER, NOT_ALLOWED, UNKNOWN_METHOD, FakePortal, fake_portal
from tests.unit.portal_room import (
    APP_ID,
    ASK,
    STOP,
    Keyboard,
    bus,
    desk,
    facts,
    keyboard,
    short_patience,
)

__all__ = ["bus", "desk", "facts", "keyboard", "short_patience"]

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="no dbus-daemon here")


def test_who_declines_is_told_where_to_turn_it_on(desk: FakePortal, keyboard: Keyboard) -> None:
    desk.manners.bind = 1
    keyboard.begin()
    keyboard.bind()

    result = keyboard.expect(KeyStatus.DENIED)
    assert "declined" in str(result.reason)
    desk.press("ask")
    desk.change({"ask": "Ctrl+Alt+Space"})
    keyboard.expect(KeyStatus.BOUND)
    assert keyboard.presses == []


def test_after_a_no_the_person_can_be_asked_again(desk: FakePortal, keyboard: Keyboard) -> None:
    desk.manners.bind = 1
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.DENIED)
    desk.manners.bind = 0

    assert keyboard.bind().status is KeyStatus.PENDING
    keyboard.expect(KeyStatus.BOUND)


def test_a_failure_of_the_desktop_is_none_of_the_person(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.bind = 2
    keyboard.begin()
    keyboard.bind()

    assert "could not set" in str(keyboard.expect(KeyStatus.FAILED).reason)


@pytest.mark.parametrize("code", [1, 2])
def test_a_session_that_the_desktop_does_not_make_is_a_failure(
    desk: FakePortal, keyboard: Keyboard, code: int
) -> None:
    desk.manners.create = code
    keyboard.begin()
    keyboard.bind()

    keyboard.wait(lambda: keyboard.status() in {KeyStatus.FAILED, KeyStatus.DENIED})
    assert desk.asked("BindShortcuts") == []


def test_a_portal_that_wants_an_app_id_is_quoted_with_why_it_has_none(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.register = (NOT_ALLOWED, f"App info not found for '{APP_ID}'")
    desk.manners.create = (NOT_ALLOWED, "An app id is required")
    keyboard.begin()
    keyboard.bind()

    assert "App info not found" in str(keyboard.expect(KeyStatus.FAILED).reason)


def test_an_app_id_that_is_refused_does_no_harm_where_none_is_needed(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.register = (NOT_ALLOWED, "already associated")
    keyboard.begin()
    keyboard.bind()

    keyboard.expect(KeyStatus.BOUND)


def test_a_portal_that_knows_no_registry_is_used_all_the_same(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.register = (UNKNOWN_METHOD, "No such interface")
    keyboard.begin()
    keyboard.bind()

    keyboard.expect(KeyStatus.BOUND)


def test_an_entry_written_just_now_is_told_once_more_on_another_connection(
    facts: PortalFacts, desk: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_door, "_ENTRY_SECONDS", 0.05)
    written = iter([True, False])
    desk.manners.register = (NOT_ALLOWED, f"App info not found for '{APP_ID}'")
    keyboard = Keyboard(Portal(facts, lambda: next(written)))
    keyboard.begin()
    keyboard.bind()
    keyboard.wait(lambda: desk.asked("Register"))
    first = desk.client
    desk.manners.register = None
    keyboard.expect(KeyStatus.BOUND)
    keyboard.portal.close()

    assert len(desk.asked("Register")) == 2
    assert desk.client != first


def test_a_portal_without_shortcuts_gives_no_keys(desk: FakePortal, keyboard: Keyboard) -> None:
    desk.manners.version = None
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.UNSUPPORTED)

    assert keyboard.bind(STOP, parse_chord("Ctrl+Alt+S")).status is KeyStatus.UNSUPPORTED


def test_where_no_portal_is_there_are_no_keys_until_one_comes(bus: str, keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.UNSUPPORTED)

    with fake_portal(bus):
        keyboard.expect(KeyStatus.BOUND)


def test_without_a_bus_there_are_no_keys() -> None:
    keyboard = Keyboard(Portal(PortalFacts(None, APP_ID)))
    keyboard.begin()

    assert keyboard.bind().status is KeyStatus.UNSUPPORTED
    assert (keyboard.portal.fileno(), keyboard.portal.pump()) == (None, None)


def test_a_bus_that_nobody_serves_gives_no_keys(tmp_path: Path) -> None:
    keyboard = Keyboard(Portal(PortalFacts(os.fsencode(tmp_path / "bus"), APP_ID)))
    keyboard.begin()

    assert keyboard.bind().status is KeyStatus.UNSUPPORTED


@pytest.mark.usefixtures("short_patience")
def test_a_portal_that_says_nothing_is_not_waited_for(desk: FakePortal, keyboard: Keyboard) -> None:
    desk.manners.is_deaf = True
    keyboard.begin()
    keyboard.bind()

    assert "does not answer" in str(keyboard.expect(KeyStatus.FAILED).reason)


@pytest.mark.usefixtures("short_patience")
def test_a_session_that_never_comes_is_not_waited_for(desk: FakePortal, keyboard: Keyboard) -> None:
    desk.manners.create = NEVER
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.FAILED)
    desk.manners.create = 0

    assert keyboard.bind().status is KeyStatus.PENDING
    keyboard.expect(KeyStatus.BOUND)


def test_a_portal_that_ends_takes_the_keys_along_and_brings_them_back(
    bus: str, keyboard: Keyboard
) -> None:
    with fake_portal(bus) as first:
        keyboard.begin()
        keyboard.bind()
        keyboard.expect(KeyStatus.BOUND)
        old = first.session
    assert "when it is back" in str(keyboard.expect(KeyStatus.FAILED).reason)

    with fake_portal(bus) as second:
        keyboard.expect(KeyStatus.BOUND)
        assert second.asked("Register") == [(APP_ID, {})]
        second.press("ask", session=old)
        second.press("ask", "new")
        keyboard.wait(lambda: keyboard.presses)
    assert keyboard.presses == [(ASK, "new", 0)]


def test_a_session_that_the_desktop_closes_stays_closed_until_it_is_asked_for(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    desk.close_session()
    keyboard.expect(KeyStatus.FAILED)
    assert len(desk.sessions) == 1

    assert keyboard.bind().status is KeyStatus.PENDING
    keyboard.expect(KeyStatus.BOUND)
    assert len(desk.sessions) == 2


def test_what_a_stranger_on_the_bus_says_is_not_believed(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    desk.press_as_stranger("ask")
    desk.press("ask", "real")

    keyboard.wait(lambda: keyboard.presses)
    assert keyboard.presses == [(ASK, "real", 0)]


def test_other_sessions_and_shortcuts_are_none_of_ours(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    desk.press("ask", session="/org/freedesktop/portal/desktop/session/other")
    desk.press("stop")
    desk.press("nonsense")
    desk.press("ask", "real")

    keyboard.wait(lambda: keyboard.presses)
    assert keyboard.presses == [(ASK, "real", 0)]


def test_who_stops_in_the_middle_of_a_press_is_called_no_more(
    desk: FakePortal, facts: PortalFacts
) -> None:
    portal = Portal(facts)
    pressed: list[str] = []

    def quit_at_once(_action: KeyAction, token: str, _when: int) -> None:
        pressed.append(token)
        portal.close()

    keyboard = Keyboard(portal)
    portal.start(quit_at_once, lambda action, result: keyboard.news.append((action, result)))
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    desk.press("ask", "1")
    desk.press("ask", "2")

    keyboard.wait(lambda: pressed)
    assert (pressed, portal.fileno(), portal.pump()) == (["1"], None, None)
    portal.close()


def test_a_bus_that_ends_is_told_and_left_alone(tmp_path: Path) -> None:
    with message_bus(tmp_path) as address:
        keyboard = Keyboard(Portal(portal_facts({"DBUS_SESSION_BUS_ADDRESS": address}, APP_ID)))
        keyboard.begin()
        with fake_portal(address):
            keyboard.bind()
            keyboard.expect(KeyStatus.BOUND)
    keyboard.wait(lambda: "connection" in str(keyboard.news[-1][1].reason))

    assert keyboard.news[-1][1].status is KeyStatus.FAILED
    assert keyboard.portal.fileno() is None
    keyboard.portal.close()


@pytest.mark.parametrize("nonsense", [each for each in NO_MESSAGES if b"\xff" not in each])
def test_a_bus_that_speaks_nonsense_is_left(tmp_path: Path, nonsense: bytes) -> None:
    with false_bus(tmp_path, b"OK 1\r\n", nonsense) as address:
        there = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={os.fsdecode(address)}"}
        keyboard = Keyboard(Portal(portal_facts(there, APP_ID)))
        keyboard.begin()
        keyboard.bind()

        assert "connection to the desktop is lost" in str(keyboard.expect(KeyStatus.FAILED).reason)
        keyboard.portal.close()


def test_a_bus_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_bus, "_LOGIN_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        keyboard = Keyboard(Portal(PortalFacts(os.fsencode(tmp_path / "bus"), APP_ID)))
        keyboard.begin()
        assert keyboard.bind().status is KeyStatus.PENDING

        keyboard.expect(KeyStatus.FAILED)
        keyboard.portal.close()
