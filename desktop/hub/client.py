"""The one door to servers that list and hand out model files. Any thread; calls block.

Redirects are followed by hand, so that each step can be looked at: at most five, only to where
`may_follow` allows, and the token only as long as every step was the hub itself. Whatever fails
leaves as a LapisError. httpx is imported with the first request.
"""

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from desktop import __version__
from desktop.domain.errors import LapisError
from desktop.domain.network_log import UNTOLD, Reason
from desktop.domain.repository import SourceKind
from desktop.hub.failures import odd_answer
from desktop.hub.headers import commit_in, content_hash, next_page, whole_number
from desktop.hub.lines import Lines
from desktop.hub.network import (
    Network,
    authorization,
    check_allowed,
    may_carry_token,
    may_follow,
    nobody_trusted,
    origin,
    trusted_certificates,
)
from desktop.hub.proxies import asks_system, proxy_for
from desktop.hub.pump import Nothing, asked
from desktop.hub.raw_body import raw_blocks
from desktop.hub.responses import (
    beginning,
    errors_of,
    failure_of,
    interrupt,
    is_storage,
    no_answer,
    redirect_target,
    unsafe_redirect,
    was_closed,
)
from desktop.hub.visit import Visit

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 20.0
READ_SECONDS: Final = 30.0
LISTING_SECONDS: Final = 60.0
MOST_LISTING_BYTES: Final = 64 * 2**20
_MOST_REDIRECTS: Final = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in JSON, and the address of the next page, empty on the last one."""

    value: object
    next_page: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where the bytes of a file are: `location` may be signed and expire.

    `size` in bytes is -1, `sha256` (64 hex digits) and `commit` are empty where the source does
    not tell.
    """

    location: str
    size: int = -1
    sha256: str = ""
    commit: str = ""


class Stream:
    """An answer whose body is read block by block; see `Client.stream`."""

    def __init__(
        self, response: "httpx.Response", url: str, network: Network, visit: Visit
    ) -> None:
        self.url = url
        self._network = network
        self._visit = visit
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.response = response

    def blocks(self, *, keeps_line: bool = False) -> Iterator[bytes]:
        """Yield the body as it was sent, in pieces of up to a megabyte, as they come.

        A short body is better taken with `keeps_line`: its connection then serves the next request.
        Raises a NetworkError when the connection breaks or the body is shorter than announced.
        """
        with errors_of(self.url):
            blocks = (
                self.response.iter_raw() if keeps_line else raw_blocks(self.response, READ_SECONDS)
            )
            for block in blocks:
                check_allowed(self._network, self.url)
                self._visit.took(len(block))
                yield block

    def failure(self) -> LapisError:
        """Return the error that this answer is; reads the beginning of the body."""
        return failure_of(self.response, self.url)

    def interrupt(self) -> None:
        """Wake a thread that waits for this body: its reading fails at once. From any thread."""
        interrupt(self.response)


class Client:
    """Connections that are kept open between requests; see `open_client`."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._guard = threading.Lock()
        self._clients: dict[str, httpx.Client] = {}
        self._lines = Lines()
        self._under_way = 0
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; requests under way fail, and so do later ones."""
        with self._guard:
            self._is_closed = True
        self._lines.close()
        self._close_if_left()

    def _close_if_left(self) -> None:
        """Close what is connected once nobody uses it any more.

        Under a thread that is about to wait for it, the number of a closed socket may be another's
        by then, and whoever that is would be waited for.
        """
        with self._guard:
            if not self._is_closed or self._under_way:
                return
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def get_json(
        self, url: str, most_bytes: int = MOST_LISTING_BYTES, *, why: Reason = UNTOLD
    ) -> Answer:
        """Return what the server answers at `url`, with redirects followed; raises NetworkError.

        Larger bodies than `most_bytes`, and what is no JSON, are an OddAnswer. However slowly a
        server drips, it is given up after a while.
        """
        answer = asked(
            lambda: self._get_json(url, most_bytes, why), LISTING_SECONDS, self._check_open
        )
        if isinstance(answer, Nothing):
            raise no_answer(url)
        return answer

    def _check_open(self) -> None:
        if self._is_closed:
            raise was_closed()

    def _get_json(self, url: str, most_bytes: int, why: Reason) -> Answer:
        accepts = {"Accept": "application/json"}
        with self._request("GET", url, accepts, why) as (response, here, _):
            if response.status_code != 200:
                raise failure_of(response, here)
            body, end = bytearray(), time.monotonic() + LISTING_SECONDS
            # Decoded, for some mirrors compress although nobody asked for it.
            for block in response.iter_bytes():
                body += block
                if len(body) > most_bytes:
                    raise odd_answer(here)
                if time.monotonic() > end:
                    # Nobody waits for it any more, and it might drip for ever.
                    raise no_answer(here)
            link = next_page(response.headers.get("link", ""), here)
        try:
            return Answer(json.loads(body), link)
        except (ValueError, RecursionError) as error:
            raise odd_answer(here) from error

    def resolve(
        self,
        url: str,
        kind: SourceKind = SourceKind.HUGGING_FACE,
        *,
        why: Reason = UNTOLD,
    ) -> Resolved:
        """Return where the bytes behind a file's `url` are, and what the hub knows of them.

        Asks with HEAD and stops at the first redirect that leaves the hub (its answer names size
        and hash of the file; what lies behind is storage). ModelScope answers HEAD unreliably:
        there `url` itself is the location. Raises NetworkError.
        """
        if kind is SourceKind.MODELSCOPE:
            return Resolved(url)
        with self._request("HEAD", url, {}, why, stops_at_storage=True) as (response, here, _):
            headers, target = response.headers, redirect_target(response, here)
            if not target and response.status_code != 200:
                raise failure_of(response, here)
            size = whole_number(headers.get("x-linked-size", ""))
            if size < 0 and not target:
                size = whole_number(headers.get("content-length", ""))
            return Resolved(
                target or here,
                size,
                content_hash(headers.get("x-linked-etag", "")),
                commit_in(headers.get("x-repo-commit", "")),
            )

    @contextmanager
    def stream(
        self, url: str, headers: Mapping[str, str] | None = None, *, why: Reason = UNTOLD
    ) -> Iterator[Stream]:
        """Yield the answer to a GET of `url`, whatever its status, with redirects followed.

        The body is sent as it is (no compression). Raises NetworkError if there is no answer.
        """
        with self._request("GET", url, headers or {}, why) as (response, here, visit):
            yield Stream(response, here, self._network, visit)

    @contextmanager
    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        why: Reason,
        *,
        stops_at_storage: bool = False,
    ) -> Iterator[tuple["httpx.Response", str, Visit]]:
        """Yield the last answer of a chain of redirects, its body unread, its address and visit."""
        here, may_show = url, True
        for _ in range(_MOST_REDIRECTS + 1):
            visit = Visit(self._network, here, why)
            visit.check()
            may_show = may_show and may_carry_token(here)
            shown = authorization(self._network) if may_show else ""
            sent = dict(headers) | ({"Authorization": shown} if shown else {})
            with self._send(method, here, sent, visit) as response:
                target = redirect_target(response, here)
                if target and not may_follow(here, target):
                    Visit(self._network, target, why).refuse()
                    raise unsafe_redirect(here)
                if method == "HEAD" or target:
                    beginning(response)  # read, so that the connection can serve the next step
                if not target or (stops_at_storage and is_storage(response, here, target)):
                    yield response, here, visit
                    return
            here = target
        raise unsafe_redirect(url)

    @contextmanager
    def _send(
        self, method: str, url: str, headers: Mapping[str, str], visit: Visit
    ) -> Iterator["httpx.Response"]:
        """Yield one answer, its body unread."""
        with errors_of(url, proxy_for(self._network, url)), self._using(url) as client:
            watch = {"trace": self._lines.watch()}
            request = client.build_request(method, url, headers=headers, extensions=watch)
            visit.begin()
            try:
                response = client.send(request, stream=True)
            except BaseException:
                visit.end(failed=True)
                raise
            _log.debug("%s %s: %d", method, origin(url)[1], response.status_code)
            try:
                self._check_open()
                yield response
            finally:
                response.close()
                visit.end(at_least=response.num_bytes_downloaded)

    @contextmanager
    def _using(self, url: str) -> "Iterator[httpx.Client]":
        """Yield what connects to `url`, which stays open meanwhile; raises NetworkError."""
        with self._guard:
            self._check_open()
            self._under_way += 1
        try:
            yield self._client(url)
        finally:
            with self._guard:
                self._under_way -= 1
            self._close_if_left()

    def _client(self, url: str) -> "httpx.Client":
        """Return the connections that go the way of `url`: direct, by a proxy, as the system says."""
        import httpx

        scheme, proxy = origin(url)[0], proxy_for(self._network, url)
        by_system = asks_system(self._network, url)
        is_plain = scheme == "http" and not proxy and not by_system
        way = "plain" if is_plain else "system" if by_system else f"by {proxy}"
        with self._guard:
            self._check_open()
            if way not in self._clients:
                network = self._network
                self._clients[way] = httpx.Client(
                    proxy=proxy or None,
                    trust_env=by_system,
                    # Reading all authorities takes longer than a question to this computer.
                    verify=nobody_trusted() if is_plain else trusted_certificates(network),
                    timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                    headers={
                        "User-Agent": f"Lapis/{__version__}",
                        "Accept-Encoding": "identity",
                        "Accept": "*/*",
                    },
                )
            return self._clients[way]


def open_client(network: Network) -> Client:
    """Return a client; nothing is connected yet. Close it, or use it in a `with`."""
    return Client(network)
