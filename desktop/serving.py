"""The local server put together: what answers on the one side, the protocols on the other.

FastAPI is imported when the first server is wanted, in the thread that starts it.
"""

from desktop.domain.model import InstalledModel
from desktop.services.answering_parts import AnsweringParts
from desktop.services.local_api import Listening, MakeServer, RunningServer
from desktop.services.manner import template_for


def serve(parts: AnsweringParts) -> MakeServer:
    """Return what starts a server that answers with `parts`."""

    def make(listening: Listening) -> RunningServer:
        from desktop.api.door import Door
        from desktop.api.server import start_server

        door = Door(
            engine=parts.engine,
            models=parts.models.models,
            usual=parts.usual,
            settings_for=parts.settings_for,
            template_for=lambda model: template_for(parts.defaults(model)),
            served=parts.connections.known,
            unload=lambda model: _unload(model, parts),
        )
        return start_server(door, listening)

    return make


def _unload(model: InstalledModel, parts: AnsweringParts) -> None:
    """Give back the memory that a model takes, here or at its server; raises LapisError."""
    if model.is_served:
        parts.connections.unload(model)
        return
    loaded = parts.engine.here.model
    if loaded is not None and loaded.path == model.path:
        parts.engine.unload()
