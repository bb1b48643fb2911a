"""OpenAI's routes, put together: each reads its body itself, so that what is wrong is told its way.

FastAPI knows of the bodies only what it shows in the documentation.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from desktop.api.door import Door
from desktop.api.kept_responses import KeptResponses
from desktop.api.openai_chat import chat
from desktop.api.openai_completions import complete
from desktop.api.openai_embeddings import embeddings
from desktop.api.openai_models import model, models
from desktop.api.openai_responses import forget, respond, response
from desktop.api.openai_responses_values import ResponseBody
from desktop.api.openai_values import ChatBody, CompletionBody, EmbeddingBody
from desktop.api.visit import Visit, visit_of

Answering: TypeAlias = Callable[[Door, Visit, bytes], Awaitable[Response]]

_TAG: Final = "OpenAI"
_DEFS: Final = "#/$defs/"
_ASKED: Final = [{"role": "user", "content": "Say hello."}]


def router(door: Door) -> APIRouter:
    """Return the routes under `/v1`."""
    routes = APIRouter(prefix="/v1", tags=[_TAG])
    kept = KeptResponses()

    @routes.get("/models", summary="The models that can be asked")
    async def list_models() -> Response:
        return await models(door)

    @routes.get("/models/{name:path}", summary="One model")
    async def one_model(name: str) -> Response:
        return await model(door, name)

    _add(routes, door, "/chat/completions", chat, ChatBody, "Answer a conversation",
         {"messages": _ASKED, "stream": False})  # fmt: skip
    _add(routes, door, "/completions", complete, CompletionBody, "Continue a text",
         {"prompt": "Once upon a time", "max_tokens": 32})  # fmt: skip
    _add(routes, door, "/embeddings", embeddings, EmbeddingBody, "Turn texts into vectors",
         {"input": ["Once upon a time"]})  # fmt: skip
    _add(routes, door, "/responses", partial(respond, kept), ResponseBody,
         "Answer, and remember it for a while",
         {"input": "Say hello.", "stream": False})  # fmt: skip

    @routes.get("/responses/{name}", summary="An earlier answer")
    async def earlier(name: str) -> Response:
        return response(kept, name)

    @routes.delete("/responses/{name}", summary="Forget an earlier answer")
    async def forgotten(name: str) -> Response:
        return forget(kept, name)

    return routes


def _add(
    routes: APIRouter,
    door: Door,
    path: str,
    answer: Answering,
    body: type,
    summary: str,
    example: Mapping[str, object],
) -> None:
    async def answered(request: Request) -> Response:
        return await answer(door, visit_of(request), await request.body())

    shown = {"schema": body_schema(body), "example": example}
    routes.add_api_route(
        path,
        answered,
        methods=["POST"],
        summary=summary,
        name=path,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": shown}}},
    )


def body_schema(body: type) -> Any:
    """Return the JSON schema of a body, in one piece."""
    whole = msgspec.json.schema(body)
    definitions = whole.pop("$defs", {})
    return _inlined(whole, definitions)


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    match schema:
        case {"$ref": str(reference)} if reference.startswith(_DEFS):
            return _inlined(definitions[reference.removeprefix(_DEFS)], definitions)
        case dict():
            return {key: _inlined(value, definitions) for key, value in schema.items()}
        case list():
            return [_inlined(value, definitions) for value in schema]
    return schema
