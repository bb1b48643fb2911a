"""KDE: a command of its own for kglobalaccel, which runs it when its keys are pressed.

Source: the interface org.kde.KGlobalAccel, and how System Settings adds a command: a desktop file in
the folder `kglobalaccel`, and a shortcut `_launch` of a component with its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from desktop.base.files import write_atomically
from desktop.base.paths import DESKTOP_ID
from desktop.domain.hotkey import Chord, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.linux_session import data_folder
from desktop.system.login.desktop_file import as_bytes, written
from desktop.system.session_bus import Service, bus_address
from desktop.system.shortcuts.base import NAME, refused
from desktop.system.shortcuts.chords import qt

if TYPE_CHECKING:
    from desktop.system.bus_calls import BusCalls

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
        self._file = data_folder(environment) / "kglobalaccel" / _COMPONENT

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
            is_free = _call(bus, "isGlobalShortcutAvailable", "is", (number, _COMPONENT))
            if not is_free:
                reason = Text("Another shortcut of the desktop has these keys already.")
                return KeyResult(KeyStatus.TAKEN, "", reason)
            self._write_file(command)
            _call(bus, "doRegister", "as", (list(_ID),))
            given = _call(bus, "setShortcut", "asaiu", (list(_ID), [number], _FLAGS))
        if not isinstance(given, list) or number not in given:
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
            write_atomically(self._file, as_bytes(written(entry)))
        except OSError as error:
            raise refused(f"{self._file}: {error.strerror}.") from error

    @contextmanager
    def _connection(self) -> "Iterator[BusCalls]":
        """Connect to the bus for a block; raises ShortcutRefused for whatever fails within."""
        from desktop.system.bus_calls import BusCalls, BusFault

        address = bus_address(self._environment)
        if address is None:
            raise refused("D-Bus: -")
        try:
            with BusCalls(address, _SECONDS) as bus:
                yield bus
        except BusFault as error:
            raise refused(f"D-Bus: {error}.") from error


def _call(bus: "BusCalls", member: str, signature: str, body: Sequence[Any]) -> Any:
    """Call a method of kglobalaccel and return its answer, None for nothing; raises BusFault."""
    answer = bus.call(Service(_SERVICE, _PATH, _INTERFACE), member, signature, body)
    return answer[0] if answer else None
