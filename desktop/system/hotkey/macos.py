"""Keys on macOS: Carbon's `RegisterEventHotKey`. Never run on macOS so far.

No permission is needed, and the events come through the main run loop, which Qt runs. Codes are
places on the keyboard: the letters are those of an American one. Other programs that have the same
key get it as well, so only a key that was pressed is proved. Tested with functions of the tests'
own behind the declared ones.

Sources: CarbonEvents.h and CarbonEventsCore.h of the framework HIToolbox.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from desktop.base.native import Signatures, declared
from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.base import OURS_ALREADY, Activated, Changed, nobody
from desktop.system.hotkey.keys import mac_code, mac_modifiers

CARBON: Final = "/System/Library/Frameworks/Carbon.framework/Carbon"
EXISTS: Final = -9878
"""eventHotKeyExistsErr."""
INVALID: Final = -9879
"""eventHotKeyInvalidErr."""
INTERNAL: Final = -9868
"""eventInternalErr: what macOS 15 says to keys of Option and Shift alone."""
NOT_HANDLED: Final = -9874
"""eventNotHandledErr: the next handler gets the event."""

_HOT_KEY_PRESSED: Final = 5
_SHIFT_AND_OPTION: Final = 1 << 9 | 1 << 11


def four(letters: str) -> int:
    """Return four letters as Carbon packs them into a number."""
    return int.from_bytes(letters.encode("ascii"), "big")


_OURS: Final = four("Lpis")


class EventType(ctypes.Structure):
    """`EventTypeSpec`: which events a handler wants."""

    _fields_ = (("kind_of_class", ctypes.c_uint32), ("kind", ctypes.c_uint32))


class HotKeyId(ctypes.Structure):
    """`EventHotKeyID`: whose key it is, and which."""

    _fields_ = (("signature", ctypes.c_uint32), ("number", ctypes.c_uint32))


Handler: Final = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""`EventHandlerUPP`: the next handler, the event, what was given with the handler."""

_POINTER: Final = ctypes.c_void_p
SIGNATURES: Final[Signatures] = {
    "GetEventDispatcherTarget": (_POINTER, ()),
    "InstallEventHandler": (
        ctypes.c_int32,
        (
            *(_POINTER, Handler, ctypes.c_ulong, ctypes.POINTER(EventType), _POINTER),
            ctypes.POINTER(_POINTER),
        ),
    ),
    "RemoveEventHandler": (ctypes.c_int32, (_POINTER,)),
    "RegisterEventHotKey": (
        ctypes.c_int32,
        (
            *(ctypes.c_uint32, ctypes.c_uint32, HotKeyId, _POINTER, ctypes.c_uint32),
            ctypes.POINTER(_POINTER),
        ),
    ),
    "UnregisterEventHotKey": (ctypes.c_int32, (_POINTER,)),
    "GetEventParameter": (
        ctypes.c_int32,
        (
            *(_POINTER, ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)),
            *(ctypes.c_ulong, ctypes.POINTER(ctypes.c_ulong), ctypes.POINTER(HotKeyId)),
        ),
    ),
    "GetEventTime": (ctypes.c_double, (_POINTER,)),
}


@dataclass(frozen=True, slots=True)
class _Held:
    """A key that is ours: its number in events, Carbon's reference, and what it is."""

    number: int
    reference: int | None
    chord: Chord


class MacKeys:
    """`Mechanism` of macOS. `load` returns the library, and raises OSError where there is none."""

    name: Final = "macos"
    can_choose_keys: Final = True

    def __init__(self, load: Callable[[], Any] = lambda: ctypes.CDLL(CARBON)) -> None:
        """Load nothing yet."""
        self._load = load
        self._carbon: Any = None
        self._activated: Activated = nobody
        self._held: dict[KeyAction, _Held] = {}
        self._last_number = 0
        # Carbon keeps the address of it and not a count: it has to live as long as the handler.
        self._handler = Handler(self._on_event)
        self._installed = _POINTER()

    def start(self, activated: Activated, changed: Changed) -> None:
        """Begin; in the main thread. What comes of a bind holds, so `changed` is never called."""
        del changed
        self._activated = activated
        try:
            carbon = declared(self._load(), SIGNATURES)
        except (OSError, AttributeError):
            return
        wanted = EventType(four("keyb"), _HOT_KEY_PRESSED)
        status = carbon.InstallEventHandler(
            carbon.GetEventDispatcherTarget(),
            self._handler,
            1,
            ctypes.byref(wanted),
            None,
            ctypes.byref(self._installed),
        )
        if status == 0:
            self._carbon = carbon

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Register the chord; the earlier one is given back once the new one is had."""
        del description
        if self._carbon is None:
            return KeyResult(KeyStatus.UNSUPPORTED)
        if any(held.chord == chord for each, held in self._held.items() if each is not action):
            # Carbon would give it twice to the same program.
            return OURS_ALREADY
        earlier = self._held.get(action)
        if earlier is not None and earlier.chord == chord:
            return KeyResult(KeyStatus.BOUND)
        held, result = self._register(chord)
        if held is not None:
            self.unbind(action)
            self._held[action] = held
        return result

    def unbind(self, action: KeyAction) -> None:
        """Give the key back."""
        held = self._held.pop(action, None)
        if held is not None:
            self._carbon.UnregisterEventHotKey(held.reference)

    def is_free(self, chord: Chord) -> bool | None:
        """Register the chord and give it back; other programs may have it as well all the same."""
        if self._carbon is None:
            return None
        if any(held.chord == chord for held in self._held.values()):
            return False
        held, _result = self._register(chord)
        if held is not None:
            self._carbon.UnregisterEventHotKey(held.reference)
        return held is not None

    def fileno(self) -> int | None:
        """Return None: the run loop calls."""

    def pump(self) -> float | None:
        """Return None: the run loop calls."""

    def configure(self, activation_token: str = "") -> bool:
        """Return False: macOS has no page for these."""
        del activation_token
        return False

    def close(self) -> None:
        """Give all keys back, and leave the handlers."""
        for action in tuple(self._held):
            self.unbind(action)
        if self._carbon is not None:
            self._carbon.RemoveEventHandler(self._installed)
        self._carbon = None

    def _register(self, chord: Chord) -> tuple[_Held | None, KeyResult]:
        code, held = mac_code(chord.key), mac_modifiers(chord)
        # Keys of Option and Shift alone type letters: macOS 15 refuses them to some programs.
        if code is None or (held and not held & ~_SHIFT_AND_OPTION):
            return None, _invalid()
        self._last_number += 1
        reference = _POINTER()
        status = self._carbon.RegisterEventHotKey(
            code,
            held,
            HotKeyId(_OURS, self._last_number),
            self._carbon.GetEventDispatcherTarget(),
            0,
            ctypes.byref(reference),
        )
        if status == 0:
            return _Held(self._last_number, reference.value, chord), KeyResult(KeyStatus.BOUND)
        if status == EXISTS:
            return None, KeyResult(KeyStatus.TAKEN)
        if status in {INVALID, INTERNAL}:
            return None, _invalid()
        reason = Text("macOS reports error {number}.", {"number": status})
        return None, KeyResult(KeyStatus.FAILED, reason=reason)

    def _on_event(self, _next: int | None, event: int | None, _ours: int | None) -> int:
        """Do what a key asks for; in the main thread, called by Carbon."""
        carbon, told = self._carbon, HotKeyId()
        if carbon is None:
            return NOT_HANDLED
        status = carbon.GetEventParameter(
            event,
            four("----"),
            four("hkid"),
            None,
            ctypes.sizeof(told),
            None,
            ctypes.byref(told),
        )
        if status != 0 or told.signature != _OURS:
            return NOT_HANDLED
        action = next(
            (each for each, held in self._held.items() if held.number == told.number), None
        )
        if action is None:
            return NOT_HANDLED
        # Seconds since the system started.
        self._activated(action, "", int(carbon.GetEventTime(event) * 1000))
        return 0


def _invalid() -> KeyResult:
    return KeyResult(KeyStatus.INVALID)
