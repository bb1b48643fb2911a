"""Is there a screen to draw on? Asked before Qt is touched, because Qt aborts without one.

Standard library only; any process.
"""

import os
import socket
import sys
from pathlib import Path

_CONNECT_SECONDS = 1.0
_X_TCP_PORT = 6000
_SCREENLESS_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


def has_display() -> bool:
    """Return whether a window can be shown: the display server is named and takes connections."""
    if sys.platform in {"win32", "darwin"}:
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform.startswith(_SCREENLESS_PLATFORMS):
        return True
    return _wayland_answers() or _x_answers(os.environ.get("DISPLAY", ""))


def _wayland_answers() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY", "")
    if not name:
        return False
    return _connects(str(Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name))


def _x_answers(display: str) -> bool:
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdecimal():
        return False
    if host in {"", "unix"}:
        path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - the X server's own fixed place
        return _connects(path) or _connects("\0" + path)
    try:
        socket.create_connection((host, _X_TCP_PORT + int(number)), _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _connects(path: str) -> bool:
    if not hasattr(socket, "AF_UNIX"):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_SECONDS)
        try:
            client.connect(path)
        except OSError:
            return False
    return True
