"""The routes of Ollama's interface. The API's thread; files are looked at in other ones."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from fastapi import APIRouter, Request
from starlette.responses import Response

from desktop.api.door import Door, listed
from desktop.api.model_facts import ModelFacts
from desktop.api.ollama_asking import chat, embed, embeddings, generate
from desktop.api.ollama_models import VERSION, asked_for, entry, running, shown
from desktop.api.ollama_streams import told
from desktop.api.ollama_values import (
    ChatBody,
    EmbedBody,
    GenerateBody,
    OldEmbedBody,
    ShowBody,
)
from desktop.api.openai_routes import body_schema
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import AsVisit, Visit

_LISTING_SECONDS: Final = 1.0
_Answering: TypeAlias = Callable[[Door, Visit, bytes], Awaitable[Response]]
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
                    entry(model, about, door.served(model) if model.is_served else None)
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
            running(
                model,
                about,
                door.served(model) if model.is_served else None,
                here,
                door.settings_for(model),
            )
            for model, about in zip(models, known, strict=True)
        )
        return told({"models": [reply for reply in replies if reply is not None]})

    @routes.post(
        "/api/show",
        summary="What is known of a model",
        openapi_extra=_documented(ShowBody, {"model": "local-model"}),
    )
    async def show(request: Request, visit: AsVisit) -> Response:
        wish = read(ShowBody, await request.body())
        wanted = await asked_for(door, wish.model or wish.name)
        model = wanted.model
        visit.model = model.name
        about = await asyncio.to_thread(facts.of, model)
        served = door.served(model) if model.is_served else None
        return told(shown(model, about, served, door.settings_for(model).sampling))

    talk = {"messages": [{"role": "user", "content": "Say hello."}], "stream": False}
    _add(routes, door, "/api/chat", chat, ChatBody, "Answer a conversation", talk)
    _add(routes, door, "/api/generate", generate, GenerateBody, "Answer one question",
         {"prompt": "Say hello.", "stream": False})  # fmt: skip
    _add(routes, door, "/api/embed", embed, EmbedBody, "Turn texts into vectors",
         {"input": ["Once upon a time"]})  # fmt: skip
    _add(routes, door, "/api/embeddings", embeddings, OldEmbedBody, "The older way to a vector",
         {"prompt": "Once upon a time"})  # fmt: skip
    for method, path in _NOT_HERE:
        routes.add_api_route(path, _not_here, methods=[method], include_in_schema=False)
    return routes


def _add(
    routes: APIRouter,
    door: Door,
    path: str,
    answer: _Answering,
    body: type,
    summary: str,
    example: Mapping[str, object],
) -> None:
    async def answered(request: Request, visit: AsVisit) -> Response:
        return await answer(door, visit, await request.body())

    routes.add_api_route(
        path,
        answered,
        methods=["POST"],
        summary=summary,
        name=f"ollama_{answer.__name__}",
        openapi_extra=_documented(body, {"model": "local-model", **example}),
    )


def _documented(body: type, example: Mapping[str, object]) -> dict[str, object]:
    content = {"application/json": {"schema": body_schema(body), "example": example}}
    return {"requestBody": {"required": True, "content": content}}


async def _not_here() -> Response:
    raise Refused(501, "Models are fetched and deleted in the window of Lapis, not from outside")
