"""Thinking that a server leaves in the answer, between `<think>` and `</think>` at its head.

Many servers tell it apart only when they are set up for it. Those that do are left alone: their
first event is no text. Lives in the thread of `ServerLoop`.
"""

from collections.abc import Iterator
from typing import Final

from desktop.domain.chat import Event, Finished, ReasoningDelta, TextDelta, ToolCalled

_OPENING: Final = "<think>"
_CLOSING: Final = "</think>"


class HeadThinking:
    """Takes the events of one answer, and gives them back with the thinking told apart."""

    def __init__(self, *, goes_on: bool) -> None:
        """Begin; with `goes_on` the answer is gone on with, so that this is not its head."""
        from desktop.inference.formats import Format, Marks
        from desktop.inference.reasoning import AnswerSplitter
        from desktop.inference.tool_calls import Tools

        look_for = Format(thinking=(Marks(_OPENING, _CLOSING),))
        self._splitter = AnswerSplitter(look_for, Tools(), 0, trim=False, goes_on=goes_on)
        self._head = ""
        # Where there was thinking, white space may stand between it and the answer.
        self._trims = False
        self._is_told_apart = False

    def sorted(self, event: Event) -> Iterator[Event]:
        """Yield what is certain after `event`."""
        match event:
            case TextDelta(text=text) if not self._is_told_apart:
                yield from self._pieces(text)
            case ReasoningDelta():
                yield from self.rest()
                yield event
            case ToolCalled() | Finished():
                yield from self.rest()
                yield event
            case _:
                yield event

    def rest(self) -> Iterator[Event]:
        """Yield what was held back, for no more is to be told apart."""
        if not self._is_told_apart:
            self._is_told_apart = True
            yield from self._pieces(None)

    def _pieces(self, text: str | None) -> Iterator[Event]:
        from desktop.inference.formats import Said, Thought

        if text is not None and len(self._head) < len(_OPENING):
            self._head = (self._head + text).lstrip()
            self._trims = self._head.startswith(_OPENING)
        found = self._splitter.rest() if text is None else self._splitter.feed(text)
        for piece in found:
            match piece:
                case Thought(text=thought):
                    yield ReasoningDelta(thought)
                case Said(text=said):
                    said = said.lstrip() if self._trims else said
                    if said:
                        self._trims = False
                        yield TextDelta(said)
                case _:
                    pass
