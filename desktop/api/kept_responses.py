"""Answers of `/v1/responses` that a client may come back to, in memory and for a while.

The API's thread alone. Nothing of it is ever written to the disk; ids cannot be guessed.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from desktop.domain.chat import Message

MOST_RESPONSES: Final = 64
MOST_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as JSON, and the conversation with it, without the instructions that it had."""

    response: bytes = field(repr=False)
    turns: tuple[Message, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of memory that it takes, about."""
        return len(self.response) + sum(map(_size, self.turns))


class KeptResponses:
    """The latest answers; those that were asked for longest ago go first."""

    def __init__(self, most: int = MOST_RESPONSES, most_bytes: int = MOST_BYTES) -> None:
        """Start without any."""
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0

    def add(self, name: str, response: bytes, turns: Sequence[Message]) -> None:
        """Keep an answer; one that is larger than all may be is not kept."""
        kept = Kept(response, tuple(turns))
        self._kept[name] = kept
        self._bytes += kept.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size

    def find(self, name: str) -> Kept | None:
        """Return the answer of that id, None where there is none any more."""
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
        return found

    def forget(self, name: str) -> bool:
        """Forget an answer; return whether it was there."""
        found = self._kept.pop(name, None)
        if found is None:
            return False
        self._bytes -= found.size
        return True


def _size(turn: Message) -> int:
    texts = [turn.content, turn.reasoning, *(call.arguments for call in turn.tool_calls)]
    return sum(4 * len(text) for text in texts) + sum(len(one.data) for one in turn.pictures) + 200
