"""Which address, proxy, certificates and token a request goes with. Pure; any thread.

The rules are few and hold for every request of this room: what stays on this computer, or in its
private network, never passes a proxy; certificates are always checked; a token is shown to the
hub it belongs to and to nobody else, neither a mirror nor whoever stores the files.
"""

import contextlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from desktop.domain.errors import BadReference, Offline, UserFixable
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.repository import Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text, printable, shortened

if TYPE_CHECKING:
    import ssl

HUGGING_FACE: Final = "https://huggingface.co"
MODELSCOPE: Final = "https://modelscope.cn"
# The hub itself. Names below these belong to its storage, which has no business with tokens.
HUB_HOSTS: Final = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"})
# A name and password before a host; these may hold anything, also what no address should.
_NAMED: Final = re.compile(r"(?<=://).*@|^[^/:@\s]+:[^/].*@")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}")
_MOST_SHOWN: Final = 80
_PORTS: Final = {"http": 80, "https": 443}


def _no_token() -> str:
    return ""


def never_offline() -> bool:
    """Let everything through."""
    return False


@dataclass(frozen=True, slots=True)
class Network:
    """How requests leave this computer.

    `proxy` and `certificates` are the settings of those names; `environment` has the variables of
    the process, for proxies, certificates and addresses; `token` returns the one for Hugging Face
    whenever it is needed, empty for none. `offline` is asked again and again: see `check_allowed`.
    `log` is told of every request before it leaves, and of what came of it: see `visit`.
    """

    # Passwords and tokens are in there: not even a traceback with values shows them.
    proxy: str = field(default="", repr=False)
    certificates: str = ""
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    token: Callable[[], str] = _no_token
    offline: Callable[[], bool] = never_offline
    log: Recorder = field(default=unrecorded, repr=False)


def network_of(
    settings: LibrarySettings,
    environment: Mapping[str, str],
    log: Recorder,
    token: Callable[[], str] = _no_token,
    offline: Callable[[], bool] = never_offline,
) -> Network:
    """Return how to reach anything under these settings."""
    return Network(
        settings.proxy.strip(), settings.certificates.strip(), environment, token, offline, log
    )


def check_allowed(network: Network, url: str) -> None:
    """Raise Offline if nothing may be sent to the host of `url` now.

    The one place where the offline switch is enforced: every request to a server passes here, and
    again every piece of an answer that is under way when it is turned. What stays on this computer
    is always allowed.
    """
    host = origin(url)[1]
    if network.offline() and not is_this_computer(host):
        raise Offline(
            Text("Lapis is set to stay offline, so {host} is not asked", {"host": host}),
            Text("In the settings, under Connections, turn off “Stay offline”."),
        )


def source_of(
    kind: SourceKind, settings: LibrarySettings, environment: Mapping[str, str]
) -> Source:
    """Return where `kind` is to be asked.

    `HF_ENDPOINT` and `MODELSCOPE_ENDPOINT` stand for the addresses of those two, as they do for
    their own tools; another address than the hub's own makes a mirror of it. Raises BadReference
    for an address that is none.
    """
    match kind:
        case SourceKind.MODELSCOPE:
            return Source(kind, base_address(environment.get("MODELSCOPE_ENDPOINT") or MODELSCOPE))
        case SourceKind.MIRROR:
            return _hub_at(settings.mirror)
        case SourceKind.HUGGING_FACE:
            return _hub_at(environment.get("HF_ENDPOINT") or HUGGING_FACE)


def _hub_at(address: str) -> Source:
    base = base_address(address)
    if urlsplit(base).hostname in HUB_HOSTS:
        return Source(SourceKind.HUGGING_FACE, HUGGING_FACE)
    return Source(SourceKind.MIRROR, base)


def base_address(text: str) -> str:
    """Return the address of a source as typed, without a slash at the end; raises BadReference."""
    wanted = text.strip()
    parts = split_address(wanted if "://" in wanted else f"https://{wanted}")
    if (
        parts is None
        or parts.scheme not in _PORTS
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise BadReference(
            Text("{address} is not the address of a server", {"address": shown_address(wanted)}),
            Text("Write it like this: https://hf-mirror.com"),
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def shown_address(text: str) -> str:
    """Return an address as people may see it: short, nothing invisible, no name or password."""
    return shortened(_NAMED.sub("…@", printable(text)), _MOST_SHOWN)


def split_address(url: str) -> SplitResult | None:
    """Return the parts of an address that has a host and a sane port, None for others."""
    if not url.isprintable() or any(char.isspace() or char == "\\" for char in url):
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def origin(url: str) -> tuple[str, str, int]:
    """Return (scheme, host, port) of an address; ("", "", 0) if it is none."""
    parts = split_address(url)
    if parts is None or parts.scheme not in _PORTS:
        return "", "", 0
    return parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]


def usual_port(scheme: str) -> int:
    """Return the port that an address of `scheme` has without one; 0 for what is not spoken."""
    return _PORTS.get(scheme, 0)


def is_near(host: str) -> bool:
    """Return whether a host is this computer, or an address of its private network."""
    address = _address(host)
    return is_this_computer(host) or (
        address is not None and (address.is_private or address.is_link_local)
    )


def is_this_computer(host: str) -> bool:
    """Return whether a host is the computer that Lapis runs on."""
    name, address = host.rstrip("."), _address(host)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.rstrip("."))
    except ValueError:
        return None


def may_carry_token(url: str) -> bool:
    """Return whether the token of Hugging Face may be shown to whoever answers at `url`."""
    scheme, host, port = origin(url)
    return scheme == "https" and port == 443 and host in HUB_HOSTS


def may_carry_key(url: str) -> bool:
    """Return whether the key of a server may be sent to `url`: where nobody reads along."""
    scheme, host, _ = origin(url)
    return scheme == "https" or (scheme == "http" and is_near(host))


def may_follow(here: str, target: str) -> bool:
    """Return whether a redirect from `here` to `target` (both absolute) is harmless.

    Only to https, or within one server, or within this computer; and nobody out there sends us
    into it or its network.
    """
    scheme, host, _ = there = origin(target)
    _, from_host, _ = origin(here)
    if not scheme or urlsplit(target).username is not None:
        return False
    if is_near(host) and not is_near(from_host):
        return False
    is_inside = is_this_computer(host) and is_this_computer(from_host)
    return scheme == "https" or there == origin(here) or is_inside


def authorization(network: Network) -> str:
    """Return the header that shows the token, empty if there is none; raises UserFixable."""
    token = network.token().strip()
    if not token:
        return ""
    if not _TOKEN.fullmatch(token):
        raise UserFixable(
            Text("The access token for Hugging Face is not a token"),
            Text("Copy it again from the settings of your account there; it begins with hf_."),
        )
    return f"Bearer {token}"


def trusted_certificates(network: Network) -> "ssl.SSLContext":
    """Return what to check servers with: the system's authorities, certifi's, and the setting's.

    Raises UserFixable if the file of the setting cannot be read. There is no way not to check.
    """
    import ssl

    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        # They are meant for other programs too; a stale one is no reason to fail.
        with contextlib.suppress(OSError, ValueError):
            if network.environment.get(name):
                context.load_verify_locations(network.environment[name])
    if network.certificates:
        _load(context, network.certificates)
    return context


def nobody_trusted() -> "ssl.SSLContext":
    """Return what refuses every server that shows a certificate: for those that show none."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _load(context: "ssl.SSLContext", file: str) -> None:
    try:
        context.load_verify_locations(file)
    except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError
        raise UserFixable(
            Text("The file of certificates {file} cannot be read", {"file": shown_address(file)}),
            Text("In the settings, choose a PEM file with the certificate of your network."),
        ) from error
