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


def serve(parts: AnsweringParts) -> MakeServer:
    """Return what starts a server that answers with `parts`."""

    def make(listening: Listening) -> RunningServer:
        from desktop.api.door import Door
        from desktop.api.server import start_server

        door = Door(
            engine=parts.engine,
            models=_Listing(parts),
            usual=parts.usual,
            settings_for=parts.settings_for,
            template_for=lambda model: template_for(parts.defaults(model)),
            served=parts.connections.known,
            unload=lambda model: _unload(model, parts),
            is_shared=parts.is_shared,
        )
        return start_server(door, listening)

    return make


class _Listing:
    """Every model that programs can ask; call it, from any thread.

    Servers are asked by the first who wants to know, and waited for; later what they said last is
    told, and they are asked again beside it once that is old.
    """

    def __init__(self, parts: AnsweringParts) -> None:
        """Ask nobody yet."""
        self._parts = parts
        self._lock = threading.Lock()
        self._asked: float | None = None

    def __call__(self) -> Sequence[InstalledModel]:
        """Return the files of the moment, then what servers have."""
        connections = self._parts.connections
        with self._lock:
            now = time.monotonic()
            if self._asked is None:
                self._asked = now
                if not all(connections.was_asked(each.name) for each in connections.all()):
                    connections.refresh()
            elif now - self._asked > _FRESH_SECONDS:
                self._asked = now
                threading.Thread(
                    target=connections.refresh, name="api-servers", daemon=True
                ).start()
        return self._parts.models.models()


def _unload(model: InstalledModel, parts: AnsweringParts) -> None:
    """Give back the memory that a model takes, here or at its server; raises LapisError."""
    if model.is_served:
        parts.connections.unload(model)
        return
    loaded = parts.engine.here.model
    if loaded is not None and loaded.path == model.path:
        parts.engine.unload()
