"""The messages of a transcript as far as they were read: those near the reader, in portions.

Pure logic over a function that reads; whoever calls it lives in the thread of that function.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from desktop.domain.history import StoredMessage

__all__ = ["Load", "TranscriptTexts"]

Load: TypeAlias = Callable[[Sequence[int]], list[StoredMessage]]

_AROUND = 6
_KEPT = 300


class TranscriptTexts:
    """Gives messages by id; a message that cannot be found is asked for only once."""

    def __init__(self, load: Load | None = None, ids: Sequence[int] = ()) -> None:
        """Read with `load` what is wanted of the branch `ids`."""
        self._load = load
        self._ids = ids
        self._known: dict[int, StoredMessage | None] = {}

    def get(self, message: int, row: int) -> StoredMessage | None:
        """Return a message, which stands in `row`, reading its neighbours along with it.

        None if there is no such message. Raises what the reading raises.
        """
        if message not in self._known:
            near = self._ids[max(0, row - _AROUND) : row + _AROUND + 1]
            wanted = [one for one in near if one not in self._known]
            self._read([message] if message not in wanted else wanted)
        return self._known[message]

    def all_of(self, messages: Sequence[int]) -> list[StoredMessage]:
        """Return those of `messages` that exist, in order, and keep none of them."""
        missing = [one for one in messages if one not in self._known]
        read = {one.id: one for one in self._loaded(missing)}
        both = (self._known.get(one) or read.get(one) for one in messages)
        return [one for one in both if one is not None]

    def put(self, message: StoredMessage) -> None:
        """Know `message` as it is now."""
        self._known[message.id] = message

    def forget(self, message: int) -> None:
        """Read a message again when it is wanted."""
        self._known.pop(message, None)

    def keep_only(self, wanted: Iterable[int]) -> None:
        """Forget what is not `wanted`, once there is much of it."""
        if len(self._known) > _KEPT:
            kept = set(wanted)
            self._known = {id_: one for id_, one in self._known.items() if id_ in kept}

    def _read(self, wanted: Sequence[int]) -> None:
        found = {one.id: one for one in self._loaded(wanted)}
        for one in wanted:
            self._known[one] = found.get(one)

    def _loaded(self, wanted: Sequence[int]) -> list[StoredMessage]:
        return self._load(wanted) if self._load is not None and wanted else []
