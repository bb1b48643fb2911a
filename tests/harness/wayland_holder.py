"""A program that holds selected text under Wayland, without a window and without Qt.

`python -m tests.harness.wayland_holder` with `{"kinds": {"text/plain": "…"}}` as JSON on stdin, text
of Latin-1 for bytes. It says "ready" when it is the one who holds it.
"""

import array
import json
import os
import socket
import struct
import sys
from pathlib import Path

_DISPLAY, _REGISTRY, _DONE = 1, 2, 3
_MANAGER, _SEAT, _DEVICE, _SOURCE, _SET = 4, 5, 6, 7, 8
_WANTED = ("zwlr_data_control_manager_v1", "wl_seat")


def main() -> None:
    """Hold it until the program is ended."""
    kinds = json.load(sys.stdin)["kinds"]
    path = Path(os.environ["XDG_RUNTIME_DIR"]) / os.environ["WAYLAND_DISPLAY"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.connect(str(path))
        wire.sendall(_message(_DISPLAY, 1, _number(_REGISTRY)))
        wire.sendall(_message(_DISPLAY, 0, _number(_DONE)))
        names: dict[str, int] = {}
        inbox = _Inbox(wire)
        while (event := inbox.next())[0] != _DONE:
            sender, opcode, words = event
            if (sender, opcode) == (_REGISTRY, 0):
                name, length = struct.unpack_from("=II", words)
                names[words[8 : 7 + length].decode()] = name
        for interface, number, version in (
            (_WANTED[0], _MANAGER, 2),
            (_WANTED[1], _SEAT, 1),
        ):
            words = _number(names[interface]) + _string(interface) + _number(version, number)
            wire.sendall(_message(_REGISTRY, 0, words))
        wire.sendall(_message(_MANAGER, 1, _number(_DEVICE, _SEAT)))
        wire.sendall(_message(_MANAGER, 0, _number(_SOURCE)))
        for kind in kinds:
            wire.sendall(_message(_SOURCE, 0, _string(kind)))
        wire.sendall(_message(_DEVICE, 2, _number(_SOURCE)))
        wire.sendall(_message(_DISPLAY, 0, _number(_SET)))
        while True:
            sender, opcode, words = inbox.next()
            if sender == _SET:
                print("ready", flush=True)
            elif (sender, opcode) == (_SOURCE, 0):
                (length,) = struct.unpack_from("=I", words)
                data = kinds[words[4 : 3 + length].decode()].encode("latin-1")
                _write(inbox.files.pop(0), data)


def _write(pipe: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(pipe, data) :]
    except BrokenPipeError:
        # Whoever read it has had enough.
        pass
    finally:
        os.close(pipe)


class _Inbox:
    """Messages, and the open files that came along."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._came = b""
        self.files: list[int] = []

    def next(self) -> tuple[int, int, bytes]:
        while len(self._came) < 8 or len(self._came) < self._size():
            more, controls, _, _ = self._wire.recvmsg(4096, socket.CMSG_SPACE(64))
            if not more:
                sys.exit(0)
            for _, _, data in controls:
                files = array.array("i")
                files.frombytes(data[: len(data) // files.itemsize * files.itemsize])
                self.files += files
            self._came += more
        sender, opcode = struct.unpack_from("=IH", self._came)
        size = self._size()
        words, self._came = self._came[8:size], self._came[size:]
        return sender, opcode, words

    def _size(self) -> int:
        (size,) = struct.unpack_from("=H", self._came, 6)
        return int(size)


def _message(target: int, opcode: int, words: bytes) -> bytes:
    return struct.pack("=II", target, (8 + len(words)) << 16 | opcode) + words


def _number(*values: int) -> bytes:
    return struct.pack(f"={len(values)}I", *values)


def _string(text: str) -> bytes:
    data = text.encode() + b"\0"
    return _number(len(data)) + data.ljust((len(data) + 3) // 4 * 4, b"\0")


if __name__ == "__main__":
    main()
