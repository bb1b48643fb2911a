"""Splitting a model's thinking from its answer while both stream.

Runs inside the engine process. Thinking stands between `<think>` and `</think>` at the head of an
answer (DeepSeek R1, Qwen 3 and their kin); later tags are ordinary text.
"""

from collections.abc import Iterator

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkingSplitter:
    """Feed text, get (text, is thinking) pieces; at most a tag's length is held back."""

    def __init__(self, *, thinking: bool) -> None:
        """Start inside the thinking when the prompt already opened it."""
        self._thinking = thinking
        self._decided = thinking
        self._held = ""

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield what is certain after `text`."""
        self._held += text
        if not self._decided:
            yield from self._at_head()
            if not self._decided:
                return
        if self._thinking:
            yield from self._inside()
        elif self._held:
            yield self._held, False
            self._held = ""

    def rest(self) -> Iterator[tuple[str, bool]]:
        """Yield what was held back when the answer ends."""
        if self._held:
            yield self._held, self._thinking
            self._held = ""

    def _at_head(self) -> Iterator[tuple[str, bool]]:
        head = self._held.lstrip()
        if head.startswith(_OPEN):
            self._decided = self._thinking = True
            self._held = head[len(_OPEN) :].lstrip("\n")
        elif not _OPEN.startswith(head):
            self._decided = True
        yield from ()

    def _inside(self) -> Iterator[tuple[str, bool]]:
        before, tag, after = self._held.partition(_CLOSE)
        if tag:
            self._thinking = False
            self._held = ""
            if before.rstrip():
                yield before.rstrip(), True
            if after.lstrip():
                yield after.lstrip(), False
            return
        keep = _possible_tag(before)
        certain = before[: len(before) - keep]
        self._held = before[len(before) - keep :]
        if certain:
            yield certain, True


def _possible_tag(text: str) -> int:
    """Return how many characters at the end of `text` may be the start of the closing tag."""
    for length in range(min(len(text), len(_CLOSE) - 1), 0, -1):
        if _CLOSE.startswith(text[-length:]):
            return length
    return 0
