"""The registry of Windows, read as far as hardware is listed in it. Any thread; nothing raises."""

import sys
from collections.abc import Sequence
from typing import Protocol, TypeAlias

Value: TypeAlias = str | int | bytes | list[str]
"""What is kept under a name: words, a number, bytes, or a list of words."""


class Registry(Protocol):
    """Who reads the keys of the machine (HKEY_LOCAL_MACHINE)."""

    def keys(self, path: str) -> Sequence[str]:
        """Return the names of the keys under `path`; none where it is not there."""
        ...

    def value(self, path: str, name: str) -> Value | None:
        """Return what is kept under `name` of the key `path`, None where there is nothing."""
        ...


class MachineRegistry:
    """The real one. Elsewhere than on Windows it is empty."""

    def keys(self, path: str) -> Sequence[str]:
        """Return the names of the keys under `path`."""
        found: list[str] = []
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
                    for index in range(winreg.QueryInfoKey(key)[0]):
                        found.append(winreg.EnumKey(key, index))  # noqa: PERF401 (it may raise)
            except OSError:
                # No such key, none of our business, or one that just went.
                return found
        return found

    def value(self, path: str, name: str) -> Value | None:
        """Return what is kept there."""
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
                    found, _ = winreg.QueryValueEx(key, name)
            except OSError:
                return None
            if isinstance(found, str | int | bytes | list):
                return found
        return None


def words(registry: Registry, path: str, name: str) -> str:
    """Return a value that is text; empty where there is none."""
    found = registry.value(path, name)
    return found.strip("\0 ") if isinstance(found, str) else ""


def size(registry: Registry, path: str, name: str) -> int:
    """Return a number of bytes, which drivers write as a number or as its bytes; 0 for none."""
    found = registry.value(path, name)
    if isinstance(found, bytes):
        return int.from_bytes(found, "little") if len(found) <= 8 else 0
    return found if isinstance(found, int) and found > 0 else 0
