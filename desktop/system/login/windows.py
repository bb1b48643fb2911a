"""Starting at login on Windows: the key `Run` of the account. Never run on Windows so far.

Sources: "Run and RunOnce Registry Keys" (values of at most 260 characters). Task Manager and
Settings, Apps, Startup turn an entry off in `StartupApproved`, which is described nowhere: twelve
bytes of which the first is even for on and odd for off. What they say is respected and never
written. Tests put a registry of their own behind `Registry`; `AccountRegistry` has not been run.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.system.login.base import LoginState
from desktop.system.login.faults import NOT_CHANGED
from desktop.system.login.words import words_of

RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_LONGEST: Final = 260


class Registry(Protocol):
    """The keys of this account (HKEY_CURRENT_USER). All may raise OSError."""

    def value(self, path: str, name: str) -> str | bytes | None:
        """Return what is kept under `name` of the key `path`, None for nothing or another kind."""
        ...

    def write(self, path: str, name: str, text: str) -> None:
        """Keep a text there; the key is made if need be."""
        ...

    def remove(self, path: str, name: str) -> None:
        """Remove what is kept there; nothing happens without it."""
        ...


class WindowsLogin:
    """The value `name` in the key Run."""

    def __init__(self, registry: Registry, name: str) -> None:
        self._registry = registry
        self._name = name

    def state(self) -> LoginState:
        """Return what the two keys say together."""
        try:
            if not self._registry.value(RUN, self._name):
                return LoginState.OFF
            approved = self._registry.value(APPROVED, self._name)
        except OSError:
            return LoginState.OFF
        is_off = isinstance(approved, bytes) and bool(approved) and approved[0] % 2 == 1
        return LoginState.BLOCKED if is_off else LoginState.ON

    def command(self) -> tuple[str, ...]:
        """Return what the value starts."""
        try:
            line = self._registry.value(RUN, self._name)
        except OSError:
            return ()
        return words_of(line) if isinstance(line, str) else ()

    def turn_on(self, command: Sequence[str]) -> None:
        """Write the value; raises StorageError if Windows has it turned off all the same."""
        line = subprocess.list2cmdline(command)
        if len(line) > _LONGEST:
            raise StorageError(
                NOT_CHANGED,
                Text(
                    "Windows allows {most} characters for the command, and this one has {count}. "
                    "Install Lapis, or keep its data, in a folder with a shorter path.",
                    {"most": _LONGEST, "count": len(line)},
                ),
            )
        try:
            self._registry.write(RUN, self._name, line)
        except OSError as error:
            raise _fault(error) from error
        if self.state() is LoginState.BLOCKED:
            raise StorageError(Text("Windows keeps Lapis from starting at login"), _WHERE)

    def turn_off(self) -> None:
        """Remove the value. What was said in StartupApproved stays."""
        try:
            self._registry.remove(RUN, self._name)
        except OSError as error:
            raise _fault(error) from error

    def advice(self) -> Text | None:
        """Say where it is allowed again."""
        return _WHERE if self.state() is LoginState.BLOCKED else None


class AccountRegistry:
    """The real one. Elsewhere than on Windows it is empty."""

    def value(self, path: str, name: str) -> str | bytes | None:
        """Return what is kept there."""
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                    found, _kind = winreg.QueryValueEx(key, name)
            except FileNotFoundError:
                return None
            if isinstance(found, str | bytes):
                return found
        return None

    def write(self, path: str, name: str, text: str) -> None:
        """Keep a text there."""
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, path) as key:
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, text)

    def remove(self, path: str, name: str) -> None:
        """Remove what is kept there."""
        if sys.platform == "win32":
            import contextlib
            import winreg

            access = winreg.KEY_SET_VALUE
            with (
                contextlib.suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, access) as key,
            ):
                winreg.DeleteValue(key, name)


_WHERE: Final = Text("In the Windows settings, open Apps, Startup, and turn Lapis on there.")


def _fault(error: OSError) -> StorageError:
    reason = error.strerror or type(error).__name__
    return StorageError(NOT_CHANGED, Text("The system says: {reason}.", {"reason": reason}))
