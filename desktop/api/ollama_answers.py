"""The events of an answer in Ollama's words: lines of JSON, or one object for the whole.

Durations are nanoseconds, as Ollama's published API has them. Pure; the API's thread.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec

from desktop.api.refused import Refused
from desktop.domain.chat import (
    Event,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)

Reply: TypeAlias = dict[str, Any]
_SECOND: Final = 10**9
_NEVER: Final = -9999.0


@dataclass(slots=True)
class Piece:
    """What came since the last line."""

    text: str = ""
    thinking: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    chances: list[TokenChosen] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Add what `event` brings; return whether a client is to hear of it."""
        match event:
            case TextDelta(text):
                self.text += text
            case ReasoningDelta(text):
                self.thinking += text
            case ToolCalled(call):
                self.calls.append(call)
            case TokenChosen():
                self.chances.append(event)
                return False
            case _:
                return False
        return True


# How one route puts a piece into its answer.
Shape: TypeAlias = Callable[[Piece], Reply]


def in_chat(piece: Piece) -> Reply:
    """Return a piece of `POST /api/chat`."""
    message: Reply = {"role": "assistant", "content": piece.text}
    if piece.thinking:
        message["thinking"] = piece.thinking
    if piece.calls:
        message["tool_calls"] = [_call(call, i) for i, call in enumerate(piece.calls)]
    return {"message": message, **_chances(piece)}


def in_generate(piece: Piece) -> Reply:
    """Return a piece of `POST /api/generate`."""
    thinking = {"thinking": piece.thinking} if piece.thinking else {}
    return {"response": piece.text, **thinking, **_chances(piece)}


class Telling:
    """One answer as it is told to a client that asked `model`, a name as the client wrote it."""

    def __init__(self, model: str, shape: Shape) -> None:
        """Begin to count the time."""
        self._model = model
        self._shape = shape
        self._began = time.monotonic()

    def piece(self, piece: Piece) -> Reply:
        """Return what tells `piece` of an answer that goes on."""
        return self._reply(piece, {"done": False})

    def end(self, piece: Piece, end: Finished) -> Reply:
        """Return what tells the end, with `piece` as the last of the answer, or as all of it.

        Raises Refused for an answer that was stopped here: it must not look complete.
        """
        if end.reason is StopReason.STOPPED:
            raise Refused(503, "The answer was stopped")
        reason = "length" if end.reason is StopReason.LENGTH else "stop"
        total = time.monotonic() - self._began
        return self._reply(
            piece, {"done": True, "done_reason": reason, **_account(end.usage, total)}
        )

    def nothing(self, reason: str) -> Reply:
        """Return what answers a request without a question: the model is loaded, or let go."""
        return self._reply(Piece(), {"done": True, "done_reason": reason})

    def _reply(self, piece: Piece, rest: Reply) -> Reply:
        return {"model": self._model, "created_at": now(), **self._shape(piece), **rest}


def now() -> str:
    """Return the time as Ollama writes it."""
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """Return `moment`, which is in UTC, as Ollama writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def line(reply: Reply) -> bytes:
    """Return one line of a stream."""
    return msgspec.json.encode(reply) + b"\n"


def _account(usage: Usage, seconds: float) -> Reply:
    """Return counts, and durations that add up to `seconds`; waiting counts as loading.

    The first token comes out of the reading. So that clients that divide get the speed, the writing
    is told a step longer than it took, where that step was waited.
    """
    decoded = usage.prompt_tokens - usage.cached_tokens
    reading = min(seconds, decoded / usage.prefill_tps if usage.prefill_tps > 0 else 0.0)
    writing = usage.completion_tokens / usage.decode_tps if usage.decode_tps > 0 else 0.0
    writing = min(seconds - reading, writing)
    return {
        "total_duration": round(seconds * _SECOND),
        "load_duration": round((seconds - reading - writing) * _SECOND),
        "prompt_eval_count": usage.prompt_tokens,
        "prompt_eval_duration": round(reading * _SECOND),
        "eval_count": usage.completion_tokens,
        "eval_duration": round(writing * _SECOND),
    }


def _call(call: ToolCall, index: int) -> Reply:
    function = {"index": index, "name": call.name, "arguments": _arguments(call.arguments)}
    return {"id": call.id, "function": function}


def _arguments(text: str) -> Any:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        # A server elsewhere may have sent anything.
        return {}
    return found if isinstance(found, dict) else {}


def _chances(piece: Piece) -> Reply:
    if not piece.chances:
        return {}
    return {
        "logprobs": [
            {**_chance(each.chosen), "top_logprobs": _alternatives(each.top)}
            for each in piece.chances
        ]
    }


def _alternatives(top: Sequence[TokenChance]) -> list[Reply]:
    return [_chance(each) for each in top]


def _chance(chance: TokenChance) -> Reply:
    raw = chance.text.encode(errors="replace")
    # JSON has no word for the logarithm of 0.
    logprob = max(chance.logprob, _NEVER)
    return {"token": chance.text, "logprob": logprob, "bytes": list(raw)}
