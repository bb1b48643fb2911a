"""Keys on Windows, with a user32 of our own behind the declared functions."""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus, parse_chord
from desktop.domain.text import Text
from desktop.system.hotkey.base import Mechanism, MessageTaker
from desktop.system.hotkey.windows import (
    ALREADY_REGISTERED,
    WM_HOTKEY,
    WM_INPUTLANGCHANGE,
    Message,
    WindowsKeys,
)
from tests.harness.foreign_functions import ForeignLibrary

_NO_REPEAT = 0x4000
_WORDS = Text("Ask")


class _User32(ForeignLibrary):
    """Registers keys as Windows does: one owner for each; `layout` is what VkKeyScanW says."""

    def __init__(self) -> None:
        super().__init__(
            RegisterHotKey=self._register,
            UnregisterHotKey=self._give_back,
            VkKeyScanW=lambda char: self.layout.get(chr(char), -1),
        )
        self.keys: dict[int, tuple[int, int]] = {}
        self.taken: set[tuple[int, int]] = set()
        self.layout: dict[str, int] = {".": 0xBE, "+": 0x1BB, "@": 0x651}
        self.fails_with = 0
        self.error = 0

    def _register(self, window: int | None, number: int, held: int, key: int) -> int:
        assert window is None
        assert 0 < number <= 0xBFFF
        assert number not in self.keys
        if self.fails_with:
            self.error = self.fails_with
        elif (held, key) in {*self.taken, *self.keys.values()}:
            self.error = ALREADY_REGISTERED
        else:
            self.keys[number] = held, key
            return 1
        return 0

    def _give_back(self, window: int | None, number: int) -> int:
        assert window is None
        del self.keys[number]
        return 1


class _Room:
    """Keys, what they said, and the Windows below them."""

    def __init__(self) -> None:
        self.windows = _User32()
        self.pressed: list[tuple[KeyAction, str, int]] = []
        self.news: list[tuple[KeyAction, KeyStatus]] = []
        self.keys = WindowsKeys(self.windows, lambda: self.windows.error)
        self.keys.start(lambda *what: self.pressed.append(what), self._on_changed)

    def bind(self, chord: str, action: KeyAction = KeyAction.ASK) -> KeyResult:
        return self.keys.bind(action, parse_chord(chord), _WORDS)

    def registered(self) -> list[tuple[int, int]]:
        return sorted(self.windows.keys.values())

    def tell(self, message: int, w: int = 0, time: int = 0) -> bool:
        told = Message(None, message, w, 0, time, 0, 0)
        return self.keys.take(ctypes.addressof(told))

    def press(self, time: int = 7) -> bool:
        (number,) = self.windows.keys
        return self.tell(WM_HOTKEY, number, time)

    def _on_changed(self, action: KeyAction, result: KeyResult) -> None:
        self.news.append((action, result.status))


@pytest.fixture
def room() -> _Room:
    return _Room()


def test_it_is_a_mechanism_whose_keys_are_messages() -> None:
    keys: Mechanism = WindowsKeys()

    assert isinstance(keys, MessageTaker)
    assert (keys.name, keys.can_choose_keys) == ("windows", True)
    assert (keys.fileno(), keys.pump(), keys.configure()) == (None, None, False)


@pytest.mark.parametrize(
    ("chord", "held", "key"),
    [
        ("Ctrl+Alt+Space", 3, 0x20),
        ("Shift+Meta+K", 12, 0x4B),
        ("F5", 0, 0x74),
        ("Ctrl+.", 2, 0xBE),
        ("Ctrl++", 6, 0xBB),
    ],
)
def test_a_key_is_registered_without_repeats(room: _Room, chord: str, held: int, key: int) -> None:
    assert room.bind(chord).status is KeyStatus.BOUND
    assert room.registered() == [(held | _NO_REPEAT, key)]


@pytest.mark.parametrize("chord", ["Ctrl+~", "Ctrl+@", "F12", "F25", "Ctrl+Nowhere"])
def test_what_windows_cannot_have_is_invalid(room: _Room, chord: str) -> None:
    assert room.bind(chord).status is KeyStatus.INVALID
    assert room.registered() == []


def test_a_press_reaches_whoever_listens_with_its_time(room: _Room) -> None:
    room.bind("Ctrl+Alt+Space")

    assert room.press(time=4_000_000_000)
    assert room.pressed == [(KeyAction.ASK, "", 4_000_000_000)]


def test_messages_of_others_are_left_to_them(room: _Room) -> None:
    room.bind("Ctrl+Alt+Space")

    assert not room.tell(WM_HOTKEY, 0xC123)
    assert not room.tell(0x0100, next(iter(room.windows.keys)))
    assert room.pressed == []


def test_a_press_that_comes_after_its_key_was_given_back_does_nothing(room: _Room) -> None:
    room.bind("Ctrl+Alt+Space")
    (number,) = room.windows.keys
    room.keys.unbind(KeyAction.ASK)

    assert not room.tell(WM_HOTKEY, number)
    assert room.pressed == []


def test_a_key_that_another_program_has_is_taken(room: _Room) -> None:
    room.windows.taken.add((3 | _NO_REPEAT, 0x20))

    assert room.bind("Ctrl+Alt+Space").status is KeyStatus.TAKEN
    assert room.registered() == []


def test_a_chord_that_cannot_be_had_leaves_the_earlier_one(room: _Room) -> None:
    room.windows.taken.add((3 | _NO_REPEAT, 0x20))
    room.bind("F6")

    assert room.bind("Ctrl+Alt+Space").status is KeyStatus.TAKEN
    assert room.bind("F12").status is KeyStatus.INVALID
    assert room.press()
    assert room.pressed


def test_a_new_chord_takes_the_place_of_the_earlier_one(room: _Room) -> None:
    room.bind("F6")
    room.bind("F7")
    assert room.registered() == [(_NO_REPEAT, 0x76)]

    assert room.bind("F7").status is KeyStatus.BOUND
    assert room.registered() == [(_NO_REPEAT, 0x76)]
    assert room.press()


def test_two_actions_cannot_have_one_key(room: _Room) -> None:
    room.bind("F6")

    assert room.bind("F6", KeyAction.STOP).status is KeyStatus.TAKEN
    room.press()
    assert room.pressed == [(KeyAction.ASK, "", 7)]


def test_an_error_that_nobody_expected_is_told_with_its_number(room: _Room) -> None:
    room.windows.fails_with = 8

    result = room.bind("F6")

    assert result.status is KeyStatus.FAILED
    assert "8" in str(result.reason)
    assert room.keys.is_free(parse_chord("F7")) is None


def test_whether_a_chord_is_free_is_tried_and_nothing_is_kept(room: _Room) -> None:
    room.windows.taken.add((_NO_REPEAT, 0x75))
    room.bind("F7")

    free = [room.keys.is_free(parse_chord(chord)) for chord in ("F6", "F7", "F8", "F12")]

    assert free == [False, False, True, False]
    assert room.registered() == [(_NO_REPEAT, 0x76)]


def test_a_mark_is_followed_when_the_layout_changes(room: _Room) -> None:
    room.bind("Ctrl+.")
    room.bind("F6", KeyAction.STOP)
    room.windows.layout["."] = 0x1BF

    assert not room.tell(WM_INPUTLANGCHANGE)
    assert room.registered() == [(_NO_REPEAT, 0x75), (6 | _NO_REPEAT, 0xBF)]
    assert room.news == [(KeyAction.ASK, KeyStatus.BOUND)]


def test_a_mark_that_the_layout_lacks_comes_back_with_one_that_has_it(room: _Room) -> None:
    room.bind("Ctrl+.")
    del room.windows.layout["."]
    room.tell(WM_INPUTLANGCHANGE)
    assert room.registered() == []
    room.tell(WM_INPUTLANGCHANGE)
    room.windows.layout["."] = 0xBE
    room.tell(WM_INPUTLANGCHANGE)

    assert room.registered() == [(2 | _NO_REPEAT, 0xBE)]
    assert [status for _, status in room.news] == [KeyStatus.INVALID, KeyStatus.BOUND]


def test_a_layout_that_changes_nothing_is_no_news(room: _Room) -> None:
    room.bind("Ctrl+.")
    room.tell(WM_INPUTLANGCHANGE)

    assert room.news == []
    assert len(room.registered()) == 1


def test_whoever_hears_of_a_key_may_close_everything() -> None:
    windows = _User32()
    keys = WindowsKeys(windows, lambda: 0)
    closing: Callable[..., Any] = lambda *_what: keys.close()  # noqa: E731 (both are callbacks)
    keys.start(closing, closing)
    keys.bind(KeyAction.ASK, parse_chord("Ctrl+."), _WORDS)
    keys.bind(KeyAction.STOP, parse_chord("Ctrl++"), _WORDS)
    windows.layout |= {".": 0xBF, "+": 0xC0}

    told = Message(None, WM_INPUTLANGCHANGE)
    keys.take(ctypes.addressof(told))
    assert windows.keys == {}

    keys.start(closing, closing)
    keys.bind(KeyAction.ASK, parse_chord("F6"), _WORDS)
    told = Message(None, WM_HOTKEY, next(iter(windows.keys)))
    assert keys.take(ctypes.addressof(told))
    assert windows.keys == {}


def test_closed_it_holds_nothing_and_may_be_closed_again(room: _Room) -> None:
    room.bind("F6")
    room.bind("Ctrl+.", KeyAction.STOP)

    room.keys.close()
    room.keys.close()

    assert room.registered() == []
    assert room.bind("F6").status is KeyStatus.UNSUPPORTED
    assert not room.tell(WM_INPUTLANGCHANGE)


def test_elsewhere_than_on_windows_there_are_none() -> None:
    keys = WindowsKeys()
    keys.start(lambda *_: None, lambda *_: None)

    assert keys.bind(KeyAction.ASK, parse_chord("F6"), _WORDS).status is KeyStatus.UNSUPPORTED
    assert keys.is_free(parse_chord("F6")) is None
    keys.unbind(KeyAction.ASK)
    keys.close()


def test_the_message_is_laid_out_as_windows_has_it() -> None:
    # On 64 bits: two words for the window and the number of the message, and so on.
    offsets = [getattr(Message, name).offset for name in ("message", "w", "l", "time", "x", "y")]
    assert offsets == [8, 16, 24, 32, 36, 40]
    assert ctypes.sizeof(Message) == 48
