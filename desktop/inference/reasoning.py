"""Splitting an answer while it streams: thinking, text, and calls of tools.

Runs inside the engine process. Thinking stands between marks such as `<think>` and `</think>` at
the head of an answer (DeepSeek R1, Qwen 3 and their kin; later ones are ordinary text), or anywhere
where the marks are control tokens (Gemma 4, Mistral). White space around the marks belongs to
neither side. A call is held back until it is whole and has been checked; what turns out to be no
call is given back as the text it is. Each piece costs the same, however long the answer is.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Protocol

from desktop.inference.formats import Format, Marks, Piece, Said, Thought, first_mark, held_back
from desktop.inference.messages import ToolCall
from desktop.inference.tool_calls import Malformed, Tools, calls_in

# A closing mark can stand inside of an argument; each try reads the whole call again.
_TRIES = 4
_MOST_SPACE = 64
_BARE_HEADS = ('{"name":', '{"type":', '{"function":', '{"parameters":')
_BARE = Marks("", "")
_SELF_NAMED = "<function="


class Splitter(Protocol):
    """Fed with the text of an answer as it comes."""

    def feed(self, text: str) -> Iterator[Piece]:
        """Yield what is certain after `text`."""

    def rest(self) -> Iterator[Piece]:
        """Yield what was held back when the answer ends."""


class _Where(Enum):
    HEAD = auto()
    THINKING = auto()
    ANSWER = auto()
    CALL = auto()


class AnswerSplitter:
    """Splits by marks; of text at most a mark and some white space are held back."""

    def __init__(
        self,
        look_for: Format,
        tools: Tools,
        request: int,
        *,
        opens: str = "",
        trim: bool = True,
        goes_on: bool = False,
    ) -> None:
        """Begin; with `opens` the prompt itself already wrote that mark of thinking.

        `request` goes into the ids of calls. `trim` drops white space before the answer, which
        templates leave there. With `goes_on` the text goes on in the middle: of the thinking with
        `opens`, else of the answer.
        """
        self._format = look_for
        self._tools = tools
        self._request = request
        self._trim = trim
        self._where = _Where.HEAD
        self._held = ""
        self._fresh = True
        self._silent = True
        self._count = 0
        self._thoughts = {m.opening: m for m in (*look_for.thinking, *look_for.inner_thinking)}
        self._inner = {m.opening: m for m in look_for.inner_thinking}
        self._openings = {m.opening: m for m in look_for.calls}
        strays = [m.closing for m in look_for.inner_thinking]
        self._watched = (*self._openings, *self._inner, *strays)
        self._thought = self._call = _BARE
        if opens:
            self._begin_thought(self._thoughts[opens])
            self._fresh = not goes_on
        elif goes_on:
            self._where = _Where.ANSWER
            self._trim = self._silent = False

    def feed(self, text: str) -> Iterator[Piece]:
        """Yield what is certain after `text`."""
        self._held += text
        steps = {
            _Where.HEAD: self._look_for_opening,
            _Where.THINKING: self._think,
            _Where.ANSWER: self._answer,
            _Where.CALL: self._collect,
        }
        while True:
            where = self._where
            yield from steps[where]()
            if self._where is where:
                return

    def rest(self) -> Iterator[Piece]:
        """Yield what was held back when the answer ends."""
        held, self._held = self._held, ""
        if self._where is _Where.CALL:
            yield from self._end_call("".join((*self._parts, held)), "", last=True)
        elif self._where is _Where.THINKING:
            if held:
                yield Thought(held)
        elif held := held.lstrip() if self._trim else held:
            yield Said(held)

    def _look_for_opening(self) -> Iterator[Piece]:
        head = self._held.lstrip()
        space = len(self._held) - len(head)
        for opening, marks in self._thoughts.items():
            if head.startswith(opening):
                self._begin_thought(marks)
                self._held = head[len(opening) :]
                return
        if any(opening.startswith(head) for opening in self._thoughts) and space <= _MOST_SPACE:
            return
        self._where = _Where.ANSWER
        yield from ()

    def _begin_thought(self, marks: Marks) -> None:
        self._where = _Where.THINKING
        self._thought = marks
        self._fresh = True

    def _think(self) -> Iterator[Piece]:
        if self._fresh:
            self._held = self._held.lstrip()
            self._fresh = not self._held
        closing = self._thought.closing
        before, mark, after = self._held.partition(closing)
        certain = before[: len(before) - (0 if mark else held_back(before, (closing,)))]
        text = certain.rstrip()
        if not mark and len(certain) - len(text) > _MOST_SPACE:
            text = certain
        if text:
            yield Thought(text)
        if mark:
            self._where = _Where.ANSWER
            self._held = after
        else:
            self._held = before[len(text) :]

    def _answer(self) -> Iterator[Piece]:
        while self._where is _Where.ANSWER and self._held:
            if self._trim:
                self._held = self._held.lstrip()
            if self._format.bare_calls and self._silent and self._may_be_bare_call():
                return
            at, mark = first_mark(self._held, self._watched)
            if at < 0:
                at = len(self._held) - held_back(self._held, self._watched)
            text, self._held = self._held[:at], self._held[at + len(mark) :]
            yield from self._said(text)
            if mark in self._openings:
                self._begin_call(self._openings[mark])
            elif mark in self._inner:
                self._begin_thought(self._inner[mark])
            elif not mark:
                return

    def _may_be_bare_call(self) -> bool:
        """Whether to wait, or a call has begun: the answer is JSON that begins like one."""
        head = self._held[:1] + self._held[1:_MOST_SPACE].lstrip()
        if any(head.startswith(bare) for bare in _BARE_HEADS):
            self._begin_call(_BARE)
            return True
        return len(self._held) < _MOST_SPACE and any(bare.startswith(head) for bare in _BARE_HEADS)

    def _said(self, text: str) -> Iterator[Piece]:
        if text:
            self._trim = self._silent = False
            yield Said(text)

    def _begin_call(self, marks: Marks) -> None:
        self._where = _Where.CALL
        self._call = marks
        self._parts: list[str] = []
        self._tail = ""
        self._tries = 0

    def _collect(self) -> Iterator[Piece]:
        """Gather a call up to its closing mark, looking at each character once."""
        closing = self._call.closing
        while self._where is _Where.CALL:
            window = self._tail + self._held
            at = window.find(closing) if closing else -1
            if at < 0:
                self._parts.append(self._held)
                self._tail = window[max(0, len(window) - len(closing) + 1) :] if closing else ""
                self._held = ""
                return
            end = at + len(closing) - len(self._tail)
            self._parts.append(self._held[:end])
            self._held, self._tail = self._held[end:], ""
            written = "".join(self._parts).removesuffix(closing)
            yield from self._end_call(written, closing, last=False)

    def _end_call(self, written: str, closing: str, *, last: bool) -> Iterator[Piece]:
        """Yield the calls of `written`, or it as text; or go on gathering."""
        opening = self._call.opening
        try:
            own = opening == _SELF_NAMED
            calls = calls_in(f"{opening}{written}{closing}" if own else written, self._tools)
        except Malformed as malformed:
            self._tries += 1
            if malformed.cut and self._tries < _TRIES and not last and closing != opening:
                self._parts = [written + closing]
                return
            calls = []
        self._where = _Where.ANSWER
        if closing == opening:
            # The mark begins the next call.
            self._held = closing + self._held if closing else self._held
            closing = ""
        if not calls:
            yield from self._said(opening + written + closing)
            return
        self._silent = False
        self._trim = True
        for name, arguments in calls:
            identity = f"call_{self._request}_{self._count}"
            self._count += 1
            yield ToolCall(id=identity, name=name, arguments=arguments)
