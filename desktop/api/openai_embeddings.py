"""`/v1/embeddings`: texts as vectors. The API's thread; the engine is waited for in another one."""

import base64
import sys
from array import array
from collections.abc import Sequence

from starlette.responses import Response

from desktop.api.answering import first_of, vectors
from desktop.api.door import Door, wanted_for
from desktop.api.openai_replies import Json, encoded
from desktop.api.openai_values import EmbeddingBody
from desktop.api.reading import MOST_TEXTS, read
from desktop.api.refused import Refused
from desktop.api.visit import Visit


async def embeddings(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the vectors of the texts in `body`; raises Refused or LapisError."""
    wish = read(EmbeddingBody, body)
    texts = _texts(wish)
    wanted = await wanted_for(door, wish.model)
    found = await vectors(door, visit, texts, wanted)
    rows = found.rows
    if wish.dimensions is not None:
        rows = _cut(rows, wish.dimensions)
    in_base64 = wish.encoding_format == "base64"
    data: list[Json] = [
        {
            "object": "embedding",
            "index": number,
            "embedding": _base64(vector) if in_base64 else list(vector),
        }
        for number, vector in enumerate(rows)
    ]
    used = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    answer = {"object": "list", "data": data, "model": wanted.model.name, "usage": used}
    return Response(encoded(answer), media_type="application/json")


def _texts(wish: EmbeddingBody) -> list[str]:
    given = [wish.input] if isinstance(wish.input, str) else wish.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise Refused(400, "Texts are taken as they are, not as tokens", param="input")
    if not 1 <= len(texts) <= MOST_TEXTS:
        raise Refused(400, f"From one to {MOST_TEXTS:,} texts are taken", param="input")
    return texts


def _cut(rows: Sequence["array[float]"], length: int) -> tuple["array[float]", ...]:
    """Return vectors of `length` numbers; raises Refused where they have not so many."""
    most = min(map(len, rows), default=length)
    if length > most:
        raise Refused(400, f"The vectors of this model have {most} numbers", param="dimensions")
    return tuple(first_of(vector, length) for vector in rows)


def _base64(vector: "array[float]") -> str:
    """Return the numbers as 32-bit floats, the smallest byte first, in base64."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
