"""An answer of `/v1/responses` as it grows: its items, and the events that tell of them in order.

As OpenAI documents the stream: each item is added, filled, done; then the next one begins. Values in
and out, one object for each answer.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from desktop.api.openai_chat_answers import forced_call
from desktop.api.openai_replies import Json, chances, new_id, spoken
from desktop.api.openai_tools import Forced
from desktop.domain.chat import (
    Event,
    Finished,
    Message,
    ReasoningDelta,
    Role,
    StopReason,
    TextDelta,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)

Told: TypeAlias = tuple[str, Json]

_DONE: Final = "completed"
_CUT: Final = "incomplete"


@dataclass(slots=True)
class _Growing:
    """The item that is being written: thinking or words."""

    id: str
    thinks: bool
    texts: list[str] = field(default_factory=list)
    tokens: list[TokenChosen] = field(default_factory=list)


class ResponseStream:
    """Turns the events of the engine into those of the interface."""

    def __init__(
        self, frame: Json, forced: Forced | None, *, several_calls: bool, tells_chances: bool
    ) -> None:
        """`frame` is the response but for its id, its state and what it says."""
        self.id = new_id("resp_")
        self._frame = frame
        self._created = int(time.time())
        self._forced = forced
        self._several = several_calls
        self._tells_chances = tells_chances
        self._number = 0
        self._items: list[Json] = []
        self._growing: _Growing | None = None
        self._fresh: Sequence[TokenChosen] = ()
        self._arguments: list[str] = []
        self._said = Message(Role.ASSISTANT, "")
        self._calls: list[ToolCall] = []

    @property
    def said(self) -> Message:
        """What was said, as a turn of the conversation."""
        texts = {"text": "", "thinking": ""}
        for item in self._items:
            if item["type"] == "reasoning":
                texts["thinking"] += "".join(part["text"] for part in item["content"])
            elif item["type"] == "message":
                texts["text"] += "".join(part["text"] for part in item["content"])
        return Message(
            Role.ASSISTANT,
            texts["text"],
            reasoning=texts["thinking"],
            tool_calls=tuple(self._calls),
        )

    def begin(self) -> Iterator[Told]:
        """Yield the events before the first item."""
        yield self._told("response.created", response=self.response("in_progress"))
        yield self._told("response.in_progress", response=self.response("in_progress"))

    def feed(self, event: Event) -> Iterator[Told]:
        """Yield what is told of `event`; the last of `Finished` holds the whole response."""
        match event:
            case TokenChosen():
                self._fresh = (*self._fresh, event)
            case ReasoningDelta():
                self._fresh = ()
                yield from self._grow(event.text, thinks=True)
            case TextDelta() if self._forced is not None:
                self._arguments.append(event.text)
            case TextDelta():
                yield from self._grow(event.text, thinks=False)
            case ToolCalled():
                self._forced = None
                yield from self._call(event.call)
            case Finished():
                yield from self._end(event)
            case _:
                pass

    def response(self, status: str, usage: Usage | None = None, error: Json | None = None) -> Json:
        """Return the whole response in this state."""
        cut = status == _CUT
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "completed_at": int(time.time()) if status == _DONE else None,
            "status": status,
            "error": error,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            **self._frame,
            "output": list(self._items),
            "usage": None if usage is None else _usage(usage),
        }

    def fail(self, message: str) -> Told:
        """Return the event that tells of a failure in the middle."""
        error = {"code": "server_error", "message": message}
        return self._told("response.failed", response=self.response("failed", error=error))

    def _grow(self, text: str, *, thinks: bool) -> Iterator[Told]:
        growing = self._growing
        if growing is None or growing.thinks is not thinks:
            yield from self._finish(_DONE)
            yield from self._start(thinks=thinks)
            growing = self._growing
        if growing is None:
            return
        tokens, self._fresh = spoken(self._fresh, text)
        growing.texts.append(text)
        growing.tokens += tokens
        place = self._place(growing)
        if thinks:
            yield self._told("response.reasoning_text.delta", **place, delta=text)
        else:
            yield self._told(
                "response.output_text.delta", **place, delta=text, logprobs=self._chances(tokens)
            )

    def _start(self, *, thinks: bool) -> Iterator[Told]:
        growing = self._growing = _Growing(new_id("rs_" if thinks else "msg_"), thinks)
        place = self._place(growing)
        yield self._told(
            "response.output_item.added",
            output_index=len(self._items),
            item=_item(growing.id, [], "in_progress", thinks=thinks),
        )
        part = _part("", [], thinks=thinks)
        yield self._told("response.content_part.added", **place, part=part)

    def _finish(self, status: str) -> Iterator[Told]:
        """End the item that is being written, if there is one."""
        growing = self._growing
        if growing is None:
            return
        text = "".join(growing.texts)
        logprobs = self._chances(growing.tokens)
        place = self._place(growing)
        part = _part(text, logprobs, thinks=growing.thinks)
        if growing.thinks:
            yield self._told("response.reasoning_text.done", **place, text=text)
        else:
            yield self._told("response.output_text.done", **place, text=text, logprobs=logprobs)
        yield self._told("response.content_part.done", **place, part=part)
        item = _item(growing.id, [part], status, thinks=growing.thinks)
        yield self._told("response.output_item.done", output_index=len(self._items), item=item)
        self._items.append(item)
        self._growing = None

    def _call(self, call: ToolCall, status: str = _DONE) -> Iterator[Told]:
        if self._calls and not self._several:
            return
        yield from self._finish(_DONE)
        identity, index = new_id("fc_"), len(self._items)
        item = {
            "id": identity,
            "type": "function_call",
            "status": "in_progress",
            "call_id": call.id,
            "name": call.name,
            "arguments": "",
        }
        place = {"item_id": identity, "output_index": index}
        yield self._told("response.output_item.added", output_index=index, item=item)
        yield self._told("response.function_call_arguments.delta", **place, delta=call.arguments)
        yield self._told(
            "response.function_call_arguments.done",
            **place,
            name=call.name,
            arguments=call.arguments,
        )
        whole = item | {"status": status, "arguments": call.arguments}
        yield self._told("response.output_item.done", output_index=index, item=whole)
        self._items.append(whole)
        self._calls.append(call)

    def _end(self, ended: Finished) -> Iterator[Told]:
        status = _CUT if ended.reason is StopReason.LENGTH else _DONE
        if self._forced is not None:
            yield from self._call(forced_call(self._forced, "".join(self._arguments)), status)
        elif not self._items and self._growing is None:
            # An answer without a word is an answer.
            yield from self._start(thinks=False)
        yield from self._finish(status)
        yield self._told(f"response.{status}", response=self.response(status, ended.usage))

    def _place(self, growing: _Growing) -> Json:
        return {"item_id": growing.id, "output_index": len(self._items), "content_index": 0}

    def _chances(self, tokens: Sequence[TokenChosen]) -> list[Json]:
        return chances(tokens) if self._tells_chances else []

    def _told(self, name: str, /, **values: object) -> Told:
        number = self._number
        self._number += 1
        return name, {"type": name, "sequence_number": number, **values}


def _item(identity: str, parts: list[Json], status: str, *, thinks: bool) -> Json:
    if thinks:
        return {
            "id": identity,
            "type": "reasoning",
            "summary": [],
            "content": parts,
            "status": status,
        }
    return {
        "id": identity,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": parts,
    }


def _part(text: str, logprobs: list[Json], *, thinks: bool) -> Json:
    if thinks:
        return {"type": "reasoning_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def _usage(used: Usage) -> Json:
    return {
        "input_tokens": used.prompt_tokens,
        "input_tokens_details": {"cached_tokens": used.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": used.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used.prompt_tokens + used.completion_tokens,
    }
