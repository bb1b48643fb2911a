"""Everything that can go wrong with a request, as a status and in the shape of the client's protocol.

OpenAI's on its routes, `{"error": …}` on Ollama's under `/api/`. Errors of Lapis are told in English,
with the names of files but without their folders. Pure functions; what FastAPI raises itself is
handled by what `add_handlers` adds.
"""

import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from desktop.api.refused import AGAIN_SECONDS, Refused
from desktop.domain.errors import (
    AccessDenied,
    ContextOverflow,
    Defect,
    EngineDied,
    EngineMissing,
    LapisError,
    ModelFileError,
    ModelLoadError,
    ModelNotFound,
    ModelNotServed,
    NetworkError,
    NotForChats,
    Offline,
    OutOfMemory,
    StorageError,
    TemplateError,
    TooManyRequests,
)
from desktop.domain.text import Text, Value

OLLAMA: Final = "/api/"

_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
# A path inside of somebody else's words: at least two folders deep, and no part of an address
# or of a JSON pointer.
_PATH: Final = re.compile(
    r"""(?<![\w:/\\#])(?:~|[A-Za-z]:)?(?:[\\/][^\s\\/'":;,]+)+[\\/]([^\s\\/'":;,]*)"""
)
_ABSOLUTE: Final = re.compile(r"(?:~?/|[A-Za-z]:[\\/]|\\\\)")


def refusal(error: LapisError) -> Refused:
    """Return what a client is told of an error of Lapis."""
    words = f"{_shown(error.title)}. {_shown(error.hint)}"
    match error:
        case ModelNotFound() | ModelNotServed():
            return Refused(404, words, param="model", code="model_not_found")
        case ContextOverflow():
            return Refused(400, words, param="messages", code="context_length_exceeded")
        case NotForChats() | TemplateError():
            return Refused(400, words)
        case TooManyRequests():
            return Refused(429, words, code="rate_limit_exceeded", seconds=_whole(error.seconds))
        case OutOfMemory():
            return Refused(503, words, code="out_of_memory")
        case ModelFileError() | ModelLoadError():
            return Refused(500, words, code="model_not_loaded")
        case EngineDied():
            # The hint is for who has a window, where the text so far is kept.
            words = f"{_shown(error.title)}. Ask again"
            return Refused(500, words, seconds=AGAIN_SECONDS)
        case Offline() | AccessDenied():
            return Refused(502, words)
        case NetworkError():
            return Refused(502, words, seconds=AGAIN_SECONDS if error.passes else 0)
        case Defect() | EngineMissing() | StorageError():
            return Refused(500, words)
        case _:
            # What the person, here the client, can change about the question.
            return Refused(400, words)


def body(route: str, refused: Refused) -> dict[str, object]:
    """Return `refused` in the shape that clients of `route` expect."""
    if route.startswith(OLLAMA):
        return {"error": refused.message}
    kind = _TYPES.get(refused.status, "")
    usual = "server_error" if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    return {
        "error": {
            "message": refused.message,
            "type": kind or usual or "invalid_request_error",
            "param": refused.param or None,
            "code": refused.code or None,
        }
    }


def encoded(route: str, error: Refused | LapisError) -> bytes:
    """Return `error` as JSON for clients of `route`, as it also stands inside of a stream."""
    return msgspec.json.encode(body(route, _refused(error)))


def headers(refused: Refused) -> dict[str, str]:
    """Return the headers that go with `refused`: whether, and when, to ask again."""
    if refused.seconds:
        return {"retry-after": str(refused.seconds)}
    if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Clients made with OpenAI's library would ask twice more, and have the model loaded again.
        return {"x-should-retry": "false"}
    return {}


def response(route: str, error: Refused | LapisError) -> Response:
    """Return the answer that tells of `error`."""
    refused = _refused(error)
    return Response(
        encoded(route, refused),
        status_code=refused.status,
        headers=headers(refused),
        media_type="application/json",
    )


def add_handlers(app: FastAPI) -> None:
    """Have `app` tell every error in the shape of the route."""

    async def tell(request: Request, error: Exception) -> Response:
        match error:
            case Refused() | LapisError():
                return response(request.url.path, error)
            case RequestValidationError():
                return response(request.url.path, _invalid(error.errors()))
            case HTTPException():
                return response(request.url.path, Refused(error.status_code, error.detail))
            case _:
                # Logged by the guard, where it goes on to.
                return response(
                    request.url.path, Refused(500, "A defect in Lapis. Its log has more")
                )

    for kind in (Refused, LapisError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, tell)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """Return what the first of pydantic's errors says, without the value that was sent."""
    first = errors[0] if errors else {}
    place = [str(part) for part in first.get("loc", ()) if part not in {"body", "query"}]
    field = ".".join(place)
    words = str(first.get("msg", "The request is not valid"))
    return Refused(400, f"{field}: {words}" if field else words, param=field)


def _refused(error: Refused | LapisError) -> Refused:
    return refusal(error) if isinstance(error, LapisError) else error


def _shown(text: Text) -> str:
    """Return the English words; of paths among the values, only the last part."""
    values = {name: _last_part(value) for name, value in text.values.items()}
    return str(Text(text.message, values)).removesuffix(".")


def _last_part(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(_without_folders, value))
    return _without_folders(value) if isinstance(value, str) else value


def _without_folders(words: str) -> str:
    if "\n" in words or not _ABSOLUTE.match(words):
        return _PATH.sub(r"…/\1", words)
    windows = "\\" in words
    return (PureWindowsPath(words) if windows else PurePosixPath(words)).name


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds)) if math.isfinite(seconds) else 60
