"""Why there is no answer from a server, or only a part of one, in words for people. Any thread.

The one place that knows the exceptions of httpx, and what of `ssl` and sockets lies behind them.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from desktop.domain.errors import ConnectionRefused, NetworkError, NotTrusted, Unreachable
from desktop.domain.text import Text
from desktop.hub.failures import host_of, odd_answer, other_source, proxy_wants_name

# OpenSSL's X509_V_ERR_…: not valid yet or any more; nobody we know has signed; another's name.
_EXPIRED: Final = frozenset({9, 10})
_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 63, 64})
_ONLINE: Final = Text(
    "Check whether this computer is online. What is installed works without a network."
)
_HINTS: Final = (
    Text("Check the date and time of this computer. If they are right, try another source."),
    Text("A login page of the network may be in the way. Or choose another source."),
    Text(
        "If your network checks encrypted traffic, ask whoever runs it for its certificate,"
        " and choose that file in the settings."
    ),
)


def transport_failure(error: Exception, url: str, proxy: str = "") -> NetworkError:
    """Return in words why there is no answer from `url`, or only a part of one.

    `proxy` is the address that the request was sent through, empty for none.
    """
    import ssl

    import httpx

    host = host_of(url)
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return not_trusted(cause.verify_code, host, TrustHints(*_HINTS, other_source()))
        if isinstance(cause, ssl.SSLError) and isinstance(error, httpx.ConnectError):
            return Unreachable(
                Text("No secure connection to {host} comes about", {"host": host}),
                other_source(),
            )
    if isinstance(error, httpx.ProxyError) or (proxy and isinstance(error, httpx.ConnectError)):
        return proxy_failure(error, host_of(proxy))
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(Text("{host} does not answer", {"host": host}), other_source())
    if isinstance(error, (httpx.ConnectError, UnicodeError)):
        return no_connection(error, host, LineHints(_ONLINE, other_source(), _ONLINE))
    if isinstance(error, (httpx.DecodingError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return odd_answer(url)
    return Unreachable(
        Text("The connection to {host} broke off", {"host": host}),
        Text("Check whether this computer is online, then try again."),
    )


class LineHints(NamedTuple):
    """What to do where no connection comes about: no such name, refused, otherwise."""

    not_found: Text
    refused: Text
    otherwise: Text


def no_connection(error: Exception, host: str, hints: LineHints) -> Unreachable:
    """Return the error of a host to which no connection comes about."""
    values = {"host": host}
    found = list(_behind(error))
    # By name, for sockets are no business of this room: socket.gaierror.
    names = {kind.__name__ for cause in found for kind in type(cause).__mro__}
    if names & {"gaierror", "UnicodeError"}:
        return Unreachable(Text("{host} cannot be found", values), hints.not_found)
    if any(isinstance(cause, ConnectionRefusedError) for cause in found):
        return ConnectionRefused(Text("{host} refuses the connection", values), hints.refused)
    return Unreachable(Text("{host} cannot be reached", values), hints.otherwise)


class TrustHints(NamedTuple):
    """What to do about a certificate: out of date, of another name, of nobody we know, otherwise bad."""

    expired: Text
    other_name: Text
    unknown_issuer: Text
    otherwise: Text


def not_trusted(code: int, host: str, hints: TrustHints) -> NotTrusted:
    """Return the error of a certificate that OpenSSL refuses with `code`."""
    values = {"host": host}
    if code in _EXPIRED:
        return NotTrusted(
            Text("The certificate of {host} is not valid today", values), hints.expired
        )
    if code in _OTHER_NAME:
        return NotTrusted(
            Text("Another server answers in the name of {host}", values), hints.other_name
        )
    if code in _UNKNOWN_ISSUER:
        return NotTrusted(
            Text("The certificate of {host} comes from somebody unknown", values),
            hints.unknown_issuer,
        )
    return NotTrusted(Text("The certificate of {host} is not trusted", values), hints.otherwise)


def proxy_failure(error: Exception, proxy: str) -> NetworkError:
    """Return the error of a proxy on the host `proxy`; empty if that is not known."""
    if str(error).startswith("407"):
        return proxy_wants_name()
    return Unreachable(
        Text("The proxy {host} does not let Lapis through", {"host": proxy})
        if proxy
        else Text("The proxy does not let Lapis through"),
        Text("Check its address in the settings of Lapis, or in those of the system."),
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to an error, also where several addresses of one name were tried."""
    for cause in causes(error):
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            for each in cause.exceptions:
                yield from _behind(each)
