"""A computer is offline when nothing it has leads out of it; where it can be reached from others."""

import socket
from types import SimpleNamespace

import psutil
import pytest

from desktop.system.network_links import is_offline, own_addresses


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _machine(
    monkeypatch: pytest.MonkeyPatch, links: dict[str, tuple[bool, tuple[str, ...]]]
) -> None:
    stats = {name: SimpleNamespace(isup=up) for name, (up, _) in links.items()}
    found = {
        name: [SimpleNamespace(address=address, family=_family(address)) for address in addresses]
        for name, (_, addresses) in links.items()
    }
    monkeypatch.setattr(psutil, "net_if_stats", lambda: stats)
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)


_LOOPBACK = (True, ("127.0.0.1", "::1", "00:00:00:00:00:00"))


def test_the_loopback_alone_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, {"lo": _LOOPBACK})

    assert is_offline()


def test_an_address_of_a_network_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, {"lo": _LOOPBACK, "wlan0": (True, ("192.168.1.20", "fe80::1%wlan0"))})

    assert not is_offline()


def test_so_is_one_of_the_newer_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, {"eth0": (True, ("2001:db8::5%eth0",))})

    assert not is_offline()


@pytest.mark.parametrize(
    "link", [(False, ("192.168.1.20",)), (True, ("fe80::1%eth0", "169.254.3.4")), (True, ())]
)
def test_a_cable_that_leads_nowhere_is_none(
    monkeypatch: pytest.MonkeyPatch, link: tuple[bool, tuple[str, ...]]
) -> None:
    _machine(monkeypatch, {"lo": _LOOPBACK, "eth0": link})

    assert is_offline()


def test_what_the_system_does_not_tell_is_taken_for_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "net_if_stats", refuse)

    assert not is_offline()


def test_this_computer_can_be_asked() -> None:
    assert is_offline() in {True, False}


def test_its_addresses_are_those_in_networks_that_are_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wlan = (True, ("192.168.1.20", "fe80::1%wlan0", "2001:db8::5"))
    _machine(
        monkeypatch,
        {
            "lo": _LOOPBACK,
            "wlan0": wlan,
            "eth0": (False, ("10.0.0.7",)),
            "eth1": (True, ("169.254.3.4", "10.1.2.3", "192.168.1.20")),
        },
    )

    assert own_addresses() == ("192.168.1.20", "10.1.2.3")


def test_addresses_that_the_system_does_not_tell_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "net_if_addrs", refuse)

    assert own_addresses() == ()
