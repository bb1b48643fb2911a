"""What the client does with one answer of httpx: where it leads, what it says. Any thread."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from desktop.domain.errors import LapisError, OddAnswer, Unreachable
from desktop.domain.text import Text
from desktop.hub.failures import answer_failure, host_of, other_source
from desktop.hub.network import HUB_HOSTS, origin
from desktop.hub.transport_failures import transport_failure

if TYPE_CHECKING:
    import httpcore
    import httpx

_MOST_ERROR_BYTES: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# socket.SHUT_RDWR
_BOTH_WAYS: Final = 2


@contextmanager
def errors_of(url: str, proxy: str = "") -> Iterator[None]:
    """Turn what httpx raises into words about `url`, which was asked through `proxy`."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise transport_failure(error, url, proxy) from error
    except UnicodeError as error:
        # From looking up a name that no computer can have: "label empty or too long".
        raise transport_failure(error, url, proxy) from error
    except RuntimeError as error:
        # httpx has no class for it: "Cannot send a request, as the client has been closed."
        if "has been closed" in str(error):
            raise was_closed() from error
        raise


def redirect_target(response: "httpx.Response", here: str) -> str:
    """Return where a redirect leads, absolute; empty if it is none."""
    place: str = response.headers.get("location", "")
    if response.status_code not in _REDIRECTS or not place:
        return ""
    try:
        return urljoin(here, place)
    except ValueError as error:
        raise unsafe_redirect(here) from error


def is_storage(response: "httpx.Response", here: str, target: str) -> bool:
    """Return whether a redirect leaves the hub for where the bytes are (huggingface_hub's rule).

    Within a server it is a renamed repository; a mirror may hand over to the hub itself.
    """
    if "x-linked-etag" in response.headers:
        return True
    _, host, _ = origin(target)
    return origin(here) != origin(target) and host not in HUB_HOSTS


def failure_of(response: "httpx.Response", here: str) -> LapisError:
    """Return the error that an answer of `here` is; reads the beginning of its body."""
    return answer_failure(
        here,
        response.status_code,
        response.headers,
        beginning(response),
        token_was_shown="authorization" in response.request.headers,
    )


def interrupt(response: "httpx.Response") -> None:
    """Wake a thread that waits for the body: its reading fails at once. From any thread."""
    stream = response.extensions.get("network_stream")
    if stream is not None:
        wake(stream)


def wake(stream: "httpcore.NetworkStream") -> None:
    """Let everything fail that waits for a connection, or will. From any thread."""
    connection = stream.get_extra_info("socket")
    if connection is not None:
        # Shut down, for closing wakes nobody; below TLS, whose state belongs to the reader.
        with suppress(OSError):  # it is gone already
            super(type(connection), connection).shutdown(_BOTH_WAYS)


def beginning(response: "httpx.Response") -> bytes:
    """Return the beginning of a body that explains an error; what cannot be read says nothing."""
    import httpx

    body = b""
    try:
        for block in response.iter_raw():
            body += block
            if len(body) >= _MOST_ERROR_BYTES:
                break
    except (httpx.HTTPError, httpx.StreamError):
        pass
    return body[:_MOST_ERROR_BYTES]


def unsafe_redirect(url: str) -> OddAnswer:
    """Return the error of a redirect that is not followed, and of one too many."""
    return OddAnswer(
        Text("{host} sends Lapis somewhere unsafe", {"host": origin(url)[1]}),
        Text("This may be the login page of a network. Choose another source in the settings."),
    )


def no_answer(url: str) -> Unreachable:
    """Return the error of a server that takes too long over a small answer."""
    return Unreachable(Text("{host} does not answer", {"host": host_of(url)}), other_source())


def was_closed() -> Unreachable:
    """Return the error of a request through a client that was closed."""
    return Unreachable(Text("The connection was closed"), Text("Try again."))
