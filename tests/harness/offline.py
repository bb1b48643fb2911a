"""`python -m tests.harness.offline COMMAND`: run COMMAND on a machine without a network.

A fresh network namespace has a loopback device and nothing else, for the command and all that it
starts, Qt and the engine process included. Where the system allows no such namespaces, the command
runs all the same and `LAPIS_TEST_OFFLINE` is not set: then only the guard in Python watches.
Standard library only; must run before any thread is started.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

VARIABLE = "LAPIS_TEST_OFFLINE"
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REQUEST = "16sh14x"


def main(command: list[str]) -> None:
    """Leave the network if that is possible, and become `command`."""
    if sys.platform == "linux" and _is_possible():
        leave_network()
        os.environ[VARIABLE] = "1"
    else:
        print("No network namespaces here: only the guard inside Python watches the network.")
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 - becoming the given command is all this does


def leave_network() -> None:
    """Put this process into a network of its own, with loopback up; raises OSError."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        _unshare(_CLONE_NEWNET)
    else:
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack(_REQUEST, b"lo", 0))
        flags = struct.unpack(_REQUEST, answer)[1] | _IFF_UP
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack(_REQUEST, b"lo", flags))


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _is_possible() -> bool:
    """Try it in a child: a half-made namespace cannot be left again."""
    child = os.fork()
    if child == 0:
        try:
            leave_network()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main(sys.argv[1:])
