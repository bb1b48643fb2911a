"""Routes that are sent a body: each reads it itself, so that what is wrong is told its own way.

FastAPI knows of the bodies only what it shows in the documentation. Used when the routes are put
together.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from desktop.api.door import Door
from desktop.api.visit import Visit, visit_of

Answering: TypeAlias = Callable[[Door, Visit, bytes], Awaitable[Response]]

_DEFS: Final = "#/$defs/"


def add_post(
    routes: APIRouter,
    door: Door,
    path: str,
    answer: Answering,
    body: type,
    summary: str,
    example: Mapping[str, object],
) -> None:
    """Have `routes` answer a POST to `path`; `body` and `example` are what is shown of it."""

    async def answered(request: Request) -> Response:
        return await answer(door, visit_of(request), await request.body())

    shown = {"schema": _schema_of(body), "example": example}
    routes.add_api_route(
        path,
        answered,
        methods=["POST"],
        summary=summary,
        name=path,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": shown}}},
    )


def _schema_of(body: type) -> Any:
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
