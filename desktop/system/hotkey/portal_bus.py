"""A place on the session bus that never makes anybody wait: what D-Bus asks of the portal's client.

Everything is sent and read as far as it goes at once, the login included, so that a bus that hangs
cannot hold the window up. jeepney makes and reads the messages; its own connections block. Imported
when the connection is made, for jeepney's sake. GUI thread.
"""

import socket
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Parser,
    new_error,
    new_method_call,
)
from jeepney.auth import AuthenticationError, Authenticator

from desktop.system.hotkey.portal_timers import Timers
from desktop.system.hotkey.portal_values import (
    BUS,
    TIMED_OUT,
    BusLost,
    BusSignal,
    Done,
    Reply,
)
from desktop.system.session_bus import NONSENSE, Service

_BUS_PATH: Final = "/org/freedesktop/DBus"
_CHUNK: Final = 65536
_LOGIN_SECONDS: Final = 5.0
# The socket's buffer is full: who reads the other end is slow. Nobody tells us when it is not.
_SEND_AGAIN_SECONDS: Final = 0.05


class Bus:
    """One connection. What it tells arrives in `pump`, never in `call`."""

    def __init__(
        self,
        address: bytes,
        signalled: Callable[[BusSignal], None],
        lost: Callable[[], None],
        timers: Timers,
    ) -> None:
        """Connect; raises BusLost. `lost` is called once, in `pump`, if the bus ends."""
        self.unique_name = ""
        self._signalled = signalled
        self._lost = lost
        self._timers = timers
        self._serials = count(1)
        self._waiting: dict[int, Done] = {}
        self._authenticator: Authenticator | None = Authenticator()
        self._parser = Parser()
        # What is sent before the login is through, and then what the socket did not take.
        self._held = bytearray()
        self._outgoing = bytearray()
        self._closed = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise BusLost from error
        self._outgoing += self._authenticator.data_to_send() or b""
        self.call_bus("Hello", "", (), self._on_hello, _LOGIN_SECONDS)
        try:
            self._send()
        except BusLost:
            # Or the greeting's timer would end the bus that was connected to after this one.
            self.close()
            raise

    def fileno(self) -> int | None:
        """Return the socket, to be watched for reading."""
        return None if self._closed else self._socket.fileno()

    def call(
        self,
        service: Service,
        member: str,
        signature: str,
        body: Sequence[Any],
        done: Done | None = None,
        seconds: float | None = None,
    ) -> None:
        """Call a method. `done` gets its reply, or `TIMED_OUT` after `seconds` (None: never)."""
        if self._closed:
            return
        address = DBusAddress(service.path, service.name, service.interface)
        message = new_method_call(address, member, signature or None, tuple(body))
        serial = next(self._serials)
        if done is not None:
            self._waiting[serial] = done
            if seconds is not None:
                self._timers.start(seconds, lambda: self._answer(serial, Reply(error=TIMED_OUT)))
        self._put(message, serial)

    def call_bus(
        self,
        member: str,
        signature: str,
        body: Sequence[Any],
        done: Done | None = None,
        seconds: float | None = None,
    ) -> None:
        """Call a method of the bus itself."""
        self.call(Service(BUS, _BUS_PATH, BUS), member, signature, body, done, seconds)

    def pump(self) -> None:
        """Send and read what can be."""
        try:
            self._send()
            self._read()
        except (BusLost, AuthenticationError):
            self._end()

    def close(self) -> None:
        """Hang up; nothing is called any more. Idempotent."""
        if not self._closed:
            self._closed = True
            self._waiting.clear()
            self._socket.close()

    def _end(self) -> None:
        if not self._closed:
            self.close()
            self._lost()

    def _on_hello(self, reply: Reply) -> None:
        if reply.error or not reply.body:
            self._end()
        else:
            self.unique_name = reply.body[0]

    def _put(self, message: Message, serial: int) -> None:
        data = message.serialise(serial=serial)
        if self._authenticator is not None:
            self._held += data
            return
        self._outgoing += data
        try:
            self._send()
        except BusLost:
            # Reading finds out as well, where it may be told.
            self._outgoing.clear()

    def _send(self) -> None:
        while self._outgoing and not self._closed:
            try:
                sent = self._socket.send(self._outgoing)
            except BlockingIOError:
                self._timers.start(_SEND_AGAIN_SECONDS, self.pump)
                return
            except OSError as error:
                raise BusLost from error
            del self._outgoing[:sent]

    def _read(self) -> None:
        while not self._closed:
            try:
                data = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError as error:
                raise BusLost from error
            if not data:
                raise BusLost
            if self._authenticator is not None:
                self._log_in(self._authenticator, data)
                continue
            self._parser.add_data(data)
            while message := self._next_message():
                self._take(message)

    def _next_message(self) -> Message | None:
        try:
            return self._parser.get_next_message()
        except NONSENSE as error:
            raise BusLost from error

    def _log_in(self, authenticator: Authenticator, data: bytes) -> None:
        authenticator.feed(data)
        while words := authenticator.data_to_send():
            self._outgoing += words
        if authenticator.state.name == "Success":
            self._authenticator = None
            self._outgoing += b"BEGIN\r\n" + self._held
            self._held.clear()
            self._send()

    def _take(self, message: Message) -> None:
        if self._closed:
            # Whoever was told of the one before has hung up.
            return
        fields = message.header.fields
        sender = fields.get(HeaderFields.sender, "")
        answered = fields.get(HeaderFields.reply_serial, 0)
        match message.header.message_type:
            case MessageType.method_return:
                self._answer(answered, Reply(message.body, sender=sender))
            case MessageType.error:
                name = fields.get(HeaderFields.error_name, "") or "error"
                words = message.body[0] if message.body else ""
                said = words if isinstance(words, str) else ""
                self._answer(answered, Reply(error=name, words=said, sender=sender))
            case MessageType.signal:
                self._signalled(
                    BusSignal(
                        sender,
                        fields.get(HeaderFields.path, ""),
                        fields.get(HeaderFields.interface, ""),
                        fields.get(HeaderFields.member, ""),
                        message.body,
                    )
                )
            case MessageType.method_call:
                # Nothing is offered here; whoever asks is not left waiting.
                refusal = new_error(message, f"{BUS}.Error.UnknownMethod", "s", ("Nothing here",))
                self._put(refusal, next(self._serials))

    def _answer(self, serial: int, reply: Reply) -> None:
        done = self._waiting.pop(serial, None)
        if done is not None:
            done(reply)
