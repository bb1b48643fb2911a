"""How servers for models are asked: the keyword arguments of an HTTP client for one of them.

The adapters bring their own HTTP library (httpx, or httpx2 under the openai library); what both get
here is a transport that keeps the rules of this room whatever the library would do: the offline
switch, no proxy for near hosts, certificates always checked, no redirect followed, the key to one
server alone and never in the open, no headers about this computer, and bounds on what comes back.
What fails leaves the transport as a NetworkError in words; libraries pass it on, or keep it as the
cause of their own error. Made in any thread, used in that of the loop.
"""

import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urljoin

from desktop import __version__
from desktop.hub.failures import host_of
from desktop.hub.headers import whole_number
from desktop.hub.line_watch import watch_line
from desktop.hub.network import (
    Network,
    check_allowed,
    may_carry_key,
    nobody_trusted,
    origin,
    trusted_certificates,
)
from desktop.hub.proxies import asks_system, proxy_for
from desktop.hub.responses import was_closed
from desktop.hub.server_failures import (
    key_in_the_open,
    not_readable,
    sent_elsewhere,
    server_failure,
    too_much,
    web_page,
)
from desktop.hub.visit import Visit, server_reason

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 600.0
MOST_ANSWER_BYTES: Final = 16 * 2**20
MOST_LINE_BYTES: Final = 2**20
_EVENTS: Final = "text/event-stream"
_STREAMS: Final = (_EVENTS, "application/x-ndjson", "application/jsonl")
_SENT: Final = frozenset(
    {"host", "accept", "content-type", "content-length", "transfer-encoding", "connection"}
)
_BLOCK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds for all requests to one server."""

    network: Network
    url: str
    proxy: str = field(repr=False)
    key: str = field(repr=False)


def http_options(
    network: Network,
    url: str,
    library: str,
    *,
    key: str = "",
    read_seconds: float | None = READ_SECONDS,
) -> dict[str, Any]:
    """Return the keyword arguments for `AsyncClient` of `library`, to ask the server at `url`.

    `library` is "httpx" or "httpx2". `key` goes along as `Authorization: Bearer …`, and nothing
    that the library itself would show there. Reading certificates takes some tens of milliseconds.
    Raises UserFixable for a proxy or a file of certificates that is none, and AccessDenied for a
    key that would be sent in the open.
    """
    # In both cases: openai looks into an httpx that is being loaded, and trips over a half of one.
    import httpx

    http: Any = httpx
    if library == "httpx2":
        import httpx2

        http = httpx2
    if key and not may_carry_key(url):
        raise key_in_the_open(host_of(url))
    proxy, by_system = proxy_for(network, url), asks_system(network, url)
    is_plain = origin(url)[0] == "http" and not proxy and not by_system
    timeout = http.Timeout(read_seconds, connect=CONNECT_SECONDS)
    inner = http.AsyncClient(
        proxy=proxy or None,
        trust_env=by_system,
        verify=nobody_trusted() if is_plain else trusted_certificates(network),
        timeout=timeout,
        follow_redirects=False,
    )
    return {
        "transport": _Transport(http, inner, _Rules(network, url, proxy, key)),
        "trust_env": False,
        "follow_redirects": False,
        "timeout": timeout,
    }


class _Transport:
    """Looks at each request and its answer; the connections are those of `inner`."""

    def __init__(self, http: Any, inner: Any, rules: _Rules) -> None:
        class Body(_Body, http.AsyncByteStream):  # type: ignore[misc]  # known when it runs
            """What comes back, as the library wants to have it."""

        self._http = http
        self._inner = inner
        self._rules = rules
        self._body = Body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all connections."""
        await self._inner.aclose()

    async def handle_async_request(self, request: Any) -> Any:
        """Return the answer to `request`, its body unread; raises NetworkError."""
        rules = self._rules
        url = str(request.url)
        visit = Visit(rules.network, url, server_reason(request.method, request.url.path))
        visit.check()
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name.decode("ascii").lower() in _SENT
        ]
        headers += [
            (b"User-Agent", f"Lapis/{__version__}".encode()),
            (b"Accept-Encoding", b"identity"),
        ]
        if rules.key and origin(url) == origin(rules.url):
            headers.append((b"Authorization", f"Bearer {rules.key}".encode()))
        sent = self._http.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions={**request.extensions, "trace": watch_line},
        )
        visit.begin(max(0, whole_number(request.headers.get("content-length", ""))))
        try:
            answer = await self._inner.send(sent, stream=True)
        except BaseException as error:
            # Who no longer wants an answer has not failed to get one.
            visit.end(failed=isinstance(error, Exception))
            self._explain(error)
            raise
        try:
            return self._looked_at(answer, visit)
        except BaseException:
            visit.end()
            await answer.aclose()
            raise

    def _explain(self, error: BaseException) -> None:
        """Raise what went wrong in words, where there are some."""
        rules = self._rules
        if isinstance(error, (self._http.HTTPError, self._http.InvalidURL, UnicodeError)):
            raise server_failure(error, rules.url, rules.proxy) from error
        # There is no class for it: "Cannot send a request, as the client has been closed."
        if isinstance(error, RuntimeError) and "has been closed" in str(error):
            raise was_closed() from error

    def _looked_at(self, answer: Any, visit: Visit) -> Any:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if 300 <= answer.status_code < 400:
            target = _absolute(self._rules.url, answer.headers.get("location", ""))
            # It knows the key, and may write it into the address.
            shown = target.replace(self._rules.key, "…") if self._rules.key else target
            raise sent_elsewhere(self._rules.url, shown)
        if answer.status_code == 200 and kind == "text/html":
            raise web_page(self._rules.url)
        packing = answer.headers.get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "gzip", "x-gzip", "deflate"}:
            raise not_readable(self._rules.url)
        kept = [
            (name, value)
            for name, value in answer.headers.raw
            if name.lower() not in {b"content-encoding", b"content-length", b"set-cookie"}
        ]
        is_packed = packing != "identity"
        body = self._body(self._http, answer, self._rules, visit, kind, is_packed=is_packed)
        return self._http.Response(
            answer.status_code, headers=kept, stream=body, extensions=answer.extensions
        )


class _Body:
    """An answer as it comes, unpacked and measured."""

    def __init__(
        self, http: Any, answer: Any, rules: _Rules, visit: Visit, kind: str, *, is_packed: bool
    ) -> None:
        self._http = http
        self._answer = answer
        self._rules = rules
        self._visit = visit
        self._kind = kind
        self._is_packed = is_packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rules = self._rules
        measure = _Measure(rules.url, self._kind)
        unpacker = zlib.decompressobj(wbits=47) if self._is_packed else None
        try:
            async for block in self._answer.aiter_raw():
                check_allowed(rules.network, rules.url)
                self._visit.took(len(block))
                for piece in (block,) if unpacker is None else _unpacked(unpacker, block):
                    measure.take(piece)
                    yield piece
        except (self._http.HTTPError, self._http.StreamError) as error:
            raise server_failure(error, rules.url, rules.proxy) from error
        except zlib.error as error:
            raise not_readable(rules.url) from error

    async def aclose(self) -> None:
        """Give the connection back, or end it if the answer was not read to its end."""
        self._visit.end()
        await self._answer.aclose()


class _Measure:
    """How much has come: of a whole answer, or of the event of a stream that is under way."""

    def __init__(self, url: str, kind: str) -> None:
        self._url = url
        self._is_stream = kind in _STREAMS
        self._has_blank_lines = kind == _EVENTS
        self._bytes = 0
        self._line = 0

    def take(self, piece: bytes) -> None:
        """Count what came; raises OddAnswer beyond the bounds."""
        start = 0
        while self._is_stream and (end := piece.find(b"\n", start)) >= 0:
            self._grow(piece[start:end])
            if not self._has_blank_lines or self._line == 0:
                self._bytes = 0
            self._line, start = 0, end + 1
        self._grow(piece[start:])

    def _grow(self, by: bytes) -> None:
        self._line += len(by) - by.count(b"\r")
        self._bytes += len(by)
        if self._bytes > (MOST_LINE_BYTES if self._is_stream else MOST_ANSWER_BYTES):
            raise too_much(self._url)


def _unpacked(unpacker: Any, block: bytes) -> Iterator[bytes]:
    """Yield what is in a packed block in pieces of a bounded size, however much it swells to."""
    left = block
    while left:
        yield unpacker.decompress(left, _BLOCK)
        left = unpacker.unconsumed_tail


def _absolute(url: str, target: str) -> str:
    try:
        return urljoin(url, target) if target else ""
    except ValueError:
        return ""
