"""`/v1/models`: what can be asked, by the names that requests take. The API's thread."""

import asyncio
import contextlib
from collections.abc import Sequence

from starlette.responses import Response

from desktop.api.door import Door, listed, wanted_for
from desktop.api.openai_replies import Json, encoded
from desktop.domain.model import InstalledModel


async def models(door: Door) -> Response:
    """Return the list of all models."""
    known = await listed(door)
    entries = await asyncio.to_thread(_entries, door, known)
    return Response(encoded({"object": "list", "data": entries}), media_type="application/json")


async def model(door: Door, name: str) -> Response:
    """Return one model; raises LapisError where there is none of that name."""
    wanted = await wanted_for(door, name)
    entry = await asyncio.to_thread(_entry, door, wanted.model)
    return Response(encoded(entry), media_type="application/json")


def _entries(door: Door, known: Sequence[InstalledModel]) -> list[Json]:
    return [_entry(door, each) for each in known]


def _entry(door: Door, each: InstalledModel) -> Json:
    served = door.served(each) if each.is_served else None
    created = 0.0 if served is None else served.modified
    if not each.is_served:
        # A file that has gone since is listed once more, without a date.
        with contextlib.suppress(OSError):
            created = each.path.stat().st_mtime
    entry: Json = {
        "id": each.name,
        "object": "model",
        "created": max(0, int(created)),
        "owned_by": each.server or "lapis",
    }
    context = _context(door, each) if served is None else served.context
    return entry | ({"max_model_len": context} if context else {})


def _context(door: Door, each: InstalledModel) -> int:
    """Return the context in tokens that a model file is loaded with now, 0 while it is not."""
    state = door.engine.state
    if state.loaded is None or state.model is None or state.model.path != each.path:
        return 0
    return state.loaded.n_ctx
