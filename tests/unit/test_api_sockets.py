"""Where the local server listens, and what is said where it cannot."""

import contextlib
import socket
from collections.abc import Iterator, Sequence

import pytest

from desktop.api.sockets import addresses_of, free_port, is_beyond, listen
from desktop.domain.errors import PortTaken, UserFixable


@contextlib.contextmanager
def listening(host: str = "127.0.0.1", port: int = 0) -> Iterator[Sequence[socket.socket]]:
    sockets = listen(host, port)
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "", " LOCALHOST "])
def test_both_loopback_addresses_share_one_port(host: str) -> None:
    with listening(host) as sockets:
        names = [each.getsockname() for each in sockets]
    assert {name[0] for name in names} == {"127.0.0.1", "::1"}
    assert len({name[1] for name in names}) == 1
    assert not is_beyond(host)


def test_addresses_beyond_are_told_apart() -> None:
    assert is_beyond("0.0.0.0")  # noqa: S104 - a name
    assert is_beyond("192.168.1.5")
    # Programs of this computer keep their way in.
    assert addresses_of("192.168.1.5") == ("192.168.1.5", "127.0.0.1", "::1")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_another_has_in_one_family_is_taken(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((address, 0))
        other.listen()
        port: int = other.getsockname()[1]
        with pytest.raises(PortTaken) as taken:
            listen("127.0.0.1", port)
        assert str(port) in str(taken.value.title)
        free = taken.value.free_port
        assert free not in {0, port}
        assert str(free) in str(taken.value.hint)
        with listening(port=free):
            pass
        # Nothing of the vain try is left in the other family.
        twin = socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6
        with socket.socket(twin) as again:
            again.bind(("127.0.0.1" if twin == socket.AF_INET else "::1", port))


def test_a_free_port_is_a_near_one() -> None:
    with listening() as sockets:
        port: int = sockets[0].getsockname()[1]
        free = free_port("127.0.0.1", port)
    assert free != port
    assert free
    assert free_port("127.0.0.1", 65535)


@pytest.mark.parametrize("host", ["example.com", "no such host", "999.1.1.1", "fe80::zz"])
def test_an_address_that_this_computer_does_not_have_is_told(host: str) -> None:
    with pytest.raises(UserFixable) as error:
        listen(host, 0)
    assert host in str(error.value.title)
    assert not isinstance(error.value, PortTaken)
    # The system was not asked: it would ask others.
    assert error.value.__cause__ is None


def test_another_address_is_listened_at_besides_those_of_this_computer() -> None:
    with listening("127.0.0.2") as sockets:
        names = {each.getsockname()[0] for each in sockets}
    assert names == {"127.0.0.1", "127.0.0.2", "::1"}


def test_a_port_can_be_had_again_at_once() -> None:
    with listening() as sockets:
        port: int = sockets[0].getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        sockets[0].setblocking(True)
        server, _ = sockets[0].accept()
        server.close()
        client.close()
    with listening(port=port):
        pass
