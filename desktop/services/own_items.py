"""What people keep beside what comes with Lapis: their own ones first, then the built-in ones.

Built-in ones cannot be changed, only copied and hidden. Lives in the thread that owns the store.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from desktop.domain.chat_settings import Persona, SavedPrompt
from desktop.domain.quick_action import QuickAction
from desktop.domain.settings import Language
from desktop.services.library_checks import Refused

__all__ = ["Deleted", "KeepsItems", "OwnItems"]

_HIDDEN = "hidden"
_PLACE = "place"
_GAP = 1.0

Item = TypeVar("Item", bound=Persona | SavedPrompt | QuickAction)

_log = logging.getLogger(__name__)


class KeepsItems(Protocol):
    """The part of `store.chats.ChatStore` that keeps small JSON texts by kind and id."""

    def saved(self, kind: str) -> list[tuple[str, str]]:
        """Return ids and texts of one kind; raises StorageError."""
        ...

    def save(self, kind: str, id: str, json: str) -> None:  # noqa: A002
        """Keep a text, in place of the one before; raises StorageError."""
        ...

    def remove(self, kind: str, id: str) -> None:  # noqa: A002
        """Forget a text; raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Deleted(Generic[Item]):
    """What `OwnItems.undo` brings back to its place."""

    item: Item
    place: float


class OwnItems(Generic[Item]):
    """All of one kind. Every method that reads or changes raises StorageError."""

    def __init__(
        self,
        store: KeepsItems,
        kind: str,
        built_in: Callable[[Language], tuple[Item, ...]],
        read: Callable[[Mapping[str, Any], str], Item],
    ) -> None:
        """`built_in` returns those of a language; `read` makes one from JSON or raises Refused."""
        self._store = store
        self._kind = kind
        self._built_in = built_in
        self._read = read

    def all(self, language: Language) -> tuple[Item, ...]:
        """Return what is to be offered, one's own first, in order."""
        hidden = self._hidden()
        shown = (one for one in self._built_in(language) if one.id not in hidden)
        return (*self.own(), *shown)

    def own(self) -> tuple[Item, ...]:
        """Return the person's own ones, in their order."""
        return tuple(item for _place, item in self._kept())

    def hidden(self, language: Language) -> tuple[Item, ...]:
        """Return the built-in ones that are hidden."""
        hidden = self._hidden()
        return tuple(one for one in self._built_in(language) if one.id in hidden)

    def find(self, item: str, language: Language) -> Item | None:
        """Return the one with the id `item`, hidden or not; None where there is none any more."""
        everything = (*self.own(), *self._built_in(language))
        return next((one for one in everything if one.id == item), None)

    def add(self, item: Item) -> Item:
        """Keep `item` as a new one, at the end of one's own, and return it with its id."""
        kept = self._kept()
        place = kept[-1][0] + _GAP if kept else 0.0
        mine = replace(item, id=f"own-{secrets.token_hex(6)}", built_in=False)
        self._save(mine, place)
        return mine

    def change(self, item: Item) -> None:
        """Keep `item` in place of the one with its id; it stays where it is."""
        places = {one.id: place for place, one in self._kept()}
        if item.id in places and not item.built_in:
            self._save(item, places[item.id])

    def delete(self, item: str) -> Deleted[Item] | None:
        """Forget one's own `item`; return what brings it back, None for any other."""
        for place, one in self._kept():
            if one.id == item:
                self._store.remove(self._kind, item)
                return Deleted(one, place)
        return None

    def undo(self, deleted: Deleted[Item]) -> None:
        """Bring back what was deleted."""
        self._save(deleted.item, deleted.place)

    def move(self, item: str, before: str | None) -> None:
        """Put one's own `item` before another of them, or at their end."""
        order = [one for _place, one in self._kept()]
        moved = next((one for one in order if one.id == item), None)
        if moved is None or before == item:
            return
        rest = [one for one in order if one is not moved]
        ids = [one.id for one in rest]
        rest.insert(ids.index(before) if before in ids else len(rest), moved)
        for place, one in enumerate(rest):
            self._save(one, float(place))

    def hide(self, item: str) -> None:
        """Offer the built-in `item` no longer."""
        self._store.save(_HIDDEN, self._hidden_id(item), "{}")

    def show(self, item: str) -> None:
        """Offer the built-in `item` again."""
        if item in self._hidden():
            self._store.remove(_HIDDEN, self._hidden_id(item))

    def has_like(self, item: Item) -> bool:
        """Return whether one of one's own says the same, whatever its id."""
        return any(replace(one, id=item.id) == item for one in self.own())

    def _hidden(self) -> frozenset[str]:
        mark = self._hidden_id("")
        ids = (each for each, _json in self._store.saved(_HIDDEN))
        return frozenset(each.removeprefix(mark) for each in ids if each.startswith(mark))

    def _hidden_id(self, item: str) -> str:
        return f"{self._kind}:{item}"

    def _kept(self) -> list[tuple[float, Item]]:
        found = []
        for item, text in self._store.saved(self._kind):
            try:
                raw = msgspec.json.decode(text, type=dict[str, Any])
                found.append((float(raw.get(_PLACE, 0)), self._read(raw, item)))
            except (msgspec.MsgspecError, Refused, TypeError, ValueError):
                _log.warning("a %s that is kept cannot be read", self._kind)
        return sorted(found, key=lambda each: each[0])

    def _save(self, item: Item, place: float) -> None:
        told = {**asdict(item), _PLACE: place}
        self._store.save(self._kind, item.id, msgspec.json.encode(told).decode())
