"""Starting at login on macOS: a launch agent of the account. Never run on macOS so far.

Source: the manual page launchd.plist(5). The system lists the agent under General, Login Items, as
an item that runs in the background; whether a person has turned it off there is told by
`+[SMAppService statusForLegacyURL:]` (macOS 13). The file is tested on Linux; what that method
really says of an agent that was written a moment ago is not known.
"""

import plistlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from xml.parsers.expat import ExpatError

from desktop.base.files import write_atomically
from desktop.domain.text import Text
from desktop.system.login.base import LoginState
from desktop.system.login.faults import file_fault

BUNDLE_ID: Final = "io.github.lapis-assistant.Lapis"
"""What macOS knows the program by, where it is packed: letters, digits, hyphens and dots only."""

REQUIRES_APPROVAL: Final = 2
"""What SMAppServiceStatus calls an item that the person has to allow first."""


class MacLogin:
    """The file `LABEL.plist` in the folder of the account's launch agents.

    `status` returns what the system says of such a file, as a number of SMAppServiceStatus; None
    where it cannot be asked.
    """

    def __init__(self, home: Path, label: str, status: Callable[[Path], int | None]) -> None:
        self._path = home / "Library" / "LaunchAgents" / f"{label}.plist"
        self._label = label
        self._status = status

    def state(self) -> LoginState:
        """Return what the file and the system say together."""
        if not self.command() or self._agent().get("Disabled") is True:
            return LoginState.OFF
        return LoginState.BLOCKED if self._is_refused() else LoginState.ON

    def command(self) -> tuple[str, ...]:
        """Return what the agent starts."""
        words = self._agent().get("ProgramArguments")
        if not isinstance(words, list):
            return ()
        return tuple(word for word in words if isinstance(word, str))

    def turn_on(self, command: Sequence[str]) -> None:
        """Write the agent; it counts from the next login on."""
        agent = {
            "Label": self._label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            # Only where there is a screen, and not slowed down as a helper would be.
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
            # The list of login items shows the program's name and icon then.
            "AssociatedBundleIdentifiers": [BUNDLE_ID],
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, plistlib.dumps(agent))
            # launchd wants to be able to read it, and nobody else to write it.
            self._path.chmod(0o644)
        except OSError as error:
            raise file_fault(error, self._path) from error

    def turn_off(self) -> None:
        """Remove the agent; what runs goes on running."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise file_fault(error, self._path) from error

    def advice(self) -> Text | None:
        """Say where it is allowed again."""
        if self.state() is not LoginState.BLOCKED:
            return None
        return Text("In System Settings, open General, Login Items, and allow Lapis there.")

    def _is_refused(self) -> bool:
        return self._status(self._path) == REQUIRES_APPROVAL

    def _agent(self) -> dict[str, object]:
        try:
            found = plistlib.loads(self._path.read_bytes())
        except (OSError, ValueError, ExpatError):
            return {}
        return found if isinstance(found, dict) else {}
