"""The body of an answer taken from the connection itself, in big pieces.

An HTTP library looks at every 64 KB of a body with several million instructions' worth of Python;
a file of many gigabytes behind a known length needs none of that. httpx hands out the connection
for such uses (its `network_stream` extension); everything unusual goes the library's own way.
Blocks; whoever must be stoppable calls it in a `pump`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from desktop.hub.headers import whole_number

if TYPE_CHECKING:
    import httpx

BLOCK: Final = 1 << 20


def raw_blocks(response: "httpx.Response", seconds: float) -> Iterator[bytes]:
    """Yield the body as it was sent; raises httpx's errors, also after `seconds` of silence.

    A body that ends too early is a RemoteProtocolError, as in httpx.
    """
    import httpcore
    import httpx

    library = response.iter_raw()
    # Hands out all that came along with the headers, so that nothing is left behind.
    first = next(library, b"")
    yield first
    connection = _connection(response)
    if connection is None or not first:
        yield from library
        return
    left = whole_number(response.headers["content-length"]) - len(first)
    while left > 0:
        try:
            block: bytes = connection.read(min(BLOCK, left), timeout=seconds)
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout(str(error), request=response.request) from error
        except httpcore.NetworkError as error:
            raise httpx.ReadError(str(error), request=response.request) from error
        if not block:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body",
                request=response.request,
            )
        left -= len(block)
        yield block


def _connection(response: "httpx.Response") -> Any:
    """Return the connection if the body is plain: HTTP/1.1, of a known length, in one piece."""
    if response.http_version != "HTTP/1.1" or "transfer-encoding" in response.headers:
        return None
    if whole_number(response.headers.get("content-length", "")) < 0:
        return None
    return response.extensions.get("network_stream")
