"""A message bus that lets programs in, and then speaks no D-Bus, or nothing at all."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_MESSAGES = (
    b"X" * 24,
    b"l\x02\0\1" + b"\xff" * 12,
    b"l\x09\0\1" + bytes(12),
    b"l\x02\0\1\0\0\0\0\1\0\0\0\x08\0\0\0\x63\1u\0\1\0\0\0",
)
"""No byte order, longer than any message, of no type, with a field that there is not."""


@contextmanager
def false_bus(folder: Path, *answers: bytes) -> Iterator[bytes]:
    """Take one connection; the first of `answers` is said to its login, the second to its `Hello`.

    Then nothing more is said until the other end hangs up.
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "false"))
        server.listen(1)

        def speak() -> None:
            client, _ = server.accept()
            with client:
                said = b""
                for end, answer in zip((b"\r\n", b"Hello"), answers, strict=False):
                    while end not in said:
                        said += client.recv(4096)
                    client.sendall(answer)
                while client.recv(4096):
                    pass

        thread = threading.Thread(target=speak, name="false bus")
        thread.start()
        yield os.fsencode(folder / "false")
        thread.join(10)
