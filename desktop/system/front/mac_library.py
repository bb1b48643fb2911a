"""Functions of macOS for the program in front, declared as its headers have them. Any thread.

Never run on macOS so far. Sources: CGEvent.h, CGEventSource.h, CGRemoteOperation.h, AXUIElement.h,
CFBase.h; classes of AppKit are spoken to through `objective_c`.
"""

import ctypes
from dataclasses import dataclass
from typing import Any, Final

from desktop.base.native import Signatures, declared
from desktop.system.objective_c import Messenger, Runtime

_FRAMEWORKS: Final = "/System/Library/Frameworks/{0}.framework/{0}"
_POINTER: Final = ctypes.c_void_p

SERVICES: Final[Signatures] = {
    "AXIsProcessTrustedWithOptions": (ctypes.c_bool, (_POINTER,)),
    "CFRelease": (None, (_POINTER,)),
    "CGEventCreateKeyboardEvent": (_POINTER, (_POINTER, ctypes.c_uint16, ctypes.c_bool)),
    "CGEventKeyboardSetUnicodeString": (
        None,
        (_POINTER, ctypes.c_ulong, ctypes.POINTER(ctypes.c_uint16)),
    ),
    "CGEventPost": (None, (ctypes.c_uint32, _POINTER)),
    "CGEventSetFlags": (None, (_POINTER, ctypes.c_uint64)),
    "CGEventSourceFlagsState": (ctypes.c_uint64, (ctypes.c_int32,)),
    "CGEventSourceKeyState": (ctypes.c_bool, (ctypes.c_int32, ctypes.c_uint16)),
}


@dataclass(frozen=True, slots=True)
class Libraries:
    """The functions of ApplicationServices, and who sends messages to objects of AppKit."""

    services: Any
    objects: Messenger


def load() -> Libraries:
    """Return those of macOS; raises OSError elsewhere."""
    # Its classes are known once it is loaded.
    ctypes.CDLL(_FRAMEWORKS.format("AppKit"))
    services = ctypes.CDLL(_FRAMEWORKS.format("ApplicationServices"))
    return Libraries(declared(services, SERVICES), Runtime())
