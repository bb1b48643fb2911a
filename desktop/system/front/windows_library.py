"""Functions of Windows for the program in front, declared as its headers have them. Any thread.

Never run on Windows so far. Sources: winuser.h, winbase.h, processthreadsapi.h, securitybaseapi.h.
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
    WORD,
    Signatures,
    declared,
    last_error,
    windows_library,
)

_UINT: Final = ctypes.c_uint32
_INT: Final = ctypes.c_int32
_WORDS: Final = ctypes.c_wchar_p
_ROOM: Final = ctypes.POINTER(ctypes.c_wchar)
_SIZE: Final = ctypes.c_size_t
_NUMBER: Final = ctypes.POINTER(DWORD)


class Keyboard(ctypes.Structure):
    """`KEYBDINPUT`."""

    _fields_ = (("code", WORD), ("scan", WORD), ("flags", DWORD), ("time", DWORD), ("extra", _SIZE))


class Mouse(ctypes.Structure):
    """`MOUSEINPUT`: only because it is the largest of what an `INPUT` can be."""

    _fields_ = (
        *(("x", LONG), ("y", LONG), ("data", DWORD), ("flags", DWORD), ("time", DWORD)),
        ("extra", _SIZE),
    )


class _Either(ctypes.Union):
    _fields_ = (("keyboard", Keyboard), ("mouse", Mouse))


class Input(ctypes.Structure):
    """`INPUT`: Windows refuses one whose size is not that of its largest kind."""

    _fields_ = (("kind", DWORD), ("either", _Either))


USER32: Final[Signatures] = {
    "AttachThreadInput": (BOOL, (DWORD, DWORD, BOOL)),
    "CloseClipboard": (BOOL, ()),
    "CreateWindowExW": (
        HANDLE,
        (DWORD, _WORDS, _WORDS, DWORD, *[_INT] * 4, *[HANDLE] * 4),
    ),
    "DestroyWindow": (BOOL, (HANDLE,)),
    "EmptyClipboard": (BOOL, ()),
    "EnumClipboardFormats": (_UINT, (_UINT,)),
    "GetAsyncKeyState": (ctypes.c_int16, (_INT,)),
    "GetClassNameW": (_INT, (HANDLE, _ROOM, _INT)),
    "GetClipboardData": (HANDLE, (_UINT,)),
    "GetClipboardOwner": (HANDLE, ()),
    "GetClipboardSequenceNumber": (DWORD, ()),
    "GetForegroundWindow": (HANDLE, ()),
    "GetWindowThreadProcessId": (DWORD, (HANDLE, _NUMBER)),
    "IsHungAppWindow": (BOOL, (HANDLE,)),
    "MapVirtualKeyW": (_UINT, (_UINT, _UINT)),
    "OpenClipboard": (BOOL, (HANDLE,)),
    "RegisterClipboardFormatW": (_UINT, (_WORDS,)),
    "SendInput": (_UINT, (_UINT, ctypes.POINTER(Input), _INT)),
    "SetClipboardData": (HANDLE, (_UINT, HANDLE)),
    "SetForegroundWindow": (BOOL, (HANDLE,)),
}
KERNEL32: Final[Signatures] = {
    "CloseHandle": (BOOL, (HANDLE,)),
    "GetCurrentProcess": (HANDLE, ()),
    "GetCurrentProcessId": (DWORD, ()),
    "GetCurrentThreadId": (DWORD, ()),
    "GlobalAlloc": (HANDLE, (_UINT, _SIZE)),
    "GlobalFree": (HANDLE, (HANDLE,)),
    "GlobalLock": (HANDLE, (HANDLE,)),
    "GlobalSize": (_SIZE, (HANDLE,)),
    "GlobalUnlock": (BOOL, (HANDLE,)),
    "OpenProcess": (HANDLE, (DWORD, BOOL, DWORD)),
    "QueryFullProcessImageNameW": (BOOL, (HANDLE, DWORD, _ROOM, _NUMBER)),
}
ADVAPI32: Final[Signatures] = {
    "GetTokenInformation": (BOOL, (HANDLE, _INT, HANDLE, DWORD, _NUMBER)),
    "OpenProcessToken": (BOOL, (HANDLE, DWORD, ctypes.POINTER(HANDLE))),
}


@dataclass(frozen=True, slots=True)
class Libraries:
    """The libraries, declared, and the error of the last call in this thread."""

    user32: Any
    kernel32: Any
    advapi32: Any
    error: Callable[[], int]


def load() -> Libraries:
    """Return those of Windows; raises OSError elsewhere."""
    return Libraries(
        declared(windows_library("user32"), USER32),
        declared(windows_library("kernel32"), KERNEL32),
        declared(windows_library("advapi32"), ADVAPI32),
        last_error,
    )
