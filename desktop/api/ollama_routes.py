"""The routes of Ollama's interface. The API's thread; files are looked at in other ones."""

import asyncio
from functools import partial
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from desktop.api.door import Door, listed, wanted_for
from desktop.api.model_facts import ModelFacts
from desktop.api.ollama_asking import chat, embed, embeddings, generate
from desktop.api.ollama_models import VERSION, entry, running, shown
from desktop.api.ollama_streams import told
from desktop.api.ollama_values import (
    ChatBody,
    EmbedBody,
    GenerateBody,
    OldEmbedBody,
    ShowBody,
)
from desktop.api.posts import add_post
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.connection import ServedModel
from desktop.domain.model import InstalledModel

_LISTING_SECONDS: Final = 1.0
_NAMED: Final = {"model": "local-model"}
_SAID: Final = "Say hello."
# Models come and go in the window alone, where a person sees what is fetched and deleted.
_NOT_HERE: Final = (
    ("POST", "/api/pull"),
    ("DELETE", "/api/delete"),
    ("POST", "/api/create"),
    ("POST", "/api/copy"),
    ("POST", "/api/push"),
)


def router(door: Door) -> APIRouter:
    """Return the routes, answered through `door`."""
    facts = ModelFacts()
    routes = APIRouter(tags=["Ollama"])

    @routes.get("/api/version", summary="The version of Ollama whose interface this is")
    async def version() -> Response:
        return told({"version": VERSION})

    @routes.get("/api/tags", summary="Models that can be asked")
    async def tags() -> Response:
        models = await listed(door)
        known = await asyncio.to_thread(facts.of_all, models, _LISTING_SECONDS)
        return told(
            {
                "models": [
                    entry(model, about, _served(door, model))
                    for model, about in zip(models, known, strict=True)
                ]
            }
        )

    @routes.get("/api/ps", summary="Models that take memory now")
    async def ps() -> Response:
        here = door.engine.here
        models = [model for model in await listed(door) if model.is_served]
        if here.model is not None:
            models.insert(0, here.model)
        known = await asyncio.to_thread(facts.of_all, models, _LISTING_SECONDS)
        replies = (
            running(model, about, _served(door, model), here, door.settings_for(model))
            for model, about in zip(models, known, strict=True)
        )
        return told({"models": [reply for reply in replies if reply is not None]})

    add_post(routes, door, "/api/show", partial(_show, facts), ShowBody,
             "What is known of a model", _NAMED)  # fmt: skip
    add_post(routes, door, "/api/chat", chat, ChatBody, "Answer a conversation",
             {**_NAMED, "messages": [{"role": "user", "content": _SAID}], "stream": False})  # fmt: skip
    add_post(routes, door, "/api/generate", generate, GenerateBody, "Answer one question",
             {**_NAMED, "prompt": _SAID, "stream": False})  # fmt: skip
    add_post(routes, door, "/api/embed", embed, EmbedBody, "Turn texts into vectors",
             {**_NAMED, "input": ["Once upon a time"]})  # fmt: skip
    add_post(routes, door, "/api/embeddings", embeddings, OldEmbedBody, "The older way to a vector",
             {**_NAMED, "prompt": "Once upon a time"})  # fmt: skip
    for method, path in _NOT_HERE:
        routes.add_api_route(path, _not_here, methods=[method], include_in_schema=False)
    return routes


async def _show(facts: ModelFacts, door: Door, visit: Visit, body: bytes) -> Response:
    wish = read(ShowBody, body)
    wanted = await wanted_for(door, wish.model or wish.name)
    model = wanted.model
    visit.model = model.name
    about = await asyncio.to_thread(facts.of, model)
    return told(shown(model, about, _served(door, model), door.settings_for(model).sampling))


def _served(door: Door, model: InstalledModel) -> ServedModel | None:
    return door.served(model) if model.is_served else None


async def _not_here() -> Response:
    raise Refused(501, "Models are fetched and deleted in the window of Lapis, not from outside")
