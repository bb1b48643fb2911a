"""What clients of Ollama send, read with distrust: types, ranges and lengths before anything else.

Names are those of Ollama's published API. What is not named here is not looked at, above all how a
model is to be loaded (`num_ctx`, `num_gpu`, …): that is for the person to say. Pure functions; the
API's thread.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta

from desktop.api.reading import (
    MOST_MESSAGES,
    MOST_PICTURES,
    MOST_TEXTS,
    MirostatEta,
    MirostatTau,
    Name,
    Penalty,
    Share,
    Temperature,
    picture_of,
    stops,
)
from desktop.api.refused import Refused
from desktop.domain.chat import Picture, Sampling

_INTEGERS: Final = 2**31
_MOST_TOP_K: Final = 1000
_MOST_DIMENSIONS: Final = 65_536
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "ns": 1e-9}
_LEVELS: Final = frozenset({"low", "medium", "high"})

# Go clients, and clients in languages that have one kind of number, write 4 as 4.0.
Whole: TypeAlias = float
# Bounded: what looks for numbers and units in it goes over every digit again from each.
Duration: TypeAlias = float | Annotated[str, Meta(max_length=64)]
Format: TypeAlias = str | dict[str, Any]


class Options(msgspec.Struct, frozen=True):
    """How to sample."""

    seed: Whole | None = None
    num_predict: Whole | None = None
    top_k: Whole | None = None
    top_p: Share | None = None
    min_p: Share | None = None
    temperature: Temperature | None = None
    repeat_penalty: Annotated[float, Meta(ge=0.1, le=10)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    mirostat: Whole | None = None
    mirostat_tau: MirostatTau | None = None
    mirostat_eta: MirostatEta | None = None
    stop: list[str] | str | None = None


class CalledFunction(msgspec.Struct, frozen=True):
    """The function that a model called; `arguments` is an object, or the JSON text of one."""

    name: Name
    arguments: dict[str, Any] | str | None = None


class Call(msgspec.Struct, frozen=True):
    """A call in an assistant's turn; Ollama's have an id only lately."""

    function: CalledFunction
    id: Name | None = None


class Turn(msgspec.Struct, frozen=True):
    """One message of a chat."""

    role: str
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[Call] | None = None
    tool_name: Name | None = None
    tool_call_id: Name | None = None
    name: Name | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What `POST /api/chat` and `POST /api/generate` have in common."""

    model: Name = ""
    stream: bool | None = None
    think: bool | str | None = None
    format: Format | None = None
    options: Options | None = None
    keep_alive: Duration | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None


class ChatBody(Asked, frozen=True):
    """`POST /api/chat`."""

    messages: Annotated[list[Turn], Meta(max_length=MOST_MESSAGES)] | None = None
    tools: Annotated[list[dict[str, Any]], Meta(max_length=128)] | None = None


class GenerateBody(Asked, frozen=True):
    """`POST /api/generate`."""

    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: list[int] | None = None
    raw: bool | None = None
    images: list[str] | None = None


class EmbedBody(msgspec.Struct, frozen=True):
    """`POST /api/embed`."""

    model: Name = ""
    input: Annotated[list[str], Meta(max_length=MOST_TEXTS)] | str | None = None
    truncate: bool | None = None
    dimensions: Annotated[int, Meta(ge=1, le=_MOST_DIMENSIONS)] | None = None
    keep_alive: Duration | None = None


class OldEmbedBody(msgspec.Struct, frozen=True):
    """`POST /api/embeddings`, the older way."""

    model: Name = ""
    prompt: str = ""
    keep_alive: Duration | None = None


class ShowBody(msgspec.Struct, frozen=True):
    """`POST /api/show`; `name` is what older clients call the model."""

    model: Name = ""
    name: Name = ""


def sampling(options: Options | None, usual: Sampling) -> Sampling:
    """Return what `options` say, and `usual` where they say nothing; raises Refused."""
    if options is None:
        return usual
    said = {
        name: value
        for name in (
            *("temperature", "top_p", "min_p", "repeat_penalty", "presence_penalty"),
            *("frequency_penalty", "mirostat_tau", "mirostat_eta"),
        )
        if (value := getattr(options, name)) is not None
    }
    out = replace(usual, **said)
    if options.top_k is not None:
        # 0 and less: no such filter.
        out = replace(out, top_k=max(0, _whole("top_k", options.top_k, _MOST_TOP_K)))
    if options.mirostat is not None:
        out = replace(out, mirostat=max(0, _whole("mirostat", options.mirostat, 2)))
    if options.seed is not None:
        # Less than 0: another one each time.
        seed = _whole("seed", options.seed, 2**32 - 1)
        out = replace(out, seed=seed if seed >= 0 else None)
    if options.num_predict is not None:
        # -1 is "without end", -2 "until the context is full", which is the same to us.
        most = _whole("num_predict", options.num_predict, _INTEGERS - 1)
        out = replace(out, max_tokens=most if most > 0 else None)
    ends = stops(options.stop)
    return out if ends is None else replace(out, stop=ends)


def thinking(think: bool | str | None) -> bool | None:
    """Return whether the model is to think, None where it is left to it; raises Refused."""
    if isinstance(think, str):
        if think not in _LEVELS:
            raise Refused(
                400, 'think must be true, false, "low", "medium" or "high"', param="think"
            )
        return True
    return think


def kept_seconds(keep_alive: Duration | None) -> float | None:
    """Return how long the model is to be kept, less than 0 for ever, None where nothing is said.

    A text is a number of seconds, or a duration as Go writes it (`5m`, `1h30m`). Raises Refused.
    """
    if not isinstance(keep_alive, str):
        return keep_alive
    text = keep_alive.strip()
    digits = text.removeprefix("-").removeprefix("+")
    parts = _DURATION.findall(digits)
    if parts and "".join(number + unit for number, unit in parts) == digits:
        length = sum(float(number) * _UNITS.get(unit, 1e-6) for number, unit in parts)
    else:
        length = _number(digits)
    if not math.isfinite(length):
        raise Refused(
            400, "keep_alive must be seconds, or a duration such as 5m", param="keep_alive"
        )
    return -length if text.startswith("-") else length


def pictures(images: Sequence[str] | None) -> tuple[Picture, ...]:
    """Return pictures that came in base64; raises Refused."""
    if not images:
        return ()
    if len(images) > MOST_PICTURES:
        raise Refused(400, f"At most {MOST_PICTURES} pictures can be sent", param="images")
    return tuple(
        # Some clients leave the beginning of a data: address before it.
        picture_of(image.partition(",")[2] if image.startswith("data:") else image, "images")
        for image in images
    )


def _number(digits: str) -> float:
    try:
        return float(digits)
    except ValueError:
        return math.nan


def _whole(name: str, number: float, most: int) -> int:
    if not -_INTEGERS <= number <= most or number != int(number):
        raise Refused(400, f"{name} must be a whole number of at most {most}", param=name)
    return int(number)
