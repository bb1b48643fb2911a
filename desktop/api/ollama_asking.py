"""`/api/chat`, `/api/generate` and the two ways to vectors: from the body of a request to its answer.

The API's thread.
"""

import time
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from desktop.api.answering import begin, first_of, vectors
from desktop.api.door import Door, wanted_for
from desktop.api.ollama_answers import Telling, in_chat, in_generate
from desktop.api.ollama_requests import InForce, chat_request, generate_request
from desktop.api.ollama_streams import let_go, streamed, told, whole
from desktop.api.ollama_values import (
    Asked,
    ChatBody,
    EmbedBody,
    GenerateBody,
    OldEmbedBody,
    kept_seconds,
)
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Sampling
from desktop.domain.errors import ContextOverflow, NotForChats
from desktop.domain.model import InstalledModel
from desktop.services.engine import Vectors
from desktop.services.model_turns import Wanted

_SECOND: Final = 10**9
# Nothing is said in it: it has the model loaded, and what comes back is thrown away.
_LOADING: Final = ChatRequest(
    prompt="\n", sampling=Sampling(temperature=0.0, max_tokens=1), keep_state=False
)
_LONGEST_INPUT: Final = 1_000_000
_CUTS: Final = 32


async def chat(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `POST /api/chat`; raises Refused or LapisError."""
    wish = read(ChatBody, body)
    wanted = await wanted_for(door, wish.model)
    telling = Telling(wish.model or wanted.model.name, in_chat)
    if not wish.messages:
        return await _without_question(door, visit, wish, wanted, telling)
    request = chat_request(wish, in_force(door, wanted.model))
    return await _answered(door, visit, wish, request, wanted, telling)


async def generate(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `POST /api/generate`; raises Refused or LapisError."""
    wish = read(GenerateBody, body)
    wanted = await wanted_for(door, wish.model)
    telling = Telling(wish.model or wanted.model.name, in_generate)
    if not wish.prompt and not wish.suffix and not wish.images:
        return await _without_question(door, visit, wish, wanted, telling)
    request = generate_request(wish, in_force(door, wanted.model))
    return await _answered(door, visit, wish, request, wanted, telling)


async def embed(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `POST /api/embed`; raises Refused or LapisError."""
    began = time.monotonic()
    wish = read(EmbedBody, body)
    wanted = await wanted_for(door, wish.model)
    if wish.input is None:
        raise Refused(400, "input is missing", param="input")
    texts = [wish.input] if isinstance(wish.input, str) else wish.input
    found = await _vectors(door, visit, texts, wanted, cuts=wish.truncate is not False)
    rows = found.rows
    if wish.dimensions is not None:
        rows = tuple(first_of(vector, wish.dimensions) for vector in rows)
    if kept_seconds(wish.keep_alive) == 0:
        await let_go(door, wanted.model)
    return told(
        {
            "model": wish.model or wanted.model.name,
            "embeddings": [vector.tolist() for vector in rows],
            "prompt_eval_count": found.tokens,
            "total_duration": round((time.monotonic() - began) * _SECOND),
        }
    )


async def embeddings(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `POST /api/embeddings`; raises Refused or LapisError."""
    wish = read(OldEmbedBody, body)
    wanted = await wanted_for(door, wish.model)
    found = await _vectors(door, visit, [wish.prompt] if wish.prompt else [], wanted, cuts=True)
    if kept_seconds(wish.keep_alive) == 0:
        await let_go(door, wanted.model)
    return told({"embedding": found.rows[0].tolist() if found.rows else []})


def in_force(door: Door, model: InstalledModel) -> InForce:
    """Return what holds for `model` where a client says nothing."""
    served = door.served(model) if model.is_served else None
    return InForce(
        sampling=door.settings_for(model).sampling,
        template=door.template_for(model),
        sees=None if model.is_served and served is None else served is not None and served.sees,
    )


async def _answered(
    door: Door,
    visit: Visit,
    wish: Asked,
    request: ChatRequest,
    wanted: Wanted,
    telling: Telling,
) -> Response:
    way = whole if wish.stream is False else streamed
    unloads = kept_seconds(wish.keep_alive) == 0
    return await way(door, visit, request, wanted, telling, unloads=unloads)


async def _without_question(
    door: Door, visit: Visit, wish: Asked, wanted: Wanted, telling: Telling
) -> Response:
    """Load the model, or let go of it: what a client means that asks nothing."""
    visit.model = wanted.model.name
    if kept_seconds(wish.keep_alive) == 0:
        await let_go(door, wanted.model)
        return told(telling.nothing("unload"))
    if not wanted.model.is_served:
        try:
            async for _ in await begin(door, visit, _LOADING, wanted):
                pass
        except NotForChats:
            # One that makes vectors: it is loaded now, and talks to nobody.
            pass
    return told(telling.nothing("load"))


async def _vectors(
    door: Door, visit: Visit, texts: Sequence[str], wanted: Wanted, *, cuts: bool
) -> Vectors:
    """Return a vector for each text; texts that are too long lose their ends where `cuts`.

    What a model takes is counted in tokens, which only the engine can do: so the longest are cut
    by a quarter until nothing is refused. Raises LapisError.
    """
    if not texts:
        visit.model = wanted.model.name
        return Vectors()
    limit = min(max(map(len, texts)), _LONGEST_INPUT)
    for _ in range(_CUTS if cuts else 0):
        try:
            return await vectors(door, visit, [text[:limit] for text in texts], wanted)
        except ContextOverflow:
            limit = limit * 3 // 4
    return await vectors(door, visit, texts, wanted)
