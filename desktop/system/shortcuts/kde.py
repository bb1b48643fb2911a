"""KDE: a command of its own for kglobalaccel, which runs it when its keys are pressed.

Source: the interface org.kde.KGlobalAccel, and how System Settings adds a command: a desktop file in
the folder `kglobalaccel`, and a shortcut `_launch` of a component with its name.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop.base.files import write_atomically
from desktop.base.paths import DESKTOP_ID
from desktop.domain.hotkey import Chord, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.login.desktop_file import written
from desktop.system.session_bus import bus_address
from desktop.system.shortcuts.base import NAME, refused
from desktop.system.shortcuts.chords import qt

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection

_SERVICE: Final = "org.kde.kglobalaccel"
_PATH: Final = "/kglobalaccel"
_INTERFACE: Final = "org.kde.KGlobalAccel"
_COMPONENT: Final = f"{DESKTOP_ID}.ask.desktop"
_ID: Final = (_COMPONENT, "_launch", NAME, NAME)
# SetPresent and NoAutoloading: from now on, and whatever was kept of an earlier time.
_FLAGS: Final = 2 | 4
_SECONDS: Final = 5.0


class KdeShortcuts:
    """A desktop file, and its shortcut."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Look for nothing yet."""
        self._environment = environment
        base = Path(environment.get("XDG_DATA_HOME", ""))
        home = Path(environment.get("HOME") or Path.home())
        data = base if base.is_absolute() else home / ".local" / "share"
        self._file = data / "kglobalaccel" / _COMPONENT

    def is_there(self) -> bool:
        """Whether there is a bus to ask on."""
        return bus_address(self._environment) is not None

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Write the file, and have the keys given to it."""
        number = qt(chord)
        if number is None:
            reason = Text("The desktop has no name for this key.")
            return KeyResult(KeyStatus.INVALID, "", reason)
        with self._connection() as bus:
            (is_free,) = _call(bus, "isGlobalShortcutAvailable", "is", (number, _COMPONENT))
            if not is_free:
                reason = Text("Another shortcut of the desktop has these keys already.")
                return KeyResult(KeyStatus.TAKEN, "", reason)
            self._write_file(command)
            _call(bus, "doRegister", "as", (list(_ID),))
            (given,) = _call(bus, "setShortcut", "asaiu", (list(_ID), [number], _FLAGS))
        if number not in given:
            reason = Text("The desktop did not take the keys.")
            return KeyResult(KeyStatus.FAILED, "", reason)
        return KeyResult(KeyStatus.BOUND, str(chord))

    def remove(self) -> None:
        """Give the keys back, and remove the file."""
        with self._connection() as bus:
            _call(bus, "unregister", "ss", _ID[:2])
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise refused(f"{self._file}: {error.strerror}.") from error

    def _write_file(self, command: str) -> None:
        entry = {
            "Type": "Application",
            "Name": NAME,
            "Exec": command,
            "Icon": DESKTOP_ID,
            "NoDisplay": "true",
            "StartupNotify": "false",
            "X-KDE-GlobalAccel-CommandShortcut": "true",
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, written(entry).encode())
        except OSError as error:
            raise refused(f"{self._file}: {error.strerror}.") from error

    def _connection(self) -> "DBusConnection":
        from jeepney.io.blocking import open_dbus_connection

        address = bus_address(self._environment)
        if address is None:
            raise refused("D-Bus: -")
        name = os.fsdecode(address)
        kind = f"abstract={name[1:]}" if name.startswith("\0") else f"path={name}"
        try:
            return open_dbus_connection(f"unix:{kind}")
        except (OSError, ValueError) as error:
            raise refused(f"D-Bus: {error}.") from error


def _call(
    bus: "DBusConnection", member: str, signature: str, body: Sequence[Any]
) -> tuple[Any, ...]:
    """Call a method of kglobalaccel and return its answer; raises ShortcutRefused."""
    from jeepney import DBusAddress, MessageType, new_method_call

    address = DBusAddress(_PATH, _SERVICE, _INTERFACE)
    message = new_method_call(address, member, signature, tuple(body))
    try:
        reply = bus.send_and_get_reply(message, timeout=_SECONDS)
    except OSError as error:
        raise refused(f"kglobalaccel: {error}.") from error
    if reply.header.message_type is MessageType.error:
        words = reply.body[0] if reply.body else member
        raise refused(f"kglobalaccel: {words}.")
    answer: tuple[Any, ...] = reply.body
    return answer
