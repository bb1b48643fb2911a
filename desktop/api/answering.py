"""Answers of the engine, read in the API's thread: how every route asks.

The engine speaks from threads of its own. What it says is taken over in one go each time the event
loop comes round, pieces of text that waited are put together, and the loop is woken once for all of
them. Whoever goes away has the answer stopped by its visit, wherever the route stands just then.
"""

import asyncio
import math
import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from desktop.api.door import Door
from desktop.api.visit import Visit
from desktop.domain.chat import (
    NOTHING_USED,
    ChatRequest,
    Event,
    Failed,
    Finished,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)
from desktop.domain.errors import LapisError
from desktop.services.engine import Stopped, Vectors
from desktop.services.model_turns import Wanted

# A small model writes hundreds of tokens a second, and each piece that is sent costs about what a
# token of it does. No screen shows more pictures than this; at the pace of reading nothing waits.
_PIECE_SECONDS = 1 / 60


class Answer:
    """One answer, to be iterated over once: ends after `Finished`, raises what it failed of.

    `Queued`, `PromptProgress` and `Notice` are left out.
    """

    def __init__(self, visit: Visit) -> None:
        """Belong to the running event loop."""
        self._visit = visit
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._lock = threading.Lock()
        self._heard: list[Event] = []
        self._next: list[Event] = []
        self._has_ended = False
        self._not_before = 0.0

    def hear(self, event: Event) -> None:
        """Take over an event; any thread."""
        with self._lock:
            self._heard.append(event)
            if len(self._heard) > 1:
                # The loop knows already.
                return
        try:
            self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:
            # The server has ended, and its loop with it: nobody is there to be told.
            return

    async def begun(self) -> None:
        """Wait for the first event, which stays the next one; raises what it failed of."""
        while not self._next:
            await self._take()
        if isinstance(self._next[-1], Failed):
            raise self._next[-1].error

    def __aiter__(self) -> "Answer":
        return self

    async def __anext__(self) -> Event:
        if self._has_ended:
            raise StopAsyncIteration
        while not self._next:
            await self._take()
        event = self._next.pop()
        match event:
            case Failed():
                self._has_ended = True
                raise event.error
            case Finished():
                self._has_ended = True
                self._visit.count(event.usage)
            case _:
                pass
        return event

    async def _take(self) -> None:
        await self._woken.wait()
        early = self._not_before - self._loop.time()
        if early > 0:
            await asyncio.sleep(early)
        self._not_before = self._loop.time() + _PIECE_SECONDS
        with self._lock:
            self._woken.clear()
            heard, self._heard = self._heard, []
        self._next = merged(heard)[::-1]


async def begin(
    door: Door, visit: Visit, request: ChatRequest, wanted: Wanted | None = None
) -> Answer:
    """Ask, and return the answer once its first piece is there.

    Raises LapisError where there will be none, so that it can still be told by a status. When the
    client goes away the answer is stopped at once and ends as `STOPPED`.
    """
    answer = Answer(visit)
    if wanted is not None:
        visit.model = wanted.model.name
    number = door.engine.ask(replace(request, patient=door.is_shared), answer.hear, wanted)
    visit.when_gone(lambda: door.engine.cancel(number))
    await answer.begun()
    return answer


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer; `tokens` only where chances of tokens were asked for."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    tokens: tuple[TokenChosen, ...]
    reason: StopReason
    usage: Usage


@dataclass(slots=True)
class _Sum:
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    tokens: list[TokenChosen] = field(default_factory=list)
    finished: Finished = field(default_factory=lambda: Finished(StopReason.STOPPED, NOTHING_USED))


async def whole(
    door: Door, visit: Visit, request: ChatRequest, wanted: Wanted | None = None
) -> Whole:
    """Return an answer when it is complete, asked for as by `begin`; raises LapisError."""
    return await rest(await begin(door, visit, request, wanted))


async def side_by_side(
    door: Door, visit: Visit, requests: Sequence[ChatRequest], wanted: Wanted | None = None
) -> list[Whole]:
    """Return the answers to `requests`, asked at once; raises the first failure, which stops all."""
    try:
        return list(
            await asyncio.gather(*(whole(door, visit, request, wanted) for request in requests))
        )
    except LapisError:
        visit.leave()
        raise


async def rest(answer: Answer) -> Whole:
    """Return what is left of `answer` when it is complete; raises LapisError."""
    so_far = _Sum()
    async for event in answer:
        match event:
            case TextDelta():
                so_far.text.append(event.text)
            case ReasoningDelta():
                so_far.reasoning.append(event.text)
            case ToolCalled():
                so_far.calls.append(event.call)
            case TokenChosen():
                so_far.tokens.append(event)
            case Finished():
                so_far.finished = event
            case _:
                pass
    return Whole(
        "".join(so_far.text),
        "".join(so_far.reasoning),
        tuple(so_far.calls),
        tuple(so_far.tokens),
        so_far.finished.reason,
        so_far.finished.usage,
    )


async def vectors(
    door: Door, visit: Visit, texts: Sequence[str], wanted: Wanted | None = None
) -> Vectors:
    """Return one vector a text, asked for as by `begin`; none if the client has gone.

    Raises LapisError.
    """
    cancel = threading.Event()
    if wanted is not None:
        visit.model = wanted.model.name
    visit.when_gone(cancel.set)
    try:
        found = await asyncio.to_thread(door.engine.embed, texts, cancel, wanted)
    except Stopped:
        return Vectors()
    visit.count(replace(NOTHING_USED, prompt_tokens=found.tokens))
    return found


def first_of(vector: "array[float]", length: int) -> "array[float]":
    """Return the first `length` numbers of a vector, of length 1 again."""
    part = vector[:length]
    size = math.sqrt(sum(number * number for number in part))
    return array("f", (number / size for number in part)) if size else part


def merged(heard: Sequence[Event]) -> list[Event]:
    """Return the events that an answer consists of, pieces that follow each other as one."""
    out: list[Event] = []
    for event in heard:
        last = out[-1] if out else None
        match event, last:
            case ((Queued() | PromptProgress() | Notice()), _):
                pass
            case TextDelta(text), TextDelta(before):
                out[-1] = replace(event, text=before + text)
            case ReasoningDelta(text), ReasoningDelta(before):
                out[-1] = replace(event, text=before + text)
            case _:
                out.append(event)
    return out
