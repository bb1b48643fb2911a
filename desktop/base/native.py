"""Functions of the system's own libraries, called as their headers declare them. Any thread.

A function whose arguments were not declared takes addresses for numbers of half the size, and fails
on some computers only: so a library is used through what `declared` was told, and nothing else.
"""

import ctypes
import sys
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Signatures: TypeAlias = Mapping[str, tuple[Any, tuple[Any, ...]]]
"""C types by the name of a function: what it returns (None for nothing), and what it takes."""

# Of one size everywhere, so that the layouts made of them can be tested on any system.
BOOL: Final = ctypes.c_int32
WORD: Final = ctypes.c_uint16
DWORD: Final = ctypes.c_uint32
LONG: Final = ctypes.c_int32
HANDLE: Final = ctypes.c_void_p


def declared(library: Any, signatures: Signatures) -> Any:
    """Return `library` with its functions declared; raises AttributeError if one is missing."""
    for name, (returned, taken) in signatures.items():
        function = getattr(library, name)
        function.restype = returned
        function.argtypes = taken
    return library


def windows_library(name: str) -> Any:
    """Return a library of Windows; raises OSError elsewhere. Its errors are for `last_error`."""
    if sys.platform == "win32":
        return ctypes.WinDLL(name, use_last_error=True)
    raise FileNotFoundError(name)


def last_error() -> int:
    """Return what Windows noted when the last call in this thread failed; 0 elsewhere."""
    if sys.platform == "win32":
        return ctypes.get_last_error()
    return 0
