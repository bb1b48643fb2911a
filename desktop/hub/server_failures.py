"""Why a server does not answer, or only in part, in words for people. Any thread.

The adapters for servers speak through two HTTP libraries that are one by descent: httpx, and httpx2
under another name. Their exceptions are told apart by the names of their classes, which are the
same; what of `ssl` and sockets lies behind them, by its own.
"""

from typing import Final

from desktop.domain.errors import (
    AccessDenied,
    NetworkError,
    OddAnswer,
    Unreachable,
)
from desktop.domain.text import Text
from desktop.hub.failures import host_of
from desktop.hub.network import shown_address
from desktop.hub.transport_failures import (
    LineHints,
    TrustHints,
    causes,
    no_connection,
    not_trusted,
    proxy_failure,
)

# What httpcore says of an end that came too soon; all else that breaks the protocol is garbage.
_ENDS: Final = ("disconnected", "closed connection", "closed the connection")
_HINTS: Final = TrustHints(
    Text("Check the date and time of this computer, then ask whoever runs the server."),
    Text("Use the name that its certificate is made for."),
    Text(
        "If the server is yours, or of your network, choose its certificate (a PEM file):"
        " Models, Discover, Connection."
    ),
    Text("Ask whoever runs the server."),
)
_LINE_HINTS: Final = LineHints(
    Text("Check how the address is written, and whether this computer is online."),
    Text("Check that the server runs, and that its address has the right port."),
    Text("Check that the server runs, and that this computer is in the same network."),
)


def server_failure(error: Exception, url: str, proxy: str = "") -> NetworkError:
    """Return in words why there is no answer from the server at `url`, or only a part of one.

    `error` is one of httpx, httpx2, sockets or ssl; a NetworkError stays what it is. `proxy` is the
    address that the request was sent through, empty for none.
    """
    if isinstance(error, NetworkError):
        return error
    host, names = host_of(url), _names(error)
    distrust = _distrust(error, host)
    if distrust is not None:
        return distrust
    if "ProxyError" in names or (proxy and "ConnectError" in names):
        return proxy_failure(error, host_of(proxy))
    if names & {"ConnectTimeout", "PoolTimeout"}:
        return Unreachable(
            Text("{host} does not answer", {"host": host}),
            Text("Check that the server runs, and that no firewall is in the way."),
        )
    if "TimeoutException" in names:
        return Unreachable(
            Text("{host} has fallen silent", {"host": host}),
            Text("It may have too much to do. Try again in a while."),
        )
    if names & {"ConnectError", "UnicodeError"}:
        return no_connection(error, host, _LINE_HINTS)
    if "RemoteProtocolError" in names and not any(end in str(error) for end in _ENDS):
        return OddAnswer(
            Text("{host} answers in something else than HTTP", {"host": host}),
            Text("Check the port; a server with encryption needs an address with https://."),
        )
    if names & {"InvalidURL", "UnsupportedProtocol", "LocalProtocolError"}:
        return OddAnswer(
            Text("{address} cannot be asked for anything", {"address": shown_address(url)}),
            Text("Check how the address of the server is written."),
        )
    return Unreachable(
        Text("The connection to {host} broke off", {"host": host}),
        Text("Try again. If it happens each time, look at what the server itself reports."),
    )


def too_much(url: str) -> OddAnswer:
    """Return the error of an answer without measure."""
    return OddAnswer(
        Text("{host} sends more than an answer can be", {"host": host_of(url)}),
        Text("Check whether its address leads to a server for models."),
    )


def not_readable(url: str) -> OddAnswer:
    """Return the error of an answer that is packed in a way that nobody asked for."""
    return OddAnswer(
        Text("{host} answers in a way that Lapis does not understand", {"host": host_of(url)}),
        Text("Check whether its address leads to a server for models."),
    )


def web_page(url: str) -> OddAnswer:
    """Return the error of a page for people where an answer should be."""
    return OddAnswer(
        Text("{host} answers with a web page", {"host": host_of(url)}),
        Text(
            "Check the path of the address, which often ends in /v1. A login page of the network"
            " may be in the way, too."
        ),
    )


def sent_elsewhere(url: str, target: str) -> OddAnswer:
    """Return the error of a redirect: what is asked goes nowhere but to where a person said."""
    if not target:
        return not_readable(url)
    return OddAnswer(
        Text(
            "{host} sends Lapis on to {address}",
            {"host": host_of(url), "address": shown_address(target)},
        ),
        Text("If that is right, enter it as the address of the server."),
    )


def key_in_the_open(host: str) -> AccessDenied:
    """Return the error of a key that everybody on the way could read."""
    return AccessDenied(
        Text("A key is not sent to {host} without encryption", {"host": host}),
        Text("Use an address that begins with https://, or remove the key."),
    )


def _distrust(error: Exception, host: str) -> NetworkError | None:
    import ssl

    values = {"host": host}
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return not_trusted(cause.verify_code, host, _HINTS)
        if isinstance(cause, ssl.SSLError) and "ConnectError" in _names(error):
            return Unreachable(
                Text("No secure connection to {host} comes about", values),
                Text("If the server knows no encryption, its address begins with http://."),
            )
    return None


def _names(error: BaseException) -> frozenset[str]:
    return frozenset(kind.__name__ for kind in type(error).__mro__)
