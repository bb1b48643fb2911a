"""Keys on Windows: `RegisterHotKey`, for the thread of the GUI. Never run on Windows so far.

Windows says at once whether another program has a key, and sends `WM_HOTKEY` into the queue of the
thread: whoever filters its messages shows them to `take`. The process that has just got one may
come to the front, so what is called from there has to show itself at once. Digits, letters and
named keys have codes of their own; marks are where the layout of the moment has them, and are
followed when it changes. Tested with functions of the tests' own behind the declared ones.

Sources: "RegisterHotKey function", "VkKeyScanW function", "MSG structure" of Microsoft.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from desktop.base.native import (
    BOOL,
    DWORD,
    HANDLE,
    LONG,
    Signatures,
    declared,
    last_error,
    windows_library,
)
from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.base import NOT_TYPED, Activated, Changed, nobody
from desktop.system.hotkey.keys import windows_code, windows_modifiers

WM_INPUTLANGCHANGE: Final = 0x0051
WM_HOTKEY: Final = 0x0312
ALREADY_REGISTERED: Final = 1409
"""ERROR_HOTKEY_ALREADY_REGISTERED."""

SIGNATURES: Final[Signatures] = {
    "RegisterHotKey": (BOOL, (HANDLE, ctypes.c_int32, ctypes.c_uint32, ctypes.c_uint32)),
    "UnregisterHotKey": (BOOL, (HANDLE, ctypes.c_int32)),
    "VkKeyScanW": (ctypes.c_int16, (ctypes.c_uint16,)),
}

_NO_REPEAT: Final = 0x4000
_SHIFT: Final = 4
_MOST_IDS: Final = 0xBFFF
_NO_KEY: Final = -1


class Message(ctypes.Structure):
    """`MSG`: a message in the queue of a thread."""

    _fields_ = (
        ("window", HANDLE),
        ("message", ctypes.c_uint32),
        ("w", ctypes.c_size_t),
        ("l", ctypes.c_ssize_t),
        ("time", DWORD),
        ("x", LONG),
        ("y", LONG),
    )


@dataclass(frozen=True, slots=True)
class _Code:
    """What Windows is asked for: what is held, and the virtual key."""

    held: int
    key: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A key that is ours, by its number with Windows; `chord` is what it was asked for as."""

    number: int
    chord: Chord
    code: _Code


class WindowsKeys:
    """`Mechanism` of Windows. `user32` and `error` stand for the library and its last error."""

    name: Final = "windows"
    can_choose_keys: Final = True

    def __init__(self, user32: Any = None, error: Callable[[], int] = last_error) -> None:
        """Load nothing yet."""
        self._given = user32
        self._error = error
        self._user32: Any = None
        self._activated: Activated = nobody
        self._changed: Changed = nobody
        self._held: dict[KeyAction, _Held] = {}
        # Marks that the layout of the moment does not have, or whose key another program has.
        self._missing: dict[KeyAction, Chord] = {}
        self._last_number = 0

    def start(self, activated: Activated, changed: Changed) -> None:
        """Begin. In the thread whose messages `take` will be shown."""
        self._activated, self._changed = activated, changed
        try:
            library = windows_library("user32") if self._given is None else self._given
            self._user32 = declared(library, SIGNATURES)
        except (OSError, AttributeError):
            self._user32 = None

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Register the chord; the earlier one is given back once the new one is had."""
        del description
        if self._user32 is None:
            return KeyResult(KeyStatus.UNSUPPORTED)
        code, earlier = self._code(chord), self._held.get(action)
        if earlier is not None and earlier.code == code:
            self._held[action] = _Held(earlier.number, chord, code)
            return KeyResult(KeyStatus.BOUND)
        number, result = (0, NOT_TYPED) if code is None else self._register(code)
        if code is not None and result.status is KeyStatus.BOUND:
            self.unbind(action)
            self._held[action] = _Held(number, chord, code)
        elif earlier is None and _is_mark(chord):
            self._missing[action] = chord
        return result

    def unbind(self, action: KeyAction) -> None:
        """Give the key back."""
        self._missing.pop(action, None)
        held = self._held.pop(action, None)
        if held is not None:
            self._user32.UnregisterHotKey(None, held.number)

    def is_free(self, chord: Chord) -> bool | None:
        """Register the chord and give it back; a key of ours is not free."""
        code = None if self._user32 is None else self._code(chord)
        if code is None:
            return None if self._user32 is None else False
        number, result = self._register(code)
        if result.status is KeyStatus.BOUND:
            self._user32.UnregisterHotKey(None, number)
        return None if result.status is KeyStatus.FAILED else result.status is KeyStatus.BOUND

    def fileno(self) -> int | None:
        """Return None: its news are messages."""

    def pump(self) -> float | None:
        """Return None: there is nothing to do but in `take`."""

    def configure(self, activation_token: str = "") -> bool:
        """Return False: Windows has no page for these."""
        del activation_token
        return False

    def take(self, message: int) -> bool:
        """Look at the `MSG` at this address; return whether it was a key of ours."""
        told = Message.from_address(message)
        if told.message == WM_INPUTLANGCHANGE:
            self._follow()
        if told.message != WM_HOTKEY:
            return False
        action = next((each for each, held in self._held.items() if held.number == told.w), None)
        if action is None:
            # Another library of this process has keys too, or it was given back just now.
            return False
        self._activated(action, "", told.time)
        return True

    def close(self) -> None:
        """Give all keys back."""
        for action in tuple(self._held):
            self.unbind(action)
        self._missing.clear()
        self._user32 = None

    def _register(self, code: _Code) -> tuple[int, KeyResult]:
        # One number for each try: a second key under the same one would be added to the first.
        self._last_number = self._last_number % _MOST_IDS + 1
        number = self._last_number
        if self._user32.RegisterHotKey(None, number, code.held | _NO_REPEAT, code.key):
            return number, KeyResult(KeyStatus.BOUND)
        error = self._error()
        if error == ALREADY_REGISTERED:
            return number, KeyResult(KeyStatus.TAKEN)
        reason = Text("Windows reports error {number}.", {"number": error})
        return number, KeyResult(KeyStatus.FAILED, reason=reason)

    def _code(self, chord: Chord) -> _Code | None:
        """Return what Windows calls the chord; None for what it cannot have."""
        held = windows_modifiers(chord)
        code = windows_code(chord.key)
        if code is not None:
            # The system keeps F12 for debuggers.
            is_debuggers = chord.key == "F12" and not held
            return None if is_debuggers else _Code(held, code)
        if len(chord.key) != 1:
            return None
        found = self._user32.VkKeyScanW(ord(chord.key))
        # The upper byte: 1 for Shift, 2 and 4 for Ctrl and Alt, which together are AltGr.
        if found == _NO_KEY or found >> 8 & ~1:
            return None
        return _Code(held | (_SHIFT if found >> 8 & 1 else 0), found & 0xFF)

    def _follow(self) -> None:
        """Look where the layout of now has the marks; the other keys are where they were."""
        if self._user32 is None:
            return
        moved = {action: held.chord for action, held in self._held.items() if _is_mark(held.chord)}
        news: dict[KeyAction, KeyResult] = {}
        for action, chord in (self._missing | moved).items():
            held, code = self._held.get(action), self._code(chord)
            if held is not None and held.code == code:
                continue
            self.unbind(action)
            result = self.bind(action, chord, Text(""))
            if held is not None or result.status is KeyStatus.BOUND:
                news[action] = result
        # At the end: whoever hears of it may change keys, or close this.
        for action, result in news.items():
            self._changed(action, result)


def _is_mark(chord: Chord) -> bool:
    """Return whether the layout decides which key it is."""
    return len(chord.key) == 1 and windows_code(chord.key) is None
