"""Whether this computer has any network at all, told without asking anybody. Any thread."""

import ipaddress
import socket
from collections.abc import Iterable

import psutil

__all__ = ["is_offline", "own_addresses"]


def is_offline() -> bool:
    """Return whether no network is connected: no interface is up that others could be reached by.

    False where that cannot be told. Nothing is sent: what can be reached over a network that is
    connected shows when it is tried.
    """
    try:
        stats, addresses = psutil.net_if_stats(), psutil.net_if_addrs()
    except (OSError, psutil.Error):
        return False
    return not any(
        stats[name].isup and _leads_out(each.address for each in found)
        for name, found in addresses.items()
        if name in stats
    )


def own_addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses of this computer in networks that are connected; empty if unknown."""
    try:
        stats, addresses = psutil.net_if_stats(), psutil.net_if_addrs()
    except (OSError, psutil.Error):
        return ()
    found = (
        each.address
        for name, several in addresses.items()
        if name in stats and stats[name].isup
        for each in several
        if each.family is socket.AF_INET and _leads_out([each.address])
    )
    return tuple(dict.fromkeys(found))


def _leads_out(addresses: Iterable[str]) -> bool:
    for address in addresses:
        try:
            # IPv6 has the interface's name after a percent sign; other kinds are no IP addresses.
            known = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            continue
        if not (known.is_loopback or known.is_link_local or known.is_unspecified):
            return True
    return False
