"""The local server as the rest of Lapis sees it: on or off, its key, and what clients did.

Methods may be called from any thread; those that wait for the server or the keyring say so.
Observers are called from whichever thread changed something: the caller's, or the server's. What
clients did is kept in memory, never what they said.
"""

import secrets as randomness
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from desktop.base.guard import guarded
from desktop.config.secrets import KeyringProblem, Secrets
from desktop.domain.api import Access, ServerPhase, ServerState
from desktop.domain.errors import LapisError, PortTaken
from desktop.domain.settings import MOST_ORIGINS, ApiSettings, Settings

KEY_NAME: Final = "local server"
_KEY_BYTES: Final = 32
_MOST_ACCESSES: Final = 500
_LONGEST_ORIGIN: Final = 200


@dataclass(frozen=True, slots=True)
class Listening:
    """How a server is to listen, and whom it tells.

    `key` is the key that is asked for (empty: nobody has one), `access` says who else is let in,
    both as they are at the time of each request. `note` is told of each request that has ended,
    `refuse` of each foreign origin, `count` of how many requests are under way; they are called
    from the server's thread.
    """

    host: str
    port: int
    key: Callable[[], str] = field(repr=False)
    access: Callable[[], ApiSettings]
    note: Callable[[Access], None]
    refuse: Callable[[str], None]
    count: Callable[[int], None]


class RunningServer(Protocol):
    """A server that listens."""

    @property
    def host(self) -> str:
        """The address it listens at, the first one if there are two."""
        ...

    @property
    def port(self) -> int:
        """The port it listens at."""
        ...

    def close(self) -> None:
        """Stop listening and end every answer; waits a few seconds at most; idempotent."""
        ...


MakeServer = Callable[[Listening], RunningServer]


class LocalApi:
    """The local server, its key and its list of accesses."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        change: Callable[[Callable[[Settings], Settings]], None],
        secrets: Secrets,
        make_server: MakeServer,
    ) -> None:
        """Start nothing and ask no keyring yet.

        `change` has settings changed and kept, from any thread; `make_server` returns when the
        server listens, or raises LapisError (PortTaken).
        """
        self._settings = settings
        self._change = change
        self._secrets = secrets
        self._make_server = make_server
        self._lock = threading.Lock()
        self._moving = threading.Lock()
        self._state = ServerState()
        self._server: RunningServer | None = None
        self._is_closed = False
        self._key = ""
        self._accesses: deque[Access] = deque(maxlen=_MOST_ACCESSES)
        self._refused: deque[str] = deque(maxlen=MOST_ORIGINS)
        self._observers: list[Callable[[ServerState], None]] = []

    @property
    def state(self) -> ServerState:
        """The latest picture."""
        with self._lock:
            return self._state

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What clients did, the latest last; the last 500 since Lapis was started."""
        with self._lock:
            return tuple(self._accesses)

    @property
    def refused_origins(self) -> tuple[str, ...]:
        """Web pages and editors that were refused because nobody let them in, each once."""
        with self._lock:
            return tuple(self._refused)

    def watch(self, observer: Callable[[ServerState], None]) -> None:
        """Call `observer` on each change, of the accesses and refused origins too."""
        with self._lock:
            self._observers.append(guarded(observer, "an observer of the local server"))

    def follow(self, settings: Settings) -> None:
        """Start, stop or move the server as it is set; waits. What fails is told by the state."""
        wanted = settings.api
        with self._moving:
            if not wanted.enabled:
                self._stop()
                return
            if self._server is not None and _place(wanted) == (
                self._server.host,
                self._server.port,
            ):
                return
            self._stop()
            self._start(wanted)

    def key(self) -> str:
        """Return the key, made at first use; waits for the keyring."""
        with self._lock:
            if self._key:
                return self._key
        return self._take_key(*keep_key(self._secrets))

    def renew_key(self) -> str:
        """Make another key, which counts from now on, and return it; waits for the keyring."""
        key = _new_key()
        problem = self._secrets.put(KEY_NAME, key)
        with self._lock:
            self._key = ""
        return self._take_key(key, problem)

    def clear_accesses(self) -> None:
        """Forget what clients did."""
        with self._lock:
            self._accesses.clear()
        self._tell()

    def allow_origin(self, origin: str) -> None:
        """Let in a web page or an editor, from now on."""

        def with_origin(settings: Settings) -> Settings:
            others = tuple(each for each in settings.api.origins if each != origin)
            origins = (*others, origin)[-MOST_ORIGINS:]
            return replace(settings, api=replace(settings.api, origins=origins))

        self._change(with_origin)
        with self._lock:
            if origin in self._refused:
                self._refused.remove(origin)
        self._tell()

    def close(self) -> None:
        """Stop for good; idempotent."""
        with self._moving:
            self._is_closed = True
            self._stop()

    # Starting and stopping; under `_moving`.

    def _start(self, wanted: ApiSettings) -> None:
        if self._is_closed or self._server is not None:
            return
        self._show(phase=ServerPhase.STARTING, host=wanted.host, port=wanted.port)
        listening = Listening(
            host=wanted.host,
            port=wanted.port,
            key=self._current_key,
            access=lambda: self._settings().api,
            note=self._note,
            refuse=self._refuse,
            count=self._count,
        )
        self.key()
        try:
            self._server = self._make_server(listening)
        except LapisError as error:
            free = error.free_port if isinstance(error, PortTaken) else 0
            self._show(phase=ServerPhase.FAILED, error=error, free_port=free)
            return
        self._show(phase=ServerPhase.RUNNING, host=self._server.host, port=self._server.port)

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self.state.phase is not ServerPhase.OFF:
            self._show(phase=ServerPhase.OFF, host="", port=0)

    # What the server tells, in its thread.

    def _current_key(self) -> str:
        with self._lock:
            return self._key

    def _note(self, access: Access) -> None:
        with self._lock:
            self._accesses.append(access)
        self._tell()

    def _refuse(self, origin: str) -> None:
        if not can_be_let_in(origin):
            return
        with self._lock:
            if origin in self._refused:
                return
            self._refused.append(origin)
        self._tell()

    def _count(self, requests: int) -> None:
        with self._lock:
            self._state = replace(self._state, requests=requests)
        self._tell()

    def _take_key(self, key: str, problem: LapisError | None) -> str:
        with self._lock:
            # Two may have asked at once.
            self._key = self._key or key
            self._state = replace(self._state, key_problem=problem)
            taken = self._key
        self._tell()
        return taken

    def _show(
        self,
        *,
        phase: ServerPhase,
        host: str | None = None,
        port: int | None = None,
        error: LapisError | None = None,
        free_port: int = 0,
    ) -> None:
        with self._lock:
            before = self._state
            self._state = replace(
                before,
                phase=phase,
                host=before.host if host is None else host,
                port=before.port if port is None else port,
                error=error,
                free_port=free_port,
                requests=0,
            )
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            state, observers = self._state, list(self._observers)
        for observer in observers:
            observer(state)


def keep_key(secrets: Secrets) -> tuple[str, LapisError | None]:
    """Return the key that is kept, made if there is none, and why it holds for this run only.

    Waits for the keyring.
    """
    try:
        kept = secrets.get(KEY_NAME)
    except KeyringProblem as problem:
        # There may be a key behind the lock, which clients have: it is not written over.
        return _new_key(), problem
    if kept:
        return kept, None
    made = _new_key()
    return made, secrets.put(KEY_NAME, made)


def can_be_let_in(origin: str) -> bool:
    """Return whether the settings could take `origin`, which some client sent."""
    return origin != "null" and len(origin) <= _LONGEST_ORIGIN and origin.isprintable()


def _place(wanted: ApiSettings) -> tuple[str, int]:
    return wanted.host, wanted.port


def _new_key() -> str:
    """Return a key of 256 random bits."""
    return f"lapis-{randomness.token_urlsafe(_KEY_BYTES)}"
