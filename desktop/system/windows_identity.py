"""What Windows, and the installer there, know a running Lapis by. Never run on Windows so far.

The installer waits for a named mutex before it replaces files, and has the taskbar's name for the
program in the start menu: both names stand in `installers/windows/lapis.iss` as well. Sources:
"CreateMutexW function", "SetCurrentProcessExplicitAppUserModelID function" of Microsoft; `AppMutex`
in the manual of Inno Setup. Main thread.
"""

import ctypes
import sys
from typing import Any, Final

from desktop.base.native import BOOL, HANDLE, Signatures, declared, windows_library

__all__ = [
    "KERNEL32",
    "MUTEX",
    "SHELL32",
    "USER_MODEL",
    "hold_mutex",
    "show_as_lapis",
    "take_user_model",
    "tell_installer",
]

MUTEX: Final = "Lapis-4F6A3C52"
USER_MODEL: Final = "LapisAssistant.Lapis"
KERNEL32: Final[Signatures] = {"CreateMutexW": (HANDLE, (HANDLE, BOOL, ctypes.c_wchar_p))}
SHELL32: Final[Signatures] = {
    "SetCurrentProcessExplicitAppUserModelID": (ctypes.c_int32, (ctypes.c_wchar_p,))
}


def tell_installer() -> None:
    """Have the installer know, until this process ends, that files of Lapis are in use."""
    if sys.platform == "win32":
        hold_mutex(windows_library("kernel32"))


def show_as_lapis() -> None:
    """Have windows of this process stand together in the taskbar, under the icon that is pinned.

    To be called before the first window.
    """
    if sys.platform == "win32":
        take_user_model(windows_library("shell32"))


def hold_mutex(kernel32: Any) -> bool:
    """Open the mutex, or make it; return whether it is held. The system closes it at the end."""
    return bool(declared(kernel32, KERNEL32).CreateMutexW(None, False, MUTEX))


def take_user_model(shell32: Any) -> bool:
    """Take the name; return whether Windows has agreed."""
    shell = declared(shell32, SHELL32)
    return bool(shell.SetCurrentProcessExplicitAppUserModelID(USER_MODEL) >= 0)
