"""A Wayland compositor of a few messages, which misbehaves as a test wants it to.

It knows the registry and what tells of selections, as far as a client asks for it.
"""

import array
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_DISPLAY = 1
_FIRST_OFFER = 0xFF000000

Offer = tuple[str, int]
"""An interface and its version."""


class Compositor:
    """Answers one client after another, in a thread, until it is closed."""

    def __init__(
        self,
        socket_path: Path,
        offered: Sequence[Offer],
        selected: Mapping[str, bytes] | None,
        misbehave: Callable[[socket.socket], bool],
    ) -> None:
        """Listen; `misbehave` gets each client first, and returns whether that was all for it."""
        self._offered = offered
        self._selected = selected
        self._misbehave = misbehave
        self.asked: list[str] = []
        """The interfaces that clients took, and the kinds of text they asked for."""
        self._closing = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(socket_path))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._run, name="compositor")
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            # Clients go away whenever they like.
            with client, suppress(ConnectionError):
                client.settimeout(0.05)
                if not self._misbehave(client):
                    self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        objects: dict[int, str] = {_DISPLAY: "wl_display"}
        for target, opcode, words, files in self._requests(client):
            number = struct.unpack_from("=I", words)[0] if words else 0
            match objects.get(target, ""), opcode:
                case "wl_display", 0:
                    client.sendall(message(number, 0, struct.pack("=I", 0)))
                case "wl_display", 1:
                    objects[number] = "wl_registry"
                    for name, (interface, version) in enumerate(self._offered, 1):
                        told = struct.pack("=I", name) + string(interface)
                        client.sendall(message(number, 0, told + struct.pack("=I", version)))
                case "wl_registry", 0:
                    interface, _ = self._offered[number - 1]
                    self.asked.append(interface)
                    objects[struct.unpack("=I", words[-4:])[0]] = interface
                case str(manager), 1 if "manager" in manager:
                    self._tell(client, number, objects)
                case "offer", 0:
                    (length,) = struct.unpack_from("=I", words)
                    kind = words[4 : 3 + length].decode()
                    self.asked.append(kind)
                    _hand_over(files.pop(0), self._selected or {}, kind)

    def _tell(self, client: socket.socket, device: int, objects: dict[int, str]) -> None:
        """Tell a new device what is copied, which is of no interest, and what is selected."""
        copied, selected = _FIRST_OFFER, _FIRST_OFFER + 1
        objects |= {copied: "offer", selected: "offer"}
        client.sendall(message(device, 0, struct.pack("=I", copied)))
        client.sendall(message(copied, 0, string("text/plain;charset=utf-8")))
        client.sendall(message(device, 1, struct.pack("=I", copied)))
        if self._selected is None:
            client.sendall(message(device, 3, struct.pack("=I", 0)))
            return
        client.sendall(message(device, 0, struct.pack("=I", selected)))
        for kind in self._selected:
            client.sendall(message(selected, 0, string(kind)))
        client.sendall(message(device, 3, struct.pack("=I", selected)))

    def _requests(self, client: socket.socket) -> Iterator[tuple[int, int, bytes, list[int]]]:
        came = b""
        files: list[int] = []
        while not self._closing.is_set():
            try:
                more, controls, _, _ = client.recvmsg(4096, socket.CMSG_SPACE(64))
            except TimeoutError:
                continue
            if not more:
                return
            for _, _, data in controls:
                numbers = array.array("i")
                numbers.frombytes(data[: len(data) // numbers.itemsize * numbers.itemsize])
                files += numbers
            came += more
            while len(came) >= 8 and len(came) >= (size := struct.unpack_from("=H", came, 6)[0]):
                target, opcode = struct.unpack_from("=IH", came)
                yield target, opcode, came[8:size], files
                came = came[size:]


def _hand_over(pipe: int, held: Mapping[str, bytes], kind: str) -> None:
    data = held[kind]
    try:
        while data:
            data = data[os.write(pipe, data) :]
    except BrokenPipeError:
        # Whoever asked for it has had enough.
        pass
    finally:
        os.close(pipe)


def message(target: int, opcode: int, words: bytes) -> bytes:
    """Return an event of `target`."""
    return struct.pack("=II", target, (8 + len(words)) << 16 | opcode) + words


def string(text: str) -> bytes:
    """Return `text` as an argument."""
    data = text.encode() + b"\0"
    return struct.pack("=I", len(data)) + data.ljust((len(data) + 3) // 4 * 4, b"\0")


@contextmanager
def compositor(
    folder: Path,
    offered: Sequence[Offer],
    selected: Mapping[str, bytes] | None = None,
    misbehave: Callable[[socket.socket], bool] = lambda _client: False,
) -> Iterator[tuple[Compositor, dict[str, str]]]:
    """Give a compositor and the environment that leads to it."""
    one = Compositor(folder / "wayland-9", offered, selected, misbehave)
    try:
        yield one, {"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": "wayland-9"}
    finally:
        one.close()
