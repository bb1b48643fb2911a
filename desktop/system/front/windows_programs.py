"""What Windows tells of other programs: their names, and their rights. Never run on Windows so far.

Keys pressed by a program do not reach one that runs with more rights, and nothing tells so: hence
the look beforehand. Any thread.
"""

import ctypes
from pathlib import PureWindowsPath
from typing import Final

from desktop.base.native import DWORD, HANDLE
from desktop.system.front.windows_library import Libraries

_QUERY_LIMITED: Final = 0x1000
"""PROCESS_QUERY_LIMITED_INFORMATION: may be asked of any process."""
_TOKEN_QUERY: Final = 0x0008
_TOKEN_ELEVATION: Final = 20
_ACCESS_DENIED: Final = 5
_LONGEST_PATH: Final = 32_768
_LONGEST_CLASS: Final = 257


def program_name(libraries: Libraries, process: int) -> str:
    """Return the name of the process's file, lower case, without its ending; empty if unknown."""
    kernel32 = libraries.kernel32
    handle = kernel32.OpenProcess(_QUERY_LIMITED, 0, process)
    if not handle:
        return ""
    try:
        path = ctypes.create_unicode_buffer(_LONGEST_PATH)
        length = DWORD(_LONGEST_PATH)
        is_told = kernel32.QueryFullProcessImageNameW(handle, 0, path, ctypes.byref(length))
    finally:
        kernel32.CloseHandle(handle)
    return PureWindowsPath(path.value).stem.lower() if is_told else ""


def class_name(libraries: Libraries, window: int) -> str:
    """Return the name of the window's class, lower case; empty if it is gone."""
    name = ctypes.create_unicode_buffer(_LONGEST_CLASS)
    libraries.user32.GetClassNameW(window, name, _LONGEST_CLASS)
    return name.value.lower()


def has_more_rights(libraries: Libraries, process: int) -> bool:
    """Return whether a process runs as administrator and this one does not."""
    if _is_elevated(libraries, libraries.kernel32.GetCurrentProcess()):
        return False
    handle = libraries.kernel32.OpenProcess(_QUERY_LIMITED, 0, process)
    if not handle:
        return libraries.error() == _ACCESS_DENIED
    try:
        return _is_elevated(libraries, handle)
    finally:
        libraries.kernel32.CloseHandle(handle)


def _is_elevated(libraries: Libraries, process: int) -> bool:
    token, elevated, length = HANDLE(), DWORD(), DWORD()
    if not libraries.advapi32.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token)):
        return libraries.error() == _ACCESS_DENIED
    try:
        is_told = libraries.advapi32.GetTokenInformation(
            token,
            _TOKEN_ELEVATION,
            ctypes.byref(elevated),
            ctypes.sizeof(elevated),
            ctypes.byref(length),
        )
    finally:
        libraries.kernel32.CloseHandle(token)
    return bool(is_told and elevated.value)
