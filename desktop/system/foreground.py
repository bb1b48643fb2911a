"""The right to come to the front, handed on to the Lapis that runs. Never run on Windows so far.

On Windows the program that a person has just started may show itself in front, and may pass that on;
the one that has run for hours may not by itself. Source: "AllowSetForegroundWindow function",
"GetNamedPipeServerProcessId function" of Microsoft. Any thread.
"""

import ctypes
import sys
from typing import Any, Final

from desktop.base.native import BOOL, DWORD, HANDLE, Signatures, declared, windows_library

USER32: Final[Signatures] = {"AllowSetForegroundWindow": (BOOL, (DWORD,))}
KERNEL32: Final[Signatures] = {
    "GetNamedPipeServerProcessId": (BOOL, (HANDLE, ctypes.POINTER(DWORD)))
}


def let_server_come_to_front(pipe: int) -> bool:
    """Let the process at the other end of `pipe`, an open file's number, come to the front.

    Returns whether Windows agreed; False elsewhere.
    """
    if sys.platform == "win32":
        import msvcrt

        return allow(
            windows_library("user32"), windows_library("kernel32"), msvcrt.get_osfhandle(pipe)
        )
    return False


def allow(user32: Any, kernel32: Any, pipe: int) -> bool:
    """Do it for the handle `pipe`."""
    process = DWORD()
    found = declared(kernel32, KERNEL32).GetNamedPipeServerProcessId(pipe, ctypes.byref(process))
    return bool(found and declared(user32, USER32).AllowSetForegroundWindow(process))
