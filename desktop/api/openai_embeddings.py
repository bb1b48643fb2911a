"""`/v1/embeddings`: texts as vectors. The API's thread; the engine is waited for in another one."""

import base64
import math
import sys
from array import array
from typing import TYPE_CHECKING

from desktop.api.answering import vectors
from desktop.api.door import Door, wanted_for
from desktop.api.openai_replies import Json, encoded
from desktop.api.openai_values import MOST_TEXTS, EmbeddingBody
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit

if TYPE_CHECKING:
    from starlette.responses import Response


async def embeddings(door: Door, visit: Visit, body: bytes) -> "Response":
    """Return the vectors of the texts in `body`; raises Refused or LapisError."""
    from starlette.responses import Response

    wish = read(EmbeddingBody, body)
    texts = _texts(wish)
    wanted = await wanted_for(door, wish.model)
    found = await vectors(door, visit, texts, wanted)
    if wish.dimensions is not None:
        found = tuple(_cut(vector, wish.dimensions) for vector in found)
    in_base64 = wish.encoding_format == "base64"
    data: list[Json] = [
        {
            "object": "embedding",
            "index": number,
            "embedding": _base64(vector) if in_base64 else list(vector),
        }
        for number, vector in enumerate(found)
    ]
    # The engine does not count what it turns into vectors.
    used = {"prompt_tokens": 0, "total_tokens": 0}
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


def _cut(vector: "array[float]", length: int) -> "array[float]":
    """Return the first `length` numbers of a vector, of length 1 again; raises Refused."""
    if length > len(vector):
        raise Refused(
            400, f"The vectors of this model have {len(vector)} numbers", param="dimensions"
        )
    part = vector[:length]
    size = math.sqrt(sum(number * number for number in part))
    return array("f", (number / size for number in part)) if size else part


def _base64(vector: "array[float]") -> str:
    """Return the numbers as 32-bit floats, the smallest byte first, in base64."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
