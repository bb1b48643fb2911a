"""Starting at login from inside a Flatpak: the portal asks the person, and writes the entry.

Source: `org.freedesktop.portal.Background`. The portal cannot be asked how things stand: what it
answered last is kept in a small file of ours, so an entry that was removed in the desktop's own
settings still counts as on here. Blocks until the person has answered, two minutes at most.
"""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from desktop.base.files import write_atomically
from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.system.login.base import LoginState
from desktop.system.login.faults import NOT_CHANGED, file_fault

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

_PORTAL: Final = "org.freedesktop.portal.Desktop"
_PATH: Final = "/org/freedesktop/portal/desktop"
_BACKGROUND: Final = "org.freedesktop.portal.Background"
_REQUEST: Final = "org.freedesktop.portal.Request"
# A service that cannot be started takes the bus two minutes to give up.
_CALL_SECONDS: Final = 5.0
_PERSON_SECONDS: Final = 120.0
_DONE, _REFUSED = 0, 1

Values: TypeAlias = Mapping[str, tuple[str, Any]]
"""What D-Bus calls a{sv}: values with their types, by name."""


class _Silent(Exception):
    """The portal is not there, or does not answer."""


class FlatpakLogin:
    """What the portal was asked for last; `note` is the file that remembers its answer.

    `reason` is what a person reads when the portal asks, in the person's language.
    """

    def __init__(self, environment: Mapping[str, str], note: Path, reason: str) -> None:
        runtime = environment.get("XDG_RUNTIME_DIR", "")
        self._bus = environment.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={runtime}/bus"
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
        from jeepney import DBusAddress, Properties

        background = DBusAddress(_PATH, _PORTAL, _BACKGROUND)
        try:
            with self._connected() as bus:
                _reply(bus, Properties(background).get("version"))
        except _Silent:
            return False
        return True

    def _asked(self, command: Sequence[str], *, is_on: bool) -> tuple[int, Values]:
        """Return the portal's code and results; raises StorageError if it does not answer."""
        try:
            with self._connected() as bus:
                return _response(bus, self._options(command, is_on=is_on))
        except _Silent as error:
            raise StorageError(NOT_CHANGED, Text("Your desktop did not answer.")) from error

    def _options(self, command: Sequence[str], *, is_on: bool) -> dict[str, tuple[str, Any]]:
        options: dict[str, tuple[str, Any]] = {
            "handle_token": ("s", f"lapis{secrets.token_hex(8)}"),
            "reason": ("s", self._reason),
            "autostart": ("b", is_on),
        }
        if command:
            options["commandline"] = ("as", list(command))
        return options

    @contextlib.contextmanager
    def _connected(self) -> "Iterator[DBusConnection]":
        from jeepney.io.blocking import open_dbus_connection

        try:
            bus = open_dbus_connection(self._bus)
        except (OSError, RuntimeError, ValueError) as error:
            raise _Silent from error
        with bus:
            yield bus


_WHERE: Final = Text("In the settings of your desktop, let Lapis run in the background.")


def _response(bus: "DBusConnection", options: dict[str, tuple[str, Any]]) -> tuple[int, Values]:
    """Make the request and wait for what becomes of it: its code and results; raises _Silent."""
    from jeepney import DBusAddress, HeaderFields, MatchRule, new_method_call
    from jeepney.bus_messages import message_bus

    rule = MatchRule(type="signal", interface=_REQUEST, member="Response")
    # Before the request: the answer may come at once. Of any request, for old portals choose
    # another path than the one they are told to.
    _reply(bus, message_bus.AddMatch(rule))
    with bus.filter(rule, bufsize=8) as heard:
        portal = DBusAddress(_PATH, _PORTAL, _BACKGROUND)
        request = new_method_call(portal, "RequestBackground", "sa{sv}", ("", options))
        accepted = _reply(bus, request)
        deadline = time.monotonic() + _PERSON_SECONDS
        while True:
            try:
                told = bus.recv_until_filtered(heard, timeout=deadline - time.monotonic())
            except OSError as error:
                raise _Silent from error
            fields = told.header.fields
            is_ours = fields[HeaderFields.path] == accepted.body[0]
            if (
                is_ours
                and fields[HeaderFields.sender] == accepted.header.fields[HeaderFields.sender]
            ):
                code, results = told.body
                return code, results


def _reply(bus: "DBusConnection", message: "Message") -> "Message":
    from jeepney import MessageType

    try:
        answer = bus.send_and_get_reply(message, timeout=_CALL_SECONDS)
    except OSError as error:
        raise _Silent from error
    if answer.header.message_type is not MessageType.method_return:
        raise _Silent
    return answer
