"""Answers as `/v1/chat/completions` gives them: whole, and in pieces. Values in and out."""

from collections.abc import Iterator, Sequence

from desktop.api.answering import Whole
from desktop.api.openai_replies import Json, chances, finish, new_id, spoken
from desktop.api.openai_tools import Forced, named_call
from desktop.domain.chat import (
    Event,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChosen,
    ToolCall,
    ToolCalled,
)


def choice(
    index: int, whole: Whole, forced: Forced | None, *, several_calls: bool, tells_chances: bool
) -> Json:
    """Return a whole answer; without `several_calls` only the first call is given."""
    text, calls, reason = whole.text, whole.calls, whole.reason
    if forced is not None and not calls:
        text, calls = "", (forced_call(forced, text),)
        reason = StopReason.LENGTH if reason is StopReason.LENGTH else StopReason.TOOL_CALLS
    message: Json = {"role": "assistant", "content": text or (None if calls else "")}
    if whole.reasoning:
        message["reasoning_content"] = whole.reasoning
    if calls:
        kept = calls if several_calls else calls[:1]
        message["tool_calls"] = [_call(call) for call in kept]
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(spoken(whole.tokens, whole.text)[0]) if tells_chances else None,
        "finish_reason": finish(reason),
    }


def forced_call(forced: Forced, text: str) -> ToolCall:
    """Return the call that `text`, written in the shape that was forced, stands for."""
    name, arguments = (forced.name, text) if forced.name else named_call(text)
    return ToolCall(new_id("call_"), name, arguments)


class ChoiceStream:
    """One answer in pieces, each as a choice of a chunk."""

    def __init__(self, index: int, forced: Forced | None, *, several_calls: bool) -> None:
        """Begin answer number `index`."""
        self._index = index
        self._forced = forced
        self._several = several_calls
        self._calls = 0
        self._written: list[str] = []
        self._tokens: Sequence[TokenChosen] = ()

    def head(self) -> Json:
        """Return the choice that begins the answer."""
        return self._choice({"role": "assistant", "content": ""})

    def choices(self, event: Event) -> Iterator[Json]:
        """Yield what `event` adds."""
        match event:
            case TokenChosen():
                self._tokens = (*self._tokens, event)
            case ReasoningDelta():
                # These were tokens of the thinking, which no chances are told of.
                self._tokens = ()
                yield self._choice({"reasoning_content": event.text})
            case TextDelta() if self._forced is not None:
                yield from self._arguments(self._forced, event.text)
            case TextDelta():
                tokens, self._tokens = spoken(self._tokens, event.text)
                yield self._choice({"content": event.text}, tokens=tokens)
            case ToolCalled():
                self._forced = None
                yield from self._called(event.call)
            case Finished():
                yield from self._end(event)
            case _:
                pass

    def _arguments(self, forced: Forced, text: str) -> Iterator[Json]:
        self._written.append(text)
        if not forced.name:
            return
        if len(self._written) == 1:
            yield from self._called(ToolCall(new_id("call_"), forced.name, text))
        else:
            yield self._choice({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})

    def _called(self, call: ToolCall) -> Iterator[Json]:
        if self._calls and not self._several:
            return
        number = self._calls
        self._calls += 1
        yield self._choice({"tool_calls": [{"index": number} | _call(call)]})

    def _end(self, ended: Finished) -> Iterator[Json]:
        reason = ended.reason
        if self._forced is not None:
            if not self._forced.name or not self._written:
                text = "".join(self._written)
                yield from self._called(forced_call(self._forced, text))
            if reason is StopReason.STOP:
                reason = StopReason.TOOL_CALLS
        yield self._choice({}, finish(reason))

    def _choice(
        self, delta: Json, reason: str | None = None, tokens: Sequence[TokenChosen] = ()
    ) -> Json:
        return {
            "index": self._index,
            "delta": delta,
            "logprobs": _logprobs(tokens) if tokens else None,
            "finish_reason": reason,
        }


def _logprobs(tokens: Sequence[TokenChosen]) -> Json:
    return {"content": chances(tokens), "refusal": None}


def _call(call: ToolCall) -> Json:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
