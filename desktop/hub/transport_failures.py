"""Why there is no answer from a server, or only a part of one, in words for people. Any thread.

The one place that knows the exceptions of httpx, and what of `ssl` and sockets lies behind them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from desktop.domain.errors import NetworkError, NotTrusted, Unreachable
from desktop.domain.text import Text
from desktop.hub.failures import host_of, odd_answer, other_source, proxy_wants_name

if TYPE_CHECKING:
    import httpx

# OpenSSL's X509_V_ERR_…: not valid yet or any more; nobody we know has signed; another's name.
EXPIRED: Final = frozenset({9, 10})
UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})
OTHER_NAME: Final = frozenset({62, 63, 64})


def transport_failure(
    error: "httpx.HTTPError | Exception", url: str, proxy: str = ""
) -> NetworkError:
    """Return in words why there is no answer from `url`, or only a part of one.

    `proxy` is the address that the request was sent through, empty for none.
    """
    import ssl

    import httpx

    host = host_of(url)
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _distrust(cause.verify_code, host)
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
        return _no_connection(error, host)
    if isinstance(error, (httpx.DecodingError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return odd_answer(url)
    return Unreachable(
        Text("The connection to {host} broke off", {"host": host}),
        Text("Check whether this computer is online, then try again."),
    )


def _no_connection(error: Exception, host: str) -> Unreachable:
    # By name, for sockets are no business of this room: socket.gaierror.
    unknown = {"gaierror", "UnicodeError", "UnicodeEncodeError"}
    if any(type(cause).__name__ in unknown for cause in causes(error)):
        return Unreachable(
            Text("{host} cannot be found", {"host": host}),
            Text(
                "Check whether this computer is online. What is installed works without a network."
            ),
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes(error)):
        return Unreachable(Text("{host} refuses the connection", {"host": host}), other_source())
    return Unreachable(
        Text("{host} cannot be reached", {"host": host}),
        Text("Check whether this computer is online. What is installed works without a network."),
    )


def _distrust(code: int, host: str) -> NotTrusted:
    values = {"host": host}
    if code in EXPIRED:
        return NotTrusted(
            Text("The certificate of {host} is not valid today", values),
            Text(
                "Check the date and time of this computer. If they are right, try another source."
            ),
        )
    if code in OTHER_NAME:
        return NotTrusted(
            Text("Another server answers in the name of {host}", values),
            Text("A login page of the network may be in the way. Or choose another source."),
        )
    if code in UNKNOWN_ISSUER:
        return NotTrusted(
            Text("The certificate of {host} comes from somebody unknown", values),
            Text(
                "If your network checks encrypted traffic, ask whoever runs it for its certificate,"
                " and choose that file in the settings."
            ),
        )
    return NotTrusted(Text("The certificate of {host} is not trusted", values), other_source())


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
