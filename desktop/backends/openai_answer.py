"""What an OpenAI-compatible server says piece by piece becomes the events of an answer.

Pure. Types, sizes and the order of things are taken from nobody on trust: what has not the type
it should have is as good as absent, and there is an end to what can be gathered.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from desktop.base.json_values import count, mapping, real, sequence, short, words
from desktop.domain.chat import (
    Event,
    Finished,
    Notice,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)
from desktop.domain.text import Text, encodable
from desktop.inference.formats import Said, Thought, format_of
from desktop.inference.reasoning import AnswerSplitter
from desktop.inference.tool_calls import Tools

MOST_CALLS: Final = 128
MOST_TEXT: Final = 2**24
_MOST_CHANCES: Final = 64
_REASONS: Final[Mapping[str, StopReason]] = {
    "length": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALLS,
    "function_call": StopReason.TOOL_CALLS,
}


class Endless(ValueError):
    """More came than an answer can be."""


@dataclass(slots=True)
class _Call:
    """A call of a tool, put together of its pieces."""

    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)


class Answer:
    """One answer as it comes. After `is_complete` no more of its text will."""

    def __init__(self, *, begun: str = "", splits: bool = True) -> None:
        """`begun` is the answer that is gone on with: a server may say all of it once more.

        `splits`: thinking that stands in the text, between its marks, is told from the answer.
        """
        self._splitter: AnswerSplitter | None = None
        if splits:
            look_for = format_of("", tools=False)
            self._splitter = AnswerSplitter(look_for, Tools(), 0, goes_on=bool(begun))
        self._begun = encodable(begun)
        self._held = ""
        self._calls: dict[int, _Call] = {}
        self._size = 0
        self._reason = ""
        self._usage: Mapping[str, object] = {}
        self._timings: Mapping[str, object] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the server said why the answer ends."""
        return bool(self._reason)

    def take(self, chunk: object) -> Iterator[Event]:
        """Yield what a piece of the stream, or a whole answer, brings; raises Endless."""
        said = mapping(chunk)
        self._usage = mapping(said.get("usage")) or self._usage
        self._timings = mapping(said.get("timings")) or self._timings
        for choice in map(mapping, sequence(said.get("choices"))):
            if choice.get("index", 0) != 0:
                continue
            yield from _chances(choice.get("logprobs"))
            delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
            if thought := words(delta.get("reasoning_content")) or words(delta.get("reasoning")):
                self._grow(len(thought))
                yield ReasoningDelta(thought)
            if text := _text(delta.get("content")) or words(choice.get("text")):
                yield from self._said(text)
            if refusal := words(delta.get("refusal")):
                yield from self._said(refusal)
            for at, piece in enumerate(sequence(delta.get("tool_calls"))):
                self._collect(at, mapping(piece))
            self._reason = short(choice.get("finish_reason")) or self._reason

    def rest(self) -> Iterator[Event]:
        """Yield the text that was held back: no more of it will come."""
        held, self._held, self._begun = self._held, "", ""
        yield from self._split(held)
        if self._splitter is not None:
            for piece in self._splitter.rest():
                yield from _events(piece)

    def end(self) -> Iterator[Event]:
        """Yield what was held back, the calls, and `Finished`."""
        yield from self.rest()
        if self._reason == "content_filter":
            yield Notice(Text("The server held back the rest of the answer"))
        calls = [call for _, call in sorted(self._calls.items()) if call.name]
        for at, call in enumerate(calls):
            arguments = "".join(call.parts).strip() or "{}"
            yield ToolCalled(ToolCall(call.id or f"call_{at}", call.name, arguments))
        reason = StopReason.TOOL_CALLS if calls else _REASONS.get(self._reason, StopReason.STOP)
        if reason is StopReason.TOOL_CALLS and not calls:
            reason = StopReason.STOP
        yield Finished(reason, self._used())

    def _said(self, text: str) -> Iterator[Event]:
        self._grow(len(text))
        if not self._begun:
            yield from self._split(text)
            return
        self._held += text
        if self._begun.startswith(self._held) and self._held != self._begun:
            return
        text, begun = self._held, self._begun
        self._held = self._begun = ""
        yield from self._split(text.removeprefix(begun))

    def _split(self, text: str) -> Iterator[Event]:
        if self._splitter is None:
            yield from (TextDelta(text),) if text else ()
            return
        for piece in self._splitter.feed(text):
            yield from _events(piece)

    def _collect(self, at: int, piece: Mapping[str, object]) -> None:
        function = mapping(piece.get("function"))
        identity, name = short(piece.get("id")), short(function.get("name"))
        index = piece.get("index")
        key = index if isinstance(index, int) and index >= 0 else at
        known = self._calls.get(key)
        if known is not None and identity and known.id and identity != known.id:
            # Servers that give each call the same index, or none, give it an id of its own.
            same = (key for key, call in self._calls.items() if call.id == identity)
            key = next(same, max(self._calls) + 1)
        if len(self._calls) >= MOST_CALLS and key not in self._calls:
            raise Endless
        call = self._calls.setdefault(key, _Call())
        call.id = call.id or identity
        call.name = call.name or name
        arguments = function.get("arguments")
        part = json.dumps(arguments) if isinstance(arguments, dict) else words(arguments)
        self._grow(len(part) + 1)
        call.parts.append(part)

    def _grow(self, by: int) -> None:
        self._size += by
        if self._size > MOST_TEXT:
            raise Endless

    def _used(self) -> Usage:
        told = mapping(self._usage.get("prompt_tokens_details"))
        prompt = count(self._usage.get("prompt_tokens"))
        return Usage(
            prompt,
            min(prompt, count(told.get("cached_tokens"))),
            count(self._usage.get("completion_tokens")),
            0.0,
            max(0.0, real(self._timings.get("prompt_per_second")) or 0.0),
            max(0.0, real(self._timings.get("predicted_per_second")) or 0.0),
        )


def _text(content: object) -> str:
    """Return a text that stands there as such, or in parts."""
    if isinstance(content, list):
        return "".join(words(mapping(part).get("text")) for part in content)
    return words(content)


def _events(piece: object) -> Iterator[Event]:
    match piece:
        case Said(text) if text:
            yield TextDelta(text)
        case Thought(text) if text:
            yield ReasoningDelta(text)
        case _:
            return


def _chances(told: object) -> Iterator[TokenChosen]:
    """Yield the chances of tokens, as chats tell them, or as raw prompts do."""
    logprobs = mapping(told)
    for each in map(mapping, sequence(logprobs.get("content"))):
        if (chosen := _chance(each.get("token"), each.get("logprob"))) is not None:
            others = [
                _chance(top.get("token"), top.get("logprob"))
                for top in map(mapping, sequence(each.get("top_logprobs"))[:_MOST_CHANCES])
            ]
            yield TokenChosen(chosen, tuple(filter(None, others)))
    tokens, values = sequence(logprobs.get("tokens")), sequence(logprobs.get("token_logprobs"))
    tops = [*sequence(logprobs.get("top_logprobs")), *[None] * len(tokens)]
    for token, value, top in zip(tokens, values, tops, strict=False):
        if (chosen := _chance(token, value)) is not None:
            others = [_chance(*pair) for pair in list(mapping(top).items())[:_MOST_CHANCES]]
            yield TokenChosen(chosen, tuple(filter(None, others)))


def _chance(token: object, logprob: object) -> TokenChance | None:
    value = real(logprob)
    if not isinstance(token, str) or value is None:
        return None
    return TokenChance(encodable(token), min(0.0, value))
