"""The program in front on Windows: a Windows of our own behind the declared functions."""

import ctypes
from typing import Any

import pytest

from desktop.system.front import pressing, windows_clipboard
from desktop.system.front.base import LONGEST_SELECTION, Front, FrontWindow, Pasted, Selection
from desktop.system.front.own_window import take_keyboard
from desktop.system.front.windows import WindowsFront
from desktop.system.front.windows_clipboard import Clipboard
from desktop.system.front.windows_focus import take_focus
from desktop.system.front.windows_library import Input, Libraries, load
from tests.harness.fake_windows import OWN_PROCESS, TEXT, FakeWindows, Program, Window

# As long as an address, though Windows uses the lower half of it.
_EDITOR = 0x5_0010_0002
_CONSOLE = 0x10_0004
_ADMIN = 0x10_0006
_OURS = 0x10_0008
_CONTROL, _SHIFT, _INSERT, _C, _V, _NOBODYS = 0x11, 0x10, 0x2D, 0x43, 0x56, 0xE8


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FOCUS", "OWN_WAY", "KEYS", "SHORT_KEYS", "COPY"):
        monkeypatch.setattr(pressing, f"{name}_SECONDS", 0.05)
    monkeypatch.setattr(windows_clipboard, "_OPEN_SECONDS", 0.05)


@pytest.fixture
def system() -> FakeWindows:
    return FakeWindows(
        windows={
            _EDITOR: Window(200),
            _CONSOLE: Window(300, kind="ConsoleWindowClass"),
            _ADMIN: Window(400),
            _OURS: Window(OWN_PROCESS, thread=11),
        },
        programs={
            200: Program(r"C:\Program Files\Editor\Éditeur.EXE"),
            300: Program(r"C:\Windows\System32\cmd.exe"),
            400: Program(r"C:\Windows\regedit.exe", is_elevated=True),
        },
        front=_EDITOR,
    )


@pytest.fixture
def front(system: FakeWindows) -> WindowsFront:
    return WindowsFront(system.libraries)


def _strokes(*codes: int) -> list[tuple[int, bool]]:
    return [*((code, True) for code in codes), *((code, False) for code in reversed(codes))]


def _pressed(system: FakeWindows) -> list[tuple[int, bool]]:
    return [(code, is_down) for code, is_down, _ in system.pressed]


def _selects(system: FakeWindows, text: str, *keys: int) -> None:
    """Have the program in front copy `text` for `keys`."""

    def pressed(codes: tuple[int, ...]) -> None:
        if codes == tuple(sorted(keys)):
            system.copy_text(text)

    system.when_pressed = pressed


def test_it_can_copy_and_paste_and_read_nothing(front: WindowsFront) -> None:
    any_front: Front = front

    assert (any_front.can_read, any_front.can_copy, any_front.can_paste) == (False, True, True)
    assert front.selection() == Selection()
    front.close()


def test_the_window_in_front_is_told_with_its_program(
    system: FakeWindows, front: WindowsFront
) -> None:
    assert front.current() == FrontWindow(_EDITOR, "éditeur")
    system.front = _CONSOLE
    assert front.current() == FrontWindow(_CONSOLE, "cmd", is_terminal=True)
    assert system.left_over == (0, 0, 0, False)


@pytest.mark.parametrize("window", [0, _OURS])
def test_no_window_and_one_of_ours_are_none(
    system: FakeWindows, front: WindowsFront, window: int
) -> None:
    system.front = window

    assert front.current() is None
    assert front.copy_selection() == Selection()


def test_a_program_that_tells_nothing_has_no_name(system: FakeWindows, front: WindowsFront) -> None:
    system.programs[200].is_closed = True

    assert front.current() == FrontWindow(_EDITOR, "")


def test_a_selection_is_copied_and_the_clipboard_put_back(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.copy(f13="früher\0".encode("utf-16-le"), f17=b"picture", f49161=b"<b>\0")
    before = dict(system.clipboard)
    _selects(system, "Sei gegrüßt 你好 🙂", _CONTROL, _C)

    assert front.copy_selection() == Selection("Sei gegrüßt 你好 🙂")

    assert _pressed(system) == _strokes(_CONTROL, _C)
    assert {kind: system.clipboard[kind] for kind in before} == before
    assert system.clipboard.keys() - before.keys() == {0xC000}
    assert system.left_over == (0, 0, 0, False)


def test_what_was_empty_is_empty_again(system: FakeWindows, front: WindowsFront) -> None:
    _selects(system, "x", _CONTROL, _C)

    assert front.copy_selection().text == "x"
    assert system.clipboard == {}


def test_consoles_are_asked_with_keys_that_do_not_stop_them(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.front = _CONSOLE
    _selects(system, "ls", _CONTROL, _INSERT)

    assert front.copy_selection() == Selection("ls")
    assert _pressed(system) == _strokes(_CONTROL, _INSERT)
    # Insert of its own, not the one among the digits.
    assert [extended for code, _, extended in system.pressed if code == _INSERT] == [1, 1]


def test_without_a_selection_nothing_is_touched(system: FakeWindows, front: WindowsFront) -> None:
    system.copy_text("kept")
    number = system.number

    assert front.copy_selection() == Selection()
    assert system.number == number


def test_what_is_copied_and_no_text_is_put_back_as_well(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.copy_text("kept")
    kept = dict(system.clipboard)
    system.when_pressed = lambda codes: system.copy(f2=b"") if len(codes) == 2 else None

    assert front.copy_selection() == Selection()
    assert system.clipboard.items() >= kept.items()


def test_a_selection_without_end_is_cut(system: FakeWindows, front: WindowsFront) -> None:
    _selects(system, "字" * LONGEST_SELECTION, _CONTROL, _C)

    found = front.copy_selection()

    assert found.is_cut
    assert found.text == "字" * (LONGEST_SELECTION // 3)


def test_keys_that_are_held_down_are_waited_for(system: FakeWindows, front: WindowsFront) -> None:
    system.down = {0x12}

    assert front.copy_selection() == Selection()
    assert front.paste(FrontWindow(_EDITOR)) is Pasted.REFUSED
    assert system.pressed == []


def test_a_stuck_key_that_changes_nothing_is_no_reason_to_wait_for_ever(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.down = {0x41}

    assert front.paste(FrontWindow(_EDITOR)) is Pasted.PASTED


@pytest.mark.parametrize("stuck", ["window", "owner"])
def test_nothing_is_asked_of_what_hangs(
    system: FakeWindows, front: WindowsFront, stuck: str
) -> None:
    system.copy_text("kept")
    if stuck == "window":
        system.windows[_EDITOR].hangs = True
    else:
        system.owner = _CONSOLE
        system.windows[_CONSOLE].hangs = True

    assert front.copy_selection() == Selection()
    assert system.pressed == []


def test_a_clipboard_that_cannot_be_kept_is_not_touched(
    system: FakeWindows, front: WindowsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows_clipboard, "_LARGEST", 100)
    system.copy(f13=b"x" * 60, f17=b"x" * 60)

    assert front.copy_selection() == Selection()
    system.copy(f13=b"x")
    system.is_in_use = True
    assert front.copy_selection() == Selection()
    assert system.pressed == []


def test_a_clipboard_that_stays_in_use_is_left(system: FakeWindows) -> None:
    clipboard = Clipboard(system.libraries())
    system.is_in_use = True

    assert clipboard.text() == ""
    assert not clipboard.put_back({TEXT: b"x"})
    assert system.left_over == (0, 0, 0, False)


def test_what_cannot_be_kept_as_bytes_is_left_out(system: FakeWindows) -> None:
    system.copy(
        f2=b"bitmap",
        f3=b"metafile",
        f14=b"x",
        f768=b"x",
        f513=b"x",
        f8=b"dib",
        f1=b"a",
        f49153=b"ole",
    )
    system.unreadable = {1}

    assert Clipboard(system.libraries()).keep() == {8: b"dib"}
    assert system.left_over == (0, 0, 0, False)


def test_a_format_that_is_refused_does_not_lose_the_others(system: FakeWindows) -> None:
    system.refused_formats = {17}

    assert not Clipboard(system.libraries()).put_back({17: b"picture", TEXT: b"x"})
    assert system.clipboard.items() >= {TEXT: b"x"}.items()
    assert system.left_over == (0, 0, 0, False)


def test_the_focus_is_given_back(system: FakeWindows, front: WindowsFront) -> None:
    system.front = _OURS

    assert front.give_focus(FrontWindow(_EDITOR))
    assert system.front == _EDITOR
    assert front.give_focus(FrontWindow(_EDITOR))
    assert system.pressed == []


def test_a_window_that_is_gone_or_hangs_does_not_get_it(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.windows[_CONSOLE].hangs = True
    system.front = _OURS

    assert not front.give_focus(FrontWindow(_CONSOLE))
    system.windows[7] = Window(200)
    system.may_come_to_front = False
    assert not front.give_focus(FrontWindow(7))
    assert not system.is_joined


def test_where_windows_says_no_the_other_ways_are_tried(system: FakeWindows) -> None:
    libraries = system.libraries()
    system.may_come_to_front = False
    joins: list[bool] = []

    class _Joined:
        def __call__(self, window: int) -> int:
            joins.append(system.is_joined)
            system.front = window if system.is_joined else system.front
            return 0

    libraries.user32.SetForegroundWindow = _Joined()
    assert take_focus(libraries, _OURS, 0.05)
    assert joins == [False, True]
    assert not system.is_joined

    system.front, system.windows[_EDITOR].hangs = _EDITOR, True
    assert not take_focus(libraries, _OURS, 0.05)
    assert _pressed(system) == _strokes(_NOBODYS)


def test_text_is_pasted_with_the_keys_of_the_program(
    system: FakeWindows, front: WindowsFront
) -> None:
    assert front.paste(FrontWindow(_EDITOR)) is Pasted.PASTED
    assert _pressed(system) == _strokes(_CONTROL, _V)

    system.pressed.clear()
    system.front = _CONSOLE
    assert front.paste(FrontWindow(_CONSOLE, is_terminal=True)) is Pasted.PASTED
    assert _pressed(system) == _strokes(_SHIFT, _INSERT)


@pytest.mark.parametrize("now", [0, _OURS])
def test_the_focus_is_taken_from_us_and_from_nobody_to_paste(
    system: FakeWindows, front: WindowsFront, now: int
) -> None:
    system.front = now

    assert front.paste(FrontWindow(_EDITOR)) is Pasted.PASTED
    assert system.front == _EDITOR


def test_nothing_is_pressed_in_another_window(system: FakeWindows, front: WindowsFront) -> None:
    system.front = _CONSOLE

    assert front.paste(FrontWindow(_EDITOR)) is Pasted.FOCUS_MOVED
    assert system.pressed == []
    assert system.front == _CONSOLE


@pytest.mark.parametrize("what", ["is_elevated", "is_closed", "hides_rights"])
def test_a_program_with_more_rights_is_refused(
    system: FakeWindows, front: WindowsFront, what: str
) -> None:
    system.front = _ADMIN
    system.programs[400] = Program(r"C:\Windows\regedit.exe")
    setattr(system.programs[400], what, True)

    assert front.paste(FrontWindow(_ADMIN)) is Pasted.REFUSED
    assert front.copy_selection() == Selection()
    assert system.pressed == []
    assert system.left_over == (0, 0, 0, False)


def test_whoever_is_administrator_may_paste_everywhere(
    system: FakeWindows, front: WindowsFront
) -> None:
    system.front = _ADMIN
    system.programs[OWN_PROCESS].is_elevated = True

    assert front.paste(FrontWindow(_ADMIN)) is Pasted.PASTED


def test_keys_that_windows_does_not_take_are_told(system: FakeWindows, front: WindowsFront) -> None:
    system.most_inputs = 2

    assert front.paste(FrontWindow(_EDITOR)) is Pasted.REFUSED


def test_elsewhere_than_on_windows_nothing_is_done() -> None:
    front = WindowsFront()

    assert front.current() is None
    assert front.copy_selection() == Selection()
    assert not front.give_focus(FrontWindow(_EDITOR))
    assert front.paste(FrontWindow(_EDITOR)) is Pasted.UNSUPPORTED
    assert not take_keyboard(_OURS, "win32")
    assert take_keyboard(_OURS, "linux")
    with pytest.raises(FileNotFoundError):
        load()


def test_a_windows_that_lacks_a_function_is_as_good_as_none(system: FakeWindows) -> None:
    def lacking() -> Libraries:
        raise AttributeError

    assert WindowsFront(lacking).current() is None


def test_an_input_is_as_large_as_windows_wants_it() -> None:
    assert ctypes.sizeof(Input) == 40
    either: Any = Input.either
    assert either.offset == 8
