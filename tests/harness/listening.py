"""Whether somebody listens at a socket: its file is there a moment before."""

import socket
from pathlib import Path


def is_listening(path: Path) -> bool:
    """Return whether a connection to the Unix socket at `path` is taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
