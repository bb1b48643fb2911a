"""Text put into other X programs, on a real screen, whatever is held and wherever the focus goes."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.system.front.base import FrontWindow, Pasted
from desktop.system.front.x11 import X11Front
from tests.e2e.other_programs import OtherPrograms
from tests.harness.leftovers import Marker
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for


@pytest.fixture
def programs(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[OtherPrograms]:
    others = OtherPrograms(screen, tmp_path, marker.environment)
    yield others
    others.end()


@pytest.fixture
def front(screen: Screen) -> Iterator[X11Front]:
    one = X11Front(screen.environment["DISPLAY"], os.getpid())
    yield one
    one.close()


@pytest.fixture
def layout(screen: Screen) -> Iterator[Screen]:
    yield screen
    screen.call("setxkbmap", "us")


def _noted(front: X11Front, program: str = "xterm") -> FrontWindow:
    window = front.current()
    assert window is not None
    assert program in window.program
    return window


def _typed(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _terminal(programs: OtherPrograms, title: str, file: Path) -> None:
    """Open a terminal that writes into `file` what is typed, each letter as it comes."""
    programs.terminal(title, ["sh", "-c", f"stty -icanon; cat > {file}"])


def _wait_for(file: Path, text: str) -> None:
    wait_for(lambda: _typed(file) == text, 10, lambda: _typed(file))


def test_the_window_in_front_is_known_by_its_program(
    front: X11Front, programs: OtherPrograms, tmp_path: Path
) -> None:
    programs.text_window("a field", tmp_path / "field.txt")
    window = _noted(front, "text_window")
    assert not window.is_terminal

    _terminal(programs, "a terminal", tmp_path / "out.txt")
    window = _noted(front)
    assert window.program == "xterm"
    assert window.is_terminal


def test_windows_of_our_own_are_nobody_in_front(
    screen: Screen, programs: OtherPrograms, tmp_path: Path
) -> None:
    words = programs.text_window("ours", tmp_path / "field.txt")
    pid = int(screen.xdotool("getwindowpid", words.number))
    front = X11Front(screen.environment["DISPLAY"], pid)

    assert front.current() is None
    front.close()


def test_text_is_pasted_into_a_terminal(
    front: X11Front, programs: OtherPrograms, tmp_path: Path
) -> None:
    file = tmp_path / "out.txt"
    programs.holder("from the clipboard 剪贴板", "clipboard")
    programs.holder("from the selection 选中")
    _terminal(programs, "terminal", file)

    assert front.paste(_noted(front)) is Pasted.PASTED

    _wait_for(file, "from the selection 选中")


@pytest.mark.parametrize("layouts", ["us", "fr", "dvorak", "us,ru", "ru,us"])
def test_text_is_pasted_into_a_field_whatever_the_layout(
    front: X11Front, programs: OtherPrograms, layout: Screen, tmp_path: Path, layouts: str
) -> None:
    layout.call("setxkbmap", layouts)
    file = tmp_path / "field.txt"
    programs.holder("pasted 文字", "clipboard")
    programs.text_window("field", file)

    assert front.paste(_noted(front, "text_window")) is Pasted.PASTED

    _wait_for(file, "pasted 文字")


def test_text_is_pasted_where_no_key_types_latin_letters(
    front: X11Front, programs: OtherPrograms, layout: Screen, tmp_path: Path
) -> None:
    layout.call("setxkbmap", "ru")
    file = tmp_path / "field.txt"
    programs.holder("pasted", "clipboard")
    programs.text_window("field", file)

    assert front.paste(_noted(front, "text_window")) is Pasted.PASTED

    _wait_for(file, "pasted")


def test_locks_do_not_matter(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    file = tmp_path / "field.txt"
    programs.holder("pasted", "clipboard")
    programs.text_window("field", file)
    screen.xdotool("key", "Caps_Lock", "Num_Lock")

    try:
        assert front.paste(_noted(front, "text_window")) is Pasted.PASTED
        _wait_for(file, "pasted")
    finally:
        screen.xdotool("key", "Caps_Lock", "Num_Lock")


def test_keys_still_held_are_waited_for(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    file = tmp_path / "field.txt"
    programs.holder("pasted", "clipboard")
    programs.text_window("field", file)
    window = _noted(front, "text_window")
    outcome: list[Pasted] = []
    pasting = threading.Thread(target=lambda: outcome.append(front.paste(window)))
    screen.xdotool("keydown", "alt")

    pasting.start()
    assert front.current() == window
    assert _typed(file) == ""
    screen.xdotool("keyup", "alt")
    pasting.join(10)

    assert outcome == [Pasted.PASTED]
    _wait_for(file, "pasted")


def test_nothing_is_pressed_while_somebody_goes_on_holding_a_key(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    file = tmp_path / "field.txt"
    programs.holder("pasted", "clipboard")
    programs.text_window("field", file)
    screen.xdotool("keydown", "alt")

    try:
        assert front.paste(_noted(front, "text_window")) is Pasted.REFUSED
    finally:
        screen.xdotool("keyup", "alt")
    assert _typed(file) == ""


def test_nothing_is_pressed_when_another_window_has_the_keyboard(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    programs.holder("pasted")
    _terminal(programs, "first", first)
    window = _noted(front)
    _terminal(programs, "second", second)

    assert front.paste(window) is Pasted.FOCUS_MOVED

    assert screen.active_title() == "second"
    screen.key("Return")
    _wait_for(second, "\n")
    assert _typed(first) == ""


def test_nothing_is_pressed_when_the_window_is_gone(
    front: X11Front, programs: OtherPrograms, tmp_path: Path
) -> None:
    programs.terminal("short", ["sh", "-c", "cat"])
    window = _noted(front)
    programs.end()
    file = tmp_path / "field.txt"
    programs.text_window("field", file)

    assert front.paste(window) is Pasted.FOCUS_MOVED
    assert _typed(file) == ""


def test_the_keyboard_is_given_back(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    _terminal(programs, "first", tmp_path / "first.txt")
    window = _noted(front)
    _terminal(programs, "second", tmp_path / "second.txt")

    assert front.give_focus(window)

    assert screen.active_title() == "first"
