"""What every answer of OpenAI's interface is made of: ids, usage, chances of tokens, server-sent events.

Plain functions, values in and out.
"""

import secrets
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, TypeAlias

import msgspec

from desktop.domain.chat import StopReason, TokenChance, TokenChosen, Usage

Json: TypeAlias = dict[str, Any]

DONE: Final = b"data: [DONE]\n\n"
STILL_THERE: Final = b": still reading\n\n"
_FINISHES: Final = {
    StopReason.STOP: "stop",
    StopReason.STOPPED: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL_CALLS: "tool_calls",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What each part of an answer begins with; `created` in Unix seconds."""

    id: str
    kind: str
    model: str
    created: int = field(default_factory=lambda: int(time.time()))

    def with_choices(self, choices: list[Json]) -> Json:
        """Return an object, or a chunk of one, with these choices."""
        return {
            "id": self.id,
            "object": self.kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "lapis",
            "choices": choices,
        }


def new_id(prefix: str) -> str:
    """Return an id that nobody can guess: `chatcmpl-…`, `call_…`."""
    return prefix + secrets.token_hex(12)


def encoded(value: Json) -> bytes:
    """Return `value` as JSON."""
    return msgspec.json.encode(value)


def event(value: Json, name: str = "") -> bytes:
    """Return `value` as a server-sent event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(value) + b"\n\n"


def finish(reason: StopReason) -> str:
    """Return why an answer ended, in the interface's words."""
    return _FINISHES[reason]


def total(usages: Iterable[Usage]) -> Usage:
    """Return what several answers to one prompt took; the prompt counts once."""
    each = list(usages)
    return Usage(
        prompt_tokens=max((one.prompt_tokens for one in each), default=0),
        cached_tokens=min((one.cached_tokens for one in each), default=0),
        completion_tokens=sum(one.completion_tokens for one in each),
        ttft_ms=0.0,
        prefill_tps=0.0,
        decode_tps=0.0,
    )


def usage(used: Usage) -> Json:
    """Return the counts of an answer."""
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }


def chances(tokens: Sequence[TokenChosen]) -> list[Json]:
    """Return the chances of tokens as chats and responses tell them."""
    return [
        _chance(token.chosen) | {"top_logprobs": [_chance(other) for other in token.top]}
        for token in tokens
    ]


def spoken(
    tokens: Sequence[TokenChosen], text: str
) -> tuple[Sequence[TokenChosen], Sequence[TokenChosen]]:
    """Return those of `tokens` that `text` is made of, and those after them.

    What came before belongs to thinking or its marks, what comes after is held back or a text that
    ended the answer. Where characters are cut into tokens nothing is left out.
    """
    start = "".join(token.chosen.text for token in tokens).rfind(text)
    if start < 0:
        return tokens, ()
    ends = list(accumulate(len(token.chosen.text) for token in tokens))
    first = bisect_right(ends, start)
    last = bisect_left(ends, start + len(text))
    return tokens[first : last + 1], tokens[last + 1 :]


def _chance(chance: TokenChance) -> Json:
    return {
        "token": chance.text,
        "logprob": chance.logprob,
        "bytes": list(chance.text.encode(errors="replace")),
    }
