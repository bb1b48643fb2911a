"""A desktop portal that gives keys, with every manner that real ones were seen to have.

It answers in a thread of its own, on a bus of the tests. `Manners` says how; what it was asked is
in `calls`, and `press`, `change`, `close_session` and `decide` are what a person and a desktop do.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
SESSION = "org.freedesktop.portal.Session"
REQUEST = "org.freedesktop.portal.Request"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
NOT_ALLOWED = "org.freedesktop.portal.Error.NotAllowed"

NEVER = -1
"""No response at all."""
LATER = -2
"""A person is thinking: `decide` says what comes of it."""


@dataclass
class Manners:
    """How the portal behaves. Errors are (name, words)."""

    version: int | None = 1
    register: tuple[str, str] | None = None
    create: int | tuple[str, str] = 0
    bind: int = 0
    listed: Mapping[str, str] | None = None
    """What it lists after a success: keys by shortcut; None for all with what was asked for."""
    tells_list: bool = True
    """Whether the answer to binding has the list; else only asking for it gives one."""
    is_draft: bool = False
    """As Plasma 5: the shortcuts come with the session, and binding opens the settings."""
    path_of_its_own: bool = False
    is_quick: bool = False
    """The response is sent before the reply."""
    is_deaf: bool = False
    """Nothing is answered."""


@dataclass
class FakePortal:
    """One that runs. Lists and replies are made in its thread, signals in that of the test."""

    address: str
    manners: Manners
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    session: str = ""
    client: str = ""
    sessions: list[str] = field(default_factory=list)
    _bus: DBusConnection | None = None
    _shortcuts: Mapping[str, str] = field(default_factory=dict[str, str])
    _waiting: str = ""

    def asked(self, member: str) -> list[tuple[Any, ...]]:
        """Return the arguments of all calls of `member`."""
        return [body for name, body in list(self.calls) if name == member]

    def press(
        self,
        name: str,
        token: str = "",
        when: int = 0,
        *,
        session: str = "",
        member: str = "Activated",
    ) -> None:
        """Tell that a key was pressed, or with "Deactivated" let go."""
        self._send(self._pressed(name, token, when, session or self.session, member))

    def press_as_stranger(self, name: str) -> None:
        """Have somebody else on the bus tell so."""
        with open_dbus_connection(self.address) as stranger:
            stranger.send(self._pressed(name, "", 0, self.session, "Activated"))
            # A call that comes back says that the signal before it was passed on.
            stranger.send_and_get_reply(message_bus.GetId())

    def change(self, listed: Mapping[str, str]) -> None:
        """Tell that the person has chosen other keys in the settings of the desktop."""
        body = (self.session, _as_listed(listed))
        self._signal(DBusAddress(PATH, interface=SHORTCUTS), "ShortcutsChanged", "oa(sa{sv})", body)

    def close_session(self) -> None:
        """End the session, as the desktop may."""
        self._signal(DBusAddress(self.session, interface=SESSION), "Closed", "a{sv}", ({},))

    def decide(self, code: int) -> None:
        """Answer the question that `LATER` left open."""
        self._respond(self._waiting, code, self._bound())

    def serve(self, bus: DBusConnection) -> None:
        """Answer until somebody says Quit."""
        self._bus = bus
        while True:
            message = bus.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            if member == "Quit":
                return
            self.client = message.header.fields[HeaderFields.sender]
            self.calls.append((member, message.body))
            if not self.manners.is_deaf:
                self._answer(message, member)

    def _answer(self, message: Message, member: str) -> None:
        manners = self.manners
        match member:
            case "Register" if manners.register:
                self._send(new_error(message, manners.register[0], "s", (manners.register[1],)))
            case "Get" if manners.version is None:
                self._send(new_error(message, UNKNOWN_METHOD, "s", ("No such interface",)))
            case "Get":
                self._send(new_method_return(message, "v", (("u", manners.version),)))
            case "CreateSession" if isinstance(manners.create, tuple):
                self._send(new_error(message, manners.create[0], "s", (manners.create[1],)))
            case "CreateSession":
                self._create(message, message.body[0])
            case "ListShortcuts":
                listed = ("a(sa{sv})", _as_listed(self._given()))
                self._request(message, message.body[1], 0, {"shortcuts": listed})
            case "BindShortcuts":
                self._shortcuts = _triggers(message.body[1])
                self._request(message, message.body[3], manners.bind, self._bound())
            case _:
                self._send(new_method_return(message))

    def _create(self, message: Message, options: Mapping[str, Any]) -> None:
        sender = self.client.removeprefix(":").replace(".", "_")
        token = options["session_handle_token"][1]
        if self.manners.create == 0:
            self.session = f"{PATH}/session/{sender}/{token}"
            self.sessions.append(self.session)
            if self.manners.is_draft and "shortcuts" in options:
                self._shortcuts = _triggers(options["shortcuts"][1])
        results = {"session_handle": ("s", self.session)}
        self._request(message, options, int(self.manners.create), results)  # type: ignore[arg-type]

    def _request(
        self,
        message: Message,
        options: Mapping[str, Any],
        code: int,
        results: Mapping[str, Any],
    ) -> None:
        sender = self.client.removeprefix(":").replace(".", "_")
        token = "own" if self.manners.path_of_its_own else options["handle_token"][1]
        path = f"{PATH}/request/{sender}/{token}"
        reply = new_method_return(message, "o", (path,))
        if self.manners.is_quick:
            self._respond(path, code, results)
            self._send(reply)
            return
        self._send(reply)
        if code == LATER:
            self._waiting = path
        elif code != NEVER:
            self._respond(path, code, results)

    def _respond(self, path: str, code: int, results: Mapping[str, Any]) -> None:
        body = (code, results if code == 0 else {})
        self._signal(DBusAddress(path, interface=REQUEST), "Response", "ua{sv}", body)

    def _given(self) -> Mapping[str, str]:
        return self._shortcuts if self.manners.listed is None else self.manners.listed

    def _bound(self) -> Mapping[str, Any]:
        if not self.manners.tells_list:
            return {}
        return {"shortcuts": ("a(sa{sv})", _as_listed(self._given()))}

    def _pressed(self, name: str, token: str, when: int, session: str, member: str) -> Message:
        options = {"activation_token": ("s", token)} if token else {}
        address = DBusAddress(PATH, interface=SHORTCUTS)
        signal = new_signal(address, member, "osta{sv}", (session, name, when, options))
        signal.header.fields[HeaderFields.destination] = self.client
        return signal

    def _signal(self, address: DBusAddress, member: str, kind: str, body: tuple[Any, ...]) -> None:
        signal = new_signal(address, member, kind, body)
        signal.header.fields[HeaderFields.destination] = self.client
        self._send(signal)

    def _send(self, message: Message) -> None:
        assert self._bus is not None, "it runs"
        self._bus.send(message)


@contextmanager
def fake_portal(address: str, manners: Manners | None = None) -> Iterator[FakePortal]:
    """Run one on the bus at `address`; at the end its name is free again."""
    portal = FakePortal(address, manners or Manners())
    with open_dbus_connection(address) as bus:
        bus.send_and_get_reply(message_bus.RequestName(NAME))
        portal._bus = bus
        thread = threading.Thread(target=portal.serve, args=(bus,), name="fake-portal")
        thread.start()
        try:
            yield portal
        finally:
            with open_dbus_connection(address) as other:
                quit_it = DBusAddress(PATH, NAME, "org.example.Test")
                other.send(new_method_call(quit_it, "Quit"))
                thread.join(10)


def _triggers(shortcuts: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    return {name: facts["preferred_trigger"][1] for name, facts in shortcuts}


def _as_listed(listed: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {"trigger_description": ("s", keys)}) for name, keys in listed.items()]
