"""The program in front on macOS: functions and objects of our own behind the declared ones."""

import os
import sys
from pathlib import Path

import pytest

from desktop.system.front import pressing
from desktop.system.front.base import LONGEST_SELECTION, Front, FrontWindow, Pasted, Selection
from desktop.system.front.mac_library import load
from desktop.system.front.mac_pasteboard import Pasteboard
from desktop.system.front.mac_programs import (
    come_to_front_with,
    show_in_dock,
    show_in_dock_with,
)
from desktop.system.front.macos import MacFront
from desktop.system.front.own_window import take_keyboard
from desktop.system.login.mac_status import agent_status, status_of
from tests.harness.fake_mac import PLAIN, App, FakeMac

_COMMAND = 1 << 20
_NOTES = App(200, "Notes", "com.apple.Notes")
_TERMINAL = App(300, "Terminal", "com.apple.Terminal")
_ITERM = App(301, "iTerm2", "com.googlecode.iterm2")
_OURS = App(os.getpid(), "Lapis", "org.example.Lapis")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FOCUS", "OWN_WAY", "KEYS", "SHORT_KEYS", "COPY"):
        monkeypatch.setattr(pressing, f"{name}_SECONDS", 0.05)


@pytest.fixture
def system() -> FakeMac:
    return FakeMac([_NOTES, _TERMINAL, _ITERM, _OURS], _NOTES, own=_OURS)


@pytest.fixture
def front(system: FakeMac) -> MacFront:
    return MacFront(system.libraries)


def _selects(system: FakeMac, text: str) -> None:
    system.when_pressed = lambda letter: system.copy_text(text) if letter == "c" else None


def test_it_can_copy_and_paste_and_read_nothing(front: MacFront) -> None:
    any_front: Front = front

    assert (any_front.can_read, any_front.can_copy, any_front.can_paste) == (False, True, True)
    assert front.selection() == Selection()
    front.close()


def test_the_program_in_front_is_told(system: FakeMac, front: MacFront) -> None:
    assert front.current() == FrontWindow(200, "notes")
    system.front = _TERMINAL
    assert front.current() == FrontWindow(300, "terminal", is_terminal=True)
    system.front = _ITERM
    assert front.current() == FrontWindow(301, "iterm2", is_terminal=True)
    system.front = App(400, None, None)
    assert front.current() == FrontWindow(400, "")
    assert system.left_over == (0, 0)


@pytest.mark.parametrize("now", [None, _OURS])
def test_no_program_and_this_one_are_none(
    system: FakeMac, front: MacFront, now: App | None
) -> None:
    system.front = now

    assert front.current() is None
    assert front.copy_selection() == Selection()
    assert system.posted == []


def test_a_selection_is_copied_and_the_clipboard_put_back(system: FakeMac, front: MacFront) -> None:
    before = [{PLAIN: b"one", "public.png": b"\x89\0\0"}, {"public.file-url": b"file:///x"}]
    system.items = before
    _selects(system, "Sei gegrüßt 你好 🙂")

    assert front.copy_selection() == Selection("Sei gegrüßt 你好 🙂")

    assert system.posted == [(8, True, _COMMAND, "c"), (8, False, _COMMAND, "c")]
    assert system.items == before
    assert system.left_over == (0, 0)


def test_what_was_empty_is_empty_again(system: FakeMac, front: MacFront) -> None:
    system.items = [{"public.data": b""}]
    _selects(system, "x")
    assert front.copy_selection().text == "x"
    assert system.items == [{"public.data": b""}]

    system.items = []
    assert front.copy_selection().text == "x"
    assert system.items == []


def test_without_a_selection_nothing_is_touched(system: FakeMac, front: MacFront) -> None:
    system.copy_text("kept")
    number = system.number

    assert front.copy_selection() == Selection()
    assert system.number == number


def test_what_is_copied_and_no_text_is_put_back_as_well(system: FakeMac, front: MacFront) -> None:
    system.items = [{PLAIN: b"kept"}]

    def pressed(_letter: str) -> None:
        system.items, system.number = [{"public.png": b"x"}], system.number + 1

    system.when_pressed = pressed

    assert front.copy_selection() == Selection()
    assert system.items == [{PLAIN: b"kept"}]


def test_a_selection_without_end_is_cut(system: FakeMac, front: MacFront) -> None:
    _selects(system, "x" * (LONGEST_SELECTION + 1))

    found = front.copy_selection()

    assert (len(found.text), found.is_cut) == (LONGEST_SELECTION, True)


def test_more_than_can_be_kept_is_not_touched(
    system: FakeMac, front: MacFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.system.front.mac_pasteboard._LARGEST", 100)
    system.items = [{"public.png": b"x" * 60, "public.tiff": b"x" * 60}]

    assert front.copy_selection() == Selection()
    assert system.posted == []


def test_what_the_pasteboard_refuses_is_told(system: FakeMac) -> None:
    system.takes_items = False

    assert not Pasteboard(system.libraries()).put_back([{PLAIN: b"x"}])


def test_without_the_permission_it_is_asked_for_and_nothing_pressed(
    system: FakeMac, front: MacFront
) -> None:
    system.is_trusted = False

    assert front.copy_selection() == Selection()
    assert front.paste(FrontWindow(200)) is Pasted.REFUSED
    assert system.prompts == 2
    assert system.posted == []


@pytest.mark.parametrize("held", [1 << 17, 1 << 18, 1 << 19, 1 << 20])
def test_keys_that_are_held_down_are_waited_for(
    system: FakeMac, front: MacFront, held: int
) -> None:
    system.held = held

    assert front.copy_selection() == Selection()
    assert front.paste(FrontWindow(200)) is Pasted.REFUSED
    assert system.posted == []


def test_a_stuck_key_is_no_reason_to_wait_for_ever(system: FakeMac, front: MacFront) -> None:
    system.down = {0}

    assert front.paste(FrontWindow(200)) is Pasted.PASTED


def test_a_lock_that_is_on_is_not_waited_for(
    system: FakeMac, front: MacFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressing, "KEYS_SECONDS", 1000)
    system.held, system.down = 1 << 16, {57}

    assert front.paste(FrontWindow(200)) is Pasted.PASTED


def test_the_focus_is_given_back(system: FakeMac, front: MacFront) -> None:
    system.front = _OURS

    assert front.give_focus(FrontWindow(200))
    assert system.front == _NOTES


def test_a_program_that_is_gone_or_does_not_come_does_not_get_it(
    system: FakeMac, front: MacFront
) -> None:
    system.front = _OURS

    assert not front.give_focus(FrontWindow(999))
    system.lets_come_to_front = False
    assert not front.give_focus(FrontWindow(200))


def test_text_is_pasted(system: FakeMac, front: MacFront) -> None:
    assert front.paste(FrontWindow(200)) is Pasted.PASTED
    assert system.posted == [(9, True, _COMMAND, "v"), (9, False, _COMMAND, "v")]
    assert system.left_over == (0, 0)


@pytest.mark.parametrize("now", [None, _OURS])
def test_the_focus_is_taken_from_us_and_from_nobody_to_paste(
    system: FakeMac, front: MacFront, now: App | None
) -> None:
    system.front = now

    assert front.paste(FrontWindow(200)) is Pasted.PASTED
    assert system.front == _NOTES


def test_nothing_is_pressed_in_another_program(system: FakeMac, front: MacFront) -> None:
    system.front = _TERMINAL

    assert front.paste(FrontWindow(200)) is Pasted.FOCUS_MOVED
    assert system.posted == []


def test_without_memory_for_a_key_it_is_refused(system: FakeMac, front: MacFront) -> None:
    system.has_memory = False

    assert front.paste(FrontWindow(200)) is Pasted.REFUSED
    assert front.copy_selection() == Selection()


@pytest.mark.skipif(sys.platform == "darwin", reason="there are other programs here to act on")
def test_elsewhere_than_on_macos_nothing_is_done() -> None:
    front = MacFront()

    assert front.current() is None
    assert front.copy_selection() == Selection()
    assert not front.give_focus(FrontWindow(200))
    assert front.paste(FrontWindow(200)) is Pasted.UNSUPPORTED
    assert not take_keyboard(1, "darwin")
    assert agent_status(Path("/nowhere")) is None
    with pytest.raises(OSError, match="AppKit"):
        load()


def test_our_own_window_comes_to_the_front(system: FakeMac) -> None:
    come_to_front_with(system.libraries())

    assert system.front == _OURS


def test_lapis_is_in_the_dock_and_in_front_or_neither(system: FakeMac) -> None:
    assert show_in_dock_with(system.libraries(), is_shown=False)
    assert (system.policy, system.front) == (1, _NOTES)

    assert show_in_dock_with(system.libraries(), is_shown=True)
    assert (system.policy, system.front) == (0, _OURS)
    assert system.left_over == (0, 0)


def test_a_system_that_keeps_lapis_in_the_dock_is_believed(system: FakeMac) -> None:
    system.lets_leave_dock = False

    assert not show_in_dock_with(system.libraries(), is_shown=True)
    assert system.front == _NOTES


@pytest.mark.skipif(sys.platform == "darwin", reason="there is a Dock here")
def test_elsewhere_than_on_macos_there_is_no_dock() -> None:
    assert not show_in_dock(is_shown=True)


def test_the_system_is_asked_for_the_state_of_an_agent(system: FakeMac) -> None:
    system.status = 2
    with system.pool():
        assert status_of(system, Path("/Users/me/Library/LaunchAgents/Lapis für mich.plist")) == 2
    assert system.asked_path == "file:///Users/me/Library/LaunchAgents/Lapis für mich.plist"


def test_an_older_system_has_nobody_to_ask(system: FakeMac) -> None:
    system.forget("SMAppService")

    with system.pool():
        assert status_of(system, Path("/x")) is None
