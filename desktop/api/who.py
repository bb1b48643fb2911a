"""Who asks, and may they: host, origin, key, by the head of a request alone.

Web pages in the person's browser can reach this computer too: by a name that leads here (the Host is
held against our own), or from a page of theirs (their Origin is refused, before anything is done).
Pure functions over what ASGI calls a scope.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from starlette.types import Scope

from desktop.api.limits import LARGEST_HEAD, LONGEST_TARGET, MOST_HEADERS
from desktop.api.refused import Refused
from desktop.domain.text import printable, shortened

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
_LONGEST_AGENT: Final = 80
_LONGEST_ROUTE: Final = 120


def header(scope: Scope, name: bytes) -> list[str]:
    """Return every value of a header; `name` in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def one(scope: Scope, name: bytes) -> str:
    """Return the first value of a header, empty if it is missing."""
    return next(iter(header(scope, name)), "")


def client_of(scope: Scope) -> str:
    """Return the address of the client."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def agent_of(scope: Scope) -> str:
    """Return what the client calls itself."""
    return shortened(printable(one(scope, b"user-agent")), _LONGEST_AGENT)


def route_of(scope: Scope) -> str:
    """Return the path alone, to be shown to people."""
    return shortened(printable(scope["path"]), _LONGEST_ROUTE)


def check_head(scope: Scope) -> None:
    """Refuse a head that is too large, or whose body has two lengths."""
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    target = len(scope["raw_path"]) + len(scope["query_string"])
    together = sum(len(name) + len(value) + 4 for name, value in headers)
    if target > LONGEST_TARGET or len(headers) > MOST_HEADERS or together > LARGEST_HEAD:
        raise Refused(431, "The head of the request is too large")
    if header(scope, b"transfer-encoding") and header(scope, b"content-length"):
        raise Refused(400, "The request gives two lengths for its body")
    if not scope["path"].startswith("/"):
        raise Refused(400, "The request must name a path, not an address")


def check_host(scope: Scope, port: int, beyond: Iterable[str]) -> str:
    """Return the Host if it is one of ours; `beyond` are further addresses that we listen at."""
    hosts = header(scope, b"host")
    if len(hosts) != 1:
        raise Refused(400, "The request must have exactly one Host")
    found = _HOST.fullmatch(hosts[0].lower())
    ours = {*LOOPBACK_NAMES, *map(_bracketed, beyond)}
    if found is None or found[1] not in ours or found[2] not in {None, str(port)}:
        raise Refused(403, "The Host of the request is not this server")
    return hosts[0].lower()


def foreign_origin(scope: Scope, host: str, listed: Iterable[str]) -> str | None:
    """Return the origin that a request came from and that nobody let in, None if there is none.

    It is empty where a browser says that another site asks, and does not say which. The pages of
    this server itself are at home.
    """
    origins = header(scope, b"origin")
    if not origins:
        return "" if one(scope, b"sec-fetch-site").lower() in _ELSEWHERE else None
    let_in = {f"http://{host}", *listed}
    return next((origin for origin in origins if origin not in let_in), None)


def has_key(scope: Scope, key: str) -> bool:
    """Return whether the request brings `key` as a bearer token; an empty one nobody has."""
    given = header(scope, b"authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    matches = hmac.compare_digest(token.strip().encode(), key.encode())
    return matches and bool(key) and scheme.lower() == "bearer"


def is_near(client: str) -> bool:
    """Return whether an address is this computer's own."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _bracketed(address: str) -> str:
    return f"[{address.lower()}]" if ":" in address else address.lower()
