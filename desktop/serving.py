"""The local server put together: what answers on the one side, the protocols on the other.

FastAPI is imported when the first server is wanted, in the thread that starts it.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final

from desktop.domain.model import InstalledModel
from desktop.services.answering_parts import AnsweringParts
from desktop.services.local_api import Listening, MakeServer, RunningServer
from desktop.services.manner import template_for

_FRESH_SECONDS: Final = 30.0
# A server that is silent must not keep programs from the models that are here.
_FIRST_SECONDS: Final = 5.0


def serve(parts: AnsweringParts) -> MakeServer:
    """Return what starts a server that answers with `parts`."""

    def make(listening: Listening) -> RunningServer:
        from desktop.api.door import Door
        from desktop.api.server import start_server

        door = Door(
            engine=parts.engine,
            models=Listing(parts),
            usual=parts.usual,
            settings_for=parts.settings_for,
            template_for=lambda model: template_for(parts.defaults(model)),
            served=parts.connections.known,
            unload=lambda model: _unload(model, parts),
            is_shared=parts.is_shared,
        )
        return start_server(door, listening)

    return make


class Listing:
    """Every model that programs can ask; call it, from any thread.

    Servers are asked when somebody wants to know, the first time and each time that what they said
    is old. They are waited for the first time alone, and not for long; else what they said last is
    told.
    """

    def __init__(self, parts: AnsweringParts, patience: float = _FIRST_SECONDS) -> None:
        """Ask nobody yet; `patience` in seconds."""
        self._parts = parts
        self._patience = patience
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._first: threading.Thread | None = None
        self._first_ends = 0.0

    def __call__(self) -> Sequence[InstalledModel]:
        """Return the files of the moment, then what servers have."""
        connections = self._parts.connections
        now = time.monotonic()
        with self._lock:
            if self._asked is None:
                self._asked, self._first_ends = now, now + self._patience
                if not all(connections.was_asked(each.name) for each in connections.all()):
                    self._first = self._ask()
            elif now - self._asked > _FRESH_SECONDS:
                self._asked = now
                self._ask()
        if self._first is not None:
            self._first.join(max(0.0, self._first_ends - now))
        return self._parts.models.models()

    def _ask(self) -> threading.Thread:
        asking = threading.Thread(
            target=self._parts.connections.refresh, name="api-servers", daemon=True
        )
        asking.start()
        return asking


def _unload(model: InstalledModel, parts: AnsweringParts) -> None:
    """Give back the memory that a model takes, here or at its server; raises LapisError."""
    if model.is_served:
        parts.connections.unload(model)
        return
    loaded = parts.engine.here.model
    if loaded is not None and loaded.path == model.path:
        parts.engine.unload()
