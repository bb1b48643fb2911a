"""Which proxy a request passes: that of the settings, else of the environment. Pure; any thread.

Variables are read as curl reads them (`https_proxy`, `all_proxy`, `no_proxy`, in small letters
first); what stays on this computer, or in its private network, never passes one.
"""

import ipaddress
import sys
from typing import Final

from desktop.domain.errors import UserFixable
from desktop.domain.text import Text
from desktop.hub.network import Network, is_near, origin, shown_address, split_address

_SCHEMES: Final = frozenset({"http", "https", "socks5", "socks5h"})


def proxy_for(network: Network, url: str) -> str:
    """Return the address of the proxy for `url`, empty for none; raises UserFixable.

    The setting comes first, then the variables as curl reads them. Whether the system has one
    besides is not known here: see `asks_system`.
    """
    scheme, host, port = origin(url)
    if is_near(host):
        return ""
    if network.proxy:
        return proxy_address(network.proxy)
    variables = network.environment
    if _is_exempt(host, port, variables.get("no_proxy") or variables.get("NO_PROXY") or ""):
        return ""
    for name in (f"{scheme}_proxy", "all_proxy"):
        address = variables.get(name) or variables.get(name.upper())
        if address:
            return proxy_address(address)
    return ""


def asks_system(network: Network, url: str) -> bool:
    """Return whether only the system's own settings are left to say which proxy `url` takes.

    Only Windows and macOS have such settings besides the variables.
    """
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    told = any(network.environment.get(n) or network.environment.get(n.upper()) for n in names)
    has_settings = sys.platform in {"win32", "darwin"}
    return has_settings and not network.proxy and not told and not is_near(origin(url)[1])


def proxy_address(text: str) -> str:
    """Return the address of a proxy as typed, with its scheme; raises UserFixable."""
    address = text.strip()
    parts = split_address(address if "://" in address else f"http://{address}")
    if parts is None or parts.scheme not in _SCHEMES:
        raise UserFixable(
            Text("{address} is not the address of a proxy", {"address": shown_address(address)}),
            Text("Write it like this: http://proxy.example.com:8080"),
        )
    return parts.geturl()


def _is_exempt(host: str, port: int, exempt: str) -> bool:
    for entry in exempt.replace(",", " ").split():
        name, _, wanted_port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        if wanted_port and wanted_port != str(port):
            continue
        name = name.strip("[]").removeprefix("*").lower().removeprefix(".")
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
        if "/" in entry and _is_in_network(host, entry):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
