"""The fake hub itself: real sockets on loopback ports, one for each host of the real thing.

`HubServer` listens as the hub (API and redirects to signed addresses), as the CDN (the bytes) and
as ModelScope. Each connection has a thread of its own; all of them are gone when it is closed.

    with HubServer([HubRepository("owner/name-GGUF", (gguf_file("a-Q4_K_M.gguf", 2**21),))]) as hub:
        hub.faults.cut(after=100_000, times=3)
        ...
        assert [request.range for request in hub.log if request.side == "cdn"] == [...]
"""

import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.harness.http_listener import Answer, HttpHandler
from tests.harness.hub import cdn, listing, modelscope, resolving
from tests.harness.hub.faults import Faults
from tests.harness.hub.repositories import HubFile, HubRepository
from tests.harness.stand_in import Listener, StandIn

Side: TypeAlias = Literal["hub", "cdn", "modelscope"]


@dataclass(frozen=True, slots=True)
class HubRequest:
    """What one request asked: `path` decoded, without its query; `range` the header, may be empty.

    `token` is what came as `Authorization: Bearer`, empty for none; header names in lower case.
    """

    side: Side
    port: int
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def range(self) -> str:
        """The header of that name."""
        return self.headers.get("range", "")

    @property
    def token(self) -> str:
        """What it was authorised with."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def authorization(self) -> bool:
        """Whether there was such a header at all."""
        return "authorization" in self.headers


class HubServer(StandIn):
    """A hub, a CDN and a ModelScope; a context manager. `faults` are its switches.

    `log` has every request so far, oldest first. `replace` changes what is offered. With
    `certificate` (a PEM file with key and certificate) hub and CDN speak TLS.
    """

    def __init__(self, repositories: Iterable[HubRepository] = (), certificate: str = "") -> None:
        super().__init__()
        self.faults = Faults()
        self._lock = threading.Lock()
        self._repositories = {repository.name: repository for repository in repositories}
        self._log: list[HubRequest] = []
        self._signed: dict[str, HubFile] = {}
        self._numbers = itertools.count(1)
        sides: tuple[Side, ...] = ("hub", "cdn", "modelscope")
        self._sides = {side: _Side(self, side, certificate) for side in sides}
        self._listeners += self._sides.values()

    @property
    def endpoint(self) -> str:
        """The hub's address, without a slash at the end."""
        return self._sides["hub"].address

    @property
    def cdn(self) -> str:
        """The CDN's address."""
        return self._sides["cdn"].address

    @property
    def modelscope(self) -> str:
        """ModelScope's address."""
        return self._sides["modelscope"].address

    @property
    def log(self) -> list[HubRequest]:
        """Every request so far."""
        with self._lock:
            return list(self._log)

    @property
    def ranges(self) -> list[str]:
        """The ranges asked of the CDN so far, in order; empty for a whole file."""
        return [request.range for request in self.log if request.side == "cdn"]

    @property
    def repositories(self) -> list[HubRepository]:
        """What is offered now."""
        with self._lock:
            return list(self._repositories.values())

    def repository(self, name: str) -> HubRepository | None:
        """Return the repository of that name."""
        with self._lock:
            return self._repositories.get(name)

    def replace(self, repository: HubRepository) -> None:
        """Offer `repository`, instead of one of the same name."""
        with self._lock:
            self._repositories[repository.name] = repository

    def url(self, repository: str, path: str, revision: str = "main") -> str:
        """Return where the hub hands out a file."""
        return f"{self.endpoint}/{repository}/resolve/{revision}/{path}"

    def sign(self, file: HubFile) -> str:
        """Return a new CDN address for the bytes of `file`."""
        with self._lock:
            key = f"{next(self._numbers):04d}"
            self._signed[key] = file
        expires = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600"
        return f"{self.cdn}/xet-bridge-us/{file.sha256}?{expires}&X-Amz-Signature={key}"

    def signed(self, signature: str) -> HubFile | None:
        """Return the file of a signature that is still good."""
        with self._lock:
            return self._signed.get(signature)

    def expire(self, signature: str = "") -> None:
        """Make one signed address worthless, or all that were given out."""
        with self._lock:
            if signature:
                self._signed.pop(signature, None)
            else:
                self._signed.clear()

    def note(self, request: HubRequest) -> None:
        """Put `request` into the log."""
        with self._lock:
            self._log.append(request)


class _Side(Listener[HubServer]):
    def __init__(self, world: HubServer, side: Side, certificate: str) -> None:
        super().__init__(world, _Handler, f"hub-{side}", certificate=certificate)
        self.side: Side = side


class _Handler(HttpHandler):
    server: _Side

    def answer(self) -> None:
        """Answer one request."""
        world = self.server.world
        # A target that begins with two slashes or a scheme is still a path here.
        parts = urlsplit("/" + self.path.lstrip("/"))
        request = HubRequest(
            self.server.side,
            self.server.port,
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
        )
        world.note(request)
        if request.side == "cdn":
            cdn.serve(world, request, self)
            return
        self.say(_api(world, request) or Answer(404, b"Not Found"))


def _api(world: HubServer, request: HubRequest) -> Answer | None:
    if request.side == "modelscope":
        return modelscope.answer(world, request)
    return resolving.answer(world, request) or listing.answer(world, request)
