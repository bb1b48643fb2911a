"""Starting at login from inside a Flatpak: the portal asks the person, and writes the entry.

Source: `org.freedesktop.portal.Background`. The portal cannot be asked how things stand: what it
answered last is kept in a small file of ours, so an entry that was removed in the desktop's own
settings still counts as on here. Blocks until the person has answered, two minutes at most.
"""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from desktop.base.files import write_atomically
from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.system.login.base import LoginState
from desktop.system.login.faults import NOT_CHANGED, file_fault
from desktop.system.session_bus import PORTAL, PORTAL_PATH, REQUEST, Service, bus_address

if TYPE_CHECKING:
    from desktop.system.bus_calls import BusCalls

_BACKGROUND: Final = "org.freedesktop.portal.Background"
# A service that cannot be started takes the bus two minutes to give up.
_CALL_SECONDS: Final = 5.0
_PERSON_SECONDS: Final = 120.0
_DONE, _REFUSED = 0, 1

Values: TypeAlias = Mapping[str, tuple[str, Any]]
"""What D-Bus calls a{sv}: values with their types, by name."""


class FlatpakLogin:
    """What the portal was asked for last; `note` is the file that remembers its answer.

    `reason` is what a person reads when the portal asks, in the person's language.
    """

    def __init__(self, environment: Mapping[str, str], note: Path, reason: str) -> None:
        self._bus = bus_address(environment)
        self._note = note
        self._reason = reason

    def state(self) -> LoginState:
        """Return what was answered last; UNSUPPORTED if nobody could answer."""
        with contextlib.suppress(OSError, ValueError):
            return LoginState(self._note.read_text(encoding="ascii").strip())
        return LoginState.OFF if self._is_offered() else LoginState.UNSUPPORTED

    def command(self) -> tuple[str, ...]:
        """Return nothing: the entry lies outside of what can be seen from here."""
        return ()

    def turn_on(self, command: Sequence[str]) -> None:
        """Ask the portal; raises StorageError unless it, and the person asked by it, agree."""
        code, results = self._asked(command, is_on=True)
        _kind, is_granted = results.get("autostart", ("b", False))
        if code == _DONE and is_granted:
            self._keep(LoginState.ON)
        elif code in {_DONE, _REFUSED}:
            self._keep(LoginState.BLOCKED)
            raise StorageError(Text("Your desktop keeps Lapis from starting at login"), _WHERE)
        else:
            raise StorageError(NOT_CHANGED, Text("Your desktop could not do it."))

    def turn_off(self) -> None:
        """Ask the portal to remove the entry; raises StorageError if it does not."""
        code, _results = self._asked((), is_on=False)
        if code != _DONE:
            raise StorageError(NOT_CHANGED, Text("Your desktop could not do it."))
        self._keep(LoginState.OFF)

    def advice(self) -> Text | None:
        """Say where it is allowed again."""
        return _WHERE if self.state() is LoginState.BLOCKED else None

    def _keep(self, state: LoginState) -> None:
        try:
            self._note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._note, f"{state}\n".encode())
        except OSError as error:
            raise file_fault(error, self._note) from error

    def _is_offered(self) -> bool:
        if self._bus is None:
            return False
        from desktop.system.bus_calls import BusCalls, BusFault

        properties = Service(PORTAL, PORTAL_PATH, "org.freedesktop.DBus.Properties")
        try:
            with BusCalls(self._bus, _CALL_SECONDS) as bus:
                bus.call(properties, "Get", "ss", (_BACKGROUND, "version"))
        except BusFault:
            return False
        return True

    def _asked(self, command: Sequence[str], *, is_on: bool) -> tuple[int, Values]:
        """Return the portal's code and results; raises StorageError if it does not answer."""
        from desktop.system.bus_calls import BusCalls, BusFault

        silent = Text("Your desktop did not answer.")
        if self._bus is None:
            raise StorageError(NOT_CHANGED, silent)
        try:
            with BusCalls(self._bus, _PERSON_SECONDS) as bus:
                return _response(bus, self._options(command, is_on=is_on))
        except BusFault as error:
            raise StorageError(NOT_CHANGED, silent) from error

    def _options(self, command: Sequence[str], *, is_on: bool) -> dict[str, tuple[str, Any]]:
        options: dict[str, tuple[str, Any]] = {
            "handle_token": ("s", f"lapis{secrets.token_hex(8)}"),
            "reason": ("s", self._reason),
            "autostart": ("b", is_on),
        }
        if command:
            options["commandline"] = ("as", list(command))
        return options


_WHERE: Final = Text("In the settings of your desktop, let Lapis run in the background.")


def _response(bus: "BusCalls", options: dict[str, tuple[str, Any]]) -> tuple[int, Values]:
    """Make the request and wait for what becomes of it: its code and results; raises BusFault."""
    from desktop.system.bus_calls import BUS

    # Before the request: the answer may come at once. Of any request, for old portals choose
    # another path than the one they are told to.
    rule = f"type='signal',sender='{PORTAL}',interface='{REQUEST}',member='Response'"
    bus.call(BUS, "AddMatch", "s", (rule,), seconds=_CALL_SECONDS)
    portal = Service(PORTAL, PORTAL_PATH, _BACKGROUND)
    asked = "sa{sv}", ("", options)
    accepted = bus.call(portal, "RequestBackground", *asked, seconds=_CALL_SECONDS)
    owner = bus.call(BUS, "GetNameOwner", "s", (PORTAL,), seconds=_CALL_SECONDS)
    while True:
        told = bus.heard()
        # The bus keeps what others announce to everybody away, but not what is sent to us alone.
        if (told.sender, told.path) == (*owner, *accepted):
            match told.body:
                case (int(code), dict(results)):
                    return code, results
                case _:
                    raise StorageError(NOT_CHANGED, Text("Your desktop could not do it."))
