"""What Ollama answers, read with distrust: wrong types and lengths are errors or absent. Pure."""

import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from desktop.backends.ollama.words import not_ollama
from desktop.backends.server_client import Embedded
from desktop.base.json_values import count, mapping
from desktop.domain.chat import (
    Event,
    Finished,
    Message,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)
from desktop.domain.text import encodable, printable, shortened

Told = Mapping[str, object]

_MOST_CALLS: Final = 128
_MOST_NAME: Final = 256
_MOST_STEP: Final = 80
_NANOSECONDS: Final = 1e9
_MOST_WHOLE: Final = 2**53
_SIZED: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([KMBT]?)", re.IGNORECASE)
_FACTORS: Final = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_SET_CONTEXT: Final = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)
_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.")
# A token of Chinese or Japanese is at most a few characters long; other words are one or more.
_PACKED: Final = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_PACKED_IN_ONE: Final = 4


class Answer:
    """The parts of one answer as events; knows at the end how it ended."""

    def __init__(self) -> None:
        """Begin."""
        self._calls = 0
        self.prompt_tokens = 0
        # Whether cached tokens are told of: then they are part of the count of the prompt.
        self.tells_cached = False
        self.is_done = False

    def events(self, part: Told) -> Iterator[Event]:
        """Yield what one part brings; raises OddAnswer."""
        message = part.get("message", part)
        if not isinstance(message, dict):
            raise not_ollama()
        yield from _tokens(part)
        if thought := _written(message, "thinking"):
            yield ReasoningDelta(thought)
        if text := _written(message, "content" if "message" in part else "response"):
            yield TextDelta(text)
        for call in self._tool_calls(message.get("tool_calls")):
            yield ToolCalled(call)
        if part.get("done") is True:
            self.is_done = True
            self.prompt_tokens = count(part.get("prompt_eval_count"))
            self.tells_cached = "prompt_eval_cached_count" in part
            yield Finished(self._reason(part.get("done_reason")), _usage(part))

    def _tool_calls(self, told: object) -> Iterator[ToolCall]:
        if told is None:
            return
        if not isinstance(told, list):
            raise not_ollama()
        for call in told:
            self._calls += 1
            function = mapping(mapping(call).get("function"))
            name = function.get("name")
            if self._calls > _MOST_CALLS or not isinstance(name, str) or len(name) > _MOST_NAME:
                raise not_ollama()
            arguments = function.get("arguments")
            yield ToolCall(
                _identity(mapping(call).get("id")) or f"call_{self._calls}",
                encodable(name),
                encodable(
                    arguments
                    if isinstance(arguments, str)
                    else json.dumps(mapping(arguments), ensure_ascii=False)
                ),
            )

    def _reason(self, told: object) -> StopReason:
        if self._calls:
            return StopReason.TOOL_CALLS
        return StopReason.LENGTH if told == "length" else StopReason.STOP


def lower_bound(texts: Sequence[str]) -> int:
    """Return how many tokens these texts are at the least, whatever the vocabulary.

    A token hardly ever holds more than one word, or than a few signs of scripts without spaces.
    """
    words = sum(len(_PACKED.sub(" ", text).split()) for text in texts)
    signs = sum(len(_PACKED.findall(text)) for text in texts)
    return int(0.9 * words) + signs // _PACKED_IN_ONE


def texts_of(messages: Sequence[Message]) -> list[str]:
    """Return what of a conversation is in the prompt for sure: templates drop what was thought."""
    return [message.content for message in messages]


def embedded(answer: Told) -> Embedded:
    """Return the vectors of an answer; raises OddAnswer. How many, the caller has to look."""
    told = answer.get("embeddings")
    if not isinstance(told, list):
        raise not_ollama()
    found = []
    for vector in told:
        if not isinstance(vector, list) or not all(map(_is_number, vector)):
            raise not_ollama()
        found.append(array("f", vector))
    return Embedded(found, count(answer.get("prompt_eval_count")))


def names_and_entries(answer: Told) -> Iterator[tuple[str, Told]]:
    """Yield each model of a list with its name, once; those without a usable name are absent."""
    told = answer.get("models")
    if not isinstance(told, list):
        raise not_ollama()
    seen = set()
    for entry in map(mapping, told):
        name = model_name(entry.get("model")) or model_name(entry.get("name"))
        if name and name not in seen:
            seen.add(name)
            yield name, entry


def model_name(told: object) -> str:
    """Return the name of a model, empty for what is none that people could see or type."""
    is_good = isinstance(told, str) and 0 < len(told) <= _MOST_NAME and told.isprintable()
    return told.strip() if is_good and isinstance(told, str) else ""


def short(told: object) -> str:
    """Return a text for people; empty for anything else."""
    return shortened(printable(told.strip()), _MOST_STEP) if isinstance(told, str) else ""


def parameters(told: object) -> int:
    """Return how many `8.0B` or `494.03M` are; 0 for anything else."""
    found = _SIZED.fullmatch(told.strip()) if isinstance(told, str) else None
    return round(float(found[1]) * _FACTORS[found[2].upper()]) if found else 0


def unix_time(told: object) -> float:
    """Return a time of ISO 8601 in Unix seconds; 0 for anything else."""
    try:
        return datetime.fromisoformat(told).timestamp() if isinstance(told, str) else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0


def counts_whole_prompts(version: str) -> bool:
    """Return whether this version counts all tokens of a prompt, those it had cached as well.

    Version 0.4 was the first to, 0.30 again counted only what was newly read; later ones say how
    many were cached.
    """
    found = _VERSION.match(version)
    return found is not None and (0, 4) <= (int(found[1]), int(found[2])) < (0, 30)


def set_context(told: object) -> int:
    """Return the context that a model's own parameters set, 0 where they set none."""
    found = _SET_CONTEXT.search(told) if isinstance(told, str) else None
    return int(found[1]) if found else 0


def _written(message: Told, name: str) -> str:
    text = message.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise not_ollama()
    return encodable(text)


def _tokens(part: Told) -> Iterator[TokenChosen]:
    told = part.get("logprobs")
    for entry in told if isinstance(told, list) else ():
        chosen = _chance(entry)
        top = mapping(entry).get("top_logprobs")
        if chosen is not None:
            others = map(_chance, top if isinstance(top, list) else ())
            yield TokenChosen(chosen, tuple(one for one in others if one is not None))


def _chance(entry: object) -> TokenChance | None:
    text, logprob = mapping(entry).get("token"), mapping(entry).get("logprob")
    if not isinstance(text, str) or not _is_number(logprob):
        return None
    return TokenChance(encodable(text), float(logprob))  # type: ignore[arg-type]  # a number, as just seen


def _usage(part: Told) -> Usage:
    read, written = count(part.get("prompt_eval_count")), count(part.get("eval_count"))
    cached = min(read, count(part.get("prompt_eval_cached_count")))
    reading = count(part.get("prompt_eval_duration")) / _NANOSECONDS
    writing = count(part.get("eval_duration")) / _NANOSECONDS
    return Usage(
        prompt_tokens=read,
        cached_tokens=cached,
        completion_tokens=written,
        ttft_ms=0.0,
        prefill_tps=(read - cached) / reading if reading > 0 else 0.0,
        decode_tps=written / writing if writing > 0 else 0.0,
    )


def _identity(told: object) -> str:
    is_good = isinstance(told, str) and len(told) <= _MOST_NAME and told.isprintable()
    return told if is_good and isinstance(told, str) else ""


def _is_number(told: object) -> bool:
    if isinstance(told, float):
        # Half of infinity is infinity; what overflows is looked for where vectors are taken.
        return True
    # Whole numbers have no end in JSON, and not each of them can be made a float.
    return isinstance(told, int) and not isinstance(told, bool) and abs(told) <= _MOST_WHOLE
