"""Where the local server listens: sockets on this computer, or the reason why there are none.

`localhost` may lead to either address family, so both loopback addresses are listened at, with one
port, or none is. Any thread; quick.
"""

import errno
import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from desktop.domain.errors import LapisError, PortTaken, UserFixable
from desktop.domain.text import Text

NEAR: Final = ("127.0.0.1", "::1")
_NEAR_NAMES: Final = frozenset({*NEAR, "localhost", ""})
_EVERYWHERE: Final = {"0.0.0.0": ("0.0.0.0", "::1"), "::": ("0.0.0.0", "::")}  # noqa: S104 - asked for
_BACKLOG: Final = 128
_SEND_BUFFER: Final = 64 * 1024
_TRIES: Final = 20
_NO_SUCH_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
_TAKEN: Final = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})


def is_beyond(host: str) -> bool:
    """Return whether a server at `host` can be reached from other computers."""
    return host.strip().casefold() not in _NEAR_NAMES


def listen(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets at both loopback addresses and at `host`; `port` 0 takes a free one.

    Raises PortTaken, with a port that is free, or UserFixable.
    """
    addresses = addresses_of(host)
    if not all(map(_is_address, addresses)):
        # A name would have to be asked for, and might lead anywhere.
        raise _no_such_address(host)
    try:
        return _all_or_none(addresses, port)
    except OSError as error:
        if error.errno in _TAKEN:
            free = free_port(host, port)
            raise _taken(port, free) from error
        raise _refused(host, port, error) from error


def free_port(host: str, port: int) -> int:
    """Return a port near `port` that is free at `host`, 0 if none was found."""
    addresses = addresses_of(host)
    for each in [*range(port + 1, min(port + 1 + _TRIES, 65536)), 0]:
        try:
            found = _all_or_none(addresses, each)
        except OSError:
            continue
        number: int = found[0].getsockname()[1]
        for each_socket in found:
            each_socket.close()
        return number
    return 0


def addresses_of(host: str) -> tuple[str, ...]:
    """Return the addresses that a server at `host` listens at.

    Those of this computer are among them: its programs keep the address that they have.
    """
    return _EVERYWHERE.get(host.strip(), (host.strip(), *NEAR)) if is_beyond(host) else NEAR


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _all_or_none(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Return a listening socket for each address that this computer has; raises OSError."""
    tries = _TRIES if port == 0 else 1
    for left in reversed(range(tries)):
        try:
            return list(_opened(addresses, port))
        except OSError as error:
            # The second family may have that port taken which the first one had free.
            if not left or error.errno not in _TAKEN:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free")


def _opened(addresses: Sequence[str], port: int) -> Iterator[socket.socket]:
    with ExitStack() as undo:
        opened: list[socket.socket] = []
        for address in addresses:
            number = opened[0].getsockname()[1] if opened else port
            try:
                found = _listening(address, number)
            except OSError as error:
                if opened and error.errno in _NO_SUCH_FAMILY:
                    # A computer without IPv6.
                    continue
                raise
            undo.callback(found.close)
            opened.append(found)
        undo.pop_all()
    yield from opened


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There the other option would let two programs have one port.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Taken over by each connection: who does not read is noticed after a few hundred lines.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        opened.setblocking(False)
        opened.bind((address, port))
        opened.listen(_BACKLOG)
    except (OSError, OverflowError):
        opened.close()
        raise
    return opened


def _taken(port: int, free: int) -> PortTaken:
    return PortTaken(
        Text("Another program listens at port {port}", {"port": str(port)}),
        Text("End that program, or use port {port}, which is free.", {"port": str(free)})
        if free
        else Text("End that program, or choose another port."),
        free,
    )


def _refused(host: str, port: int, error: OSError) -> LapisError:
    if error.errno in _FORBIDDEN:
        return UserFixable(
            Text("The system does not let Lapis listen at port {port}", {"port": str(port)}),
            Text("Choose a port from 1024 to 65535."),
        )
    return _no_such_address(host)


def _no_such_address(host: str) -> LapisError:
    return UserFixable(
        Text("Lapis cannot listen at {host}", {"host": host}),
        Text("Give an address that this computer has, such as 127.0.0.1."),
    )
