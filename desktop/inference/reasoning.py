"""Splitting a model's thinking from its answer while both stream.

Runs inside the engine process. Thinking stands between `<think>` and `</think>` at the head of an
answer (DeepSeek R1, Qwen 3 and their kin); later tags are ordinary text. White space around the
tags belongs to neither side.
"""

from collections.abc import Iterator
from enum import Enum, auto

_OPEN, _CLOSE = "<think>", "</think>"


class _Where(Enum):
    HEAD = auto()
    THINKING = auto()
    ANSWER = auto()


class ThinkingSplitter:
    """Feed text, get (text, is thinking) pieces; at most a tag and white space are held back."""

    def __init__(self, *, thinking: bool, trim: bool = True) -> None:
        """Start inside the thinking when the prompt already opened it.

        `trim` drops white space before the answer, which templates leave there.
        """
        self._trim = trim
        self._where = _Where.THINKING if thinking else _Where.HEAD
        self._fresh = True
        self._held = ""

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield what is certain after `text`."""
        self._held += text
        if self._where is _Where.HEAD:
            self._look_for_opening()
        if self._where is _Where.THINKING:
            yield from self._think()
        if self._where is _Where.ANSWER:
            yield from self._answer()

    def rest(self) -> Iterator[tuple[str, bool]]:
        """Yield what was held back when the answer ends."""
        if self._held:
            yield self._held, self._where is _Where.THINKING
            self._held = ""

    def _answer(self) -> Iterator[tuple[str, bool]]:
        text, self._held = self._held.lstrip() if self._trim else self._held, ""
        if text:
            self._trim = False
            yield text, False

    def _look_for_opening(self) -> None:
        head = self._held.lstrip()
        if head.startswith(_OPEN):
            self._where = _Where.THINKING
            self._held = head[len(_OPEN) :]
        elif not _OPEN.startswith(head):
            self._where = _Where.ANSWER

    def _think(self) -> Iterator[tuple[str, bool]]:
        if self._fresh:
            self._held = self._held.lstrip()
            self._fresh = not self._held
        before, tag, after = self._held.partition(_CLOSE)
        certain = before[: len(before) - (0 if tag else _possible_tag(before))].rstrip()
        if certain:
            yield certain, True
        if tag:
            self._where = _Where.ANSWER
            self._held = after
        else:
            self._held = before[len(certain) :]


def _possible_tag(text: str) -> int:
    """Return how many characters at the end of `text` may be the start of the closing tag."""
    for length in range(min(len(text), len(_CLOSE) - 1), 0, -1):
        if _CLOSE.startswith(text[-length:]):
            return length
    return 0
