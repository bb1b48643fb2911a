"""OpenAI's routes, put together."""

from functools import partial
from typing import Final

from fastapi import APIRouter
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
from desktop.api.posts import add_post

_ASKED: Final = [{"role": "user", "content": "Say hello."}]


def router(door: Door) -> APIRouter:
    """Return the routes under `/v1`."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI"])
    kept = KeptResponses()

    @routes.get("/models", summary="The models that can be asked")
    async def list_models() -> Response:
        return await models(door)

    @routes.get("/models/{name:path}", summary="One model")
    async def one_model(name: str) -> Response:
        # Addresses are put together with a slash too many: what is asked for is the list.
        return await model(door, name) if name else await models(door)

    add_post(routes, door, "/chat/completions", chat, ChatBody, "Answer a conversation",
             {"messages": _ASKED, "stream": False})  # fmt: skip
    add_post(routes, door, "/completions", complete, CompletionBody, "Continue a text",
             {"prompt": "Once upon a time", "max_tokens": 32})  # fmt: skip
    add_post(routes, door, "/embeddings", embeddings, EmbeddingBody, "Turn texts into vectors",
             {"input": ["Once upon a time"]})  # fmt: skip
    add_post(routes, door, "/responses", partial(respond, kept), ResponseBody,
             "Answer, and remember it for a while",
             {"input": "Say hello.", "stream": False})  # fmt: skip

    @routes.get("/responses/{name}", summary="An earlier answer")
    async def earlier(name: str) -> Response:
        return response(kept, name)

    @routes.delete("/responses/{name}", summary="Forget an earlier answer")
    async def forgotten(name: str) -> Response:
        return forget(kept, name)

    return routes
