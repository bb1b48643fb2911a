"""What the fake hub does wrong: switches that a test sets, before or while something downloads.

Thread-safe: tests set them in their thread, the server asks in its own.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from tests.harness.http_listener import Answer


class Cut(Enum):
    """How a connection ends too early."""

    CLOSE = auto()
    RESET = auto()
    EXPIRE = auto()  # closed, and the signed address is worth nothing any more
    STALL = auto()  # stays open, but silent until the client goes away


def rate_limited(seconds: int, header: str = "RateLimit") -> Answer:
    """Return a 429 that asks for a wait, in the hub's own header or in `Retry-After`, or in none."""
    headers = {
        "RateLimit": {"RateLimit": f'"resolvers";r=0;t={seconds}'},
        "Retry-After": {"Retry-After": str(seconds)},
    }
    return Answer(429, b"slow down", headers.get(header, {}))


def web_page(status: int = 200) -> Answer:
    """Return what a hotel's login page looks like."""
    body = b"<!DOCTYPE html><html><title>Welcome to the hotel</title></html>"
    return Answer(status, body, {"Content-Type": "text/html; charset=utf-8"})


def refusal(status: int, code: str = "", message: str = "") -> Answer:
    """Return an error with the hub's own headers for its code and message."""
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    return Answer(status, message.encode(), {k: v for k, v in headers.items() if v})


@dataclass(slots=True)
class _Cut:
    after: int
    times: int
    how: Cut


class Faults:
    """All off in the beginning.

    Plain attributes may be set at any time:

    * `bytes_per_second`: how fast a CDN connection is, 0 for as fast as it can
    * `ignore_range`: always 200 and the whole file
    * `content_range`: what a 206 says about itself, with {start}, {end} and {total} to fill in
    * `gzip`: the body compressed although nobody asked for it
    * `no_length`: neither Content-Length nor Transfer-Encoding; the end of the body is the end
    * `extra`: bytes sent after the announced ones (in the same announced length)
    * `truncate`: bytes that every answer is too short, announced as if it were right
    * `omit_commit`: no X-Repo-Commit
    * `omit_linked`: no X-Linked-Etag and X-Linked-Size, as some mirrors
    * `redirect`: {place} of a redirect that the hub gives instead of the CDN's address
    * `redirect_status`: of that redirect and of the one to the CDN
    * `endless_redirects`: the hub leads in a circle
    * `renamed`: old names of repositories, each with its new one
    * `status_416`: every range is refused
    * `rows_a_page`: of a listing
    * `link_base`: whose address stands in the links to next pages, empty for the hub's own
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hub: deque[Answer] = deque()
        self._cdn: deque[Answer] = deque()
        self._api: deque[Answer] = deque()
        self._cuts: deque[_Cut] = deque()
        self._flips: dict[int, int] = {}
        self._hub_always: Answer | None = None
        self._cdn_always: Answer | None = None
        self.bytes_per_second = 0
        self.ignore_range = False
        self.content_range = ""
        self.gzip = False
        self.no_length = False
        self.extra = 0
        self.truncate = 0
        self.omit_commit = False
        self.omit_linked = False
        self.redirect = ""
        self.redirect_status = 302
        self.endless_redirects = False
        self.renamed: dict[str, str] = {}
        self.status_416 = False
        self.rows_a_page = 1000
        self.link_base = ""

    def hub_answers(self, answer: Answer, times: int = 1) -> None:
        """Give `answer` to the next so many requests for a file at the hub; -1 for all."""
        with self._lock:
            if times < 0:
                self._hub_always = answer
            else:
                self._hub.extend([answer] * times)

    def cdn_answers(self, answer: Answer, times: int = 1) -> None:
        """Give `answer` to the next so many requests at the CDN; -1 for all."""
        with self._lock:
            if times < 0:
                self._cdn_always = answer
            else:
                self._cdn.extend([answer] * times)

    def api_answers(self, answer: Answer, times: int = 1) -> None:
        """Give `answer` to the next so many requests for a listing."""
        with self._lock:
            self._api.extend([answer] * times)

    def expired(self, times: int = 1) -> None:
        """Make the next so many CDN requests end in the 403 of an address that is too old."""
        self.cdn_answers(Answer(403, b"<Error><Code>AccessDenied</Code></Error>"), times)

    def cut(self, after: int, times: int = 1, how: Cut = Cut.CLOSE) -> None:
        """End the next so many CDN answers after so many bytes of theirs; -1 for all.

        With `after` -1 not even the headers come.
        """
        with self._lock:
            self._cuts.append(_Cut(after, times, how))

    def flip(self, offset: int, times: int = -1) -> None:
        """Turn one bit of the byte at `offset` of the file, so many times; -1 for always."""
        with self._lock:
            self._flips[offset] = times

    def clear(self) -> None:
        """Switch everything off."""
        fresh = Faults()
        with self._lock:
            lock = self._lock
            self.__dict__.update(fresh.__dict__)
            self._lock = lock

    # Asked by the server.

    def take_hub(self) -> Answer | None:
        """Return what the hub must answer now instead of the truth."""
        with self._lock:
            return self._hub.popleft() if self._hub else self._hub_always

    def take_api(self) -> Answer | None:
        """Return what a listing must be now instead of the truth."""
        with self._lock:
            return self._api.popleft() if self._api else None

    def take_cdn(self) -> Answer | None:
        """Return what the CDN must answer now instead of the truth."""
        with self._lock:
            return self._cdn.popleft() if self._cdn else self._cdn_always

    def take_cut(self) -> tuple[int, Cut] | None:
        """Return where the answer that begins now must end."""
        with self._lock:
            while self._cuts and self._cuts[0].times == 0:
                self._cuts.popleft()
            if not self._cuts:
                return None
            self._cuts[0].times -= 1
            return self._cuts[0].after, self._cuts[0].how

    def spoilt(self, start: int, piece: memoryview) -> memoryview:
        """Return `piece`, which stands at `start` of the file, as it is really sent."""
        with self._lock:
            hit = [
                at for at, left in self._flips.items() if left and at - start in range(len(piece))
            ]
            for at in hit:
                self._flips[at] -= 1
        if not hit:
            return piece
        wrong = bytearray(piece)
        for at in hit:
            wrong[at - start] ^= 1
        return memoryview(wrong)


@contextmanager
def fault(faults: Faults, **switches: object) -> Iterator[None]:
    """Set plain switches for a while."""
    before = {name: getattr(faults, name) for name in switches}
    for name, value in switches.items():
        setattr(faults, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(faults, name, value)
