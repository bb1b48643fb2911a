"""What can be done with the items of one tab of the library: all that is the same for each.

GUI thread, which owns the store.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat_settings import Persona, SavedPrompt
from desktop.domain.errors import StorageError
from desktop.domain.quick_action import QuickAction
from desktop.domain.settings import Language
from desktop.services.own_items import Deleted, OwnItems
from desktop.ui.library_list import Line
from desktop.ui.library_tab import LibraryTab

__all__ = ["ItemsDesk"]

_OWN, _BUILT_IN, _HIDDEN = "own:", "built-in:", "hidden:"

Item = TypeVar("Item", bound=Persona | SavedPrompt | QuickAction)


class ItemsDesk(QObject, Generic[Item]):
    """One item is open, or none."""

    leaving = Signal()
    """What was typed is to be told now: another item is about to be shown."""
    gone = Signal()
    """What was typed is to be dropped: its item is deleted."""
    begun = Signal()
    """A new item is open, to be named."""
    deleted = Signal(str)
    """(name): `undo` brings it back."""
    changed = Signal()
    failed = Signal(object)
    """(StorageError)"""

    def __init__(
        self,
        tab: LibraryTab,
        items: OwnItems[Item],
        language: Callable[[], Language],
        line: Callable[[Item], Line],
        show: Callable[[Item], None],
        parent: QObject,
        settled: Callable[[Sequence[Item]], Sequence[Item]] = lambda offered: offered,
    ) -> None:
        """`line` says how an item is listed, `show` brings it into the editor.

        `settled` returns those that are offered as they are where several of them meet.
        """
        super().__init__(parent)
        self._tab = tab
        self._items = items
        self._language = language
        self._line = line
        self._show_item = show
        self._settled = settled
        self._groups: dict[str, tuple[Item, ...]] = {}
        self._shown: dict[str, Item] = {}
        self._open = ""
        self._deleted: Deleted[Item] | None = None
        self._made: Item | None = None
        self.item: Item | None = None
        tab.selected.connect(self.open)
        tab.copy_requested.connect(self._on_copy_requested)
        tab.delete_requested.connect(self._on_delete_requested)
        tab.hide_requested.connect(lambda: self._change(lambda: items.hide(self._open)))
        tab.show_requested.connect(lambda: self._change(lambda: items.show(self._open)))
        tab.move_requested.connect(self._on_move_requested)

    @property
    def opened(self) -> tuple[Item, ...]:
        """The item that is open, if one is."""
        return () if self.item is None else (self.item,)

    @property
    def in_force(self) -> Item | None:
        """The item that is open, as it is where it meets the others; None for a hidden one."""
        return self._shown.get(self._open)

    def own(self) -> tuple[Item, ...]:
        """Return the person's own ones; raises StorageError."""
        return self._items.own()

    def refresh(self) -> None:
        """Read everything again and show it."""
        try:
            language = self._language()
            own, offered = self._items.own(), self._items.all(language)
            hidden = self._items.hidden(language)
        except StorageError as error:
            self.failed.emit(error)
            return
        built_in = tuple(one for one in offered if one.built_in)
        self._groups = {_OWN: own, _BUILT_IN: built_in, _HIDDEN: hidden}
        everything = (*own, *built_in, *hidden)
        known = {one.id: one for one in everything}
        if self._open not in known:
            self._open = everything[0].id if everything else ""
        self.item = known.get(self._open)
        self._list()
        self._tab.show_anything(anything=self.item is not None)
        if self.item is not None:
            self._tab.show_kind(
                own=not self.item.built_in,
                hidden=self.item in hidden,
                first=bool(own) and own[0].id == self._open,
                last=bool(own) and own[-1].id == self._open,
            )
            self._show_item(self.item)

    def open(self, item: str) -> None:
        """Show the item with that id."""
        if item != self._open:
            self.leaving.emit()
            self._open = item
            self.refresh()
            self._tab.scroll_to_top()

    def make(self, item: Item) -> None:
        """Show a new item, ready to be named; nothing is left of it unless it is changed."""
        self.leaving.emit()
        before = self._untouched
        if before is None:
            self._made = self._add(item)
        else:
            self.open(before.id)
            self.begun.emit()

    def leave(self) -> None:
        """Keep what was typed; forget a new item that nobody changed."""
        self.leaving.emit()
        untouched, self._made = self._untouched, None
        if untouched is not None:
            self._change(partial(self._forget, untouched))

    def keep(self, item: Item) -> None:
        """Keep what was typed."""
        self._refresh_line(item)
        self._change(lambda: self._items.change(item), refresh=False)

    def take(self, items: Iterable[Item]) -> tuple[int, int]:
        """Keep what a file brought; return how many, and how many were there already.

        Raises StorageError.
        """
        self.leaving.emit()
        taken = known = 0
        for item in items:
            if self._items.has_like(item):
                known += 1
            else:
                self._open = self._items.add(item).id
                taken += 1
        if taken:
            self.refresh()
            self.changed.emit()
        return taken, known

    def undo(self) -> None:
        """Bring back what was deleted last."""
        deleted, self._deleted = self._deleted, None
        if deleted is not None:
            self.leaving.emit()
            self._open = deleted.item.id
            self._change(lambda: self._items.undo(deleted))

    @property
    def _untouched(self) -> Item | None:
        """The new item, if it is still as it was made."""
        return self._made if self._made in self._groups.get(_OWN, ()) else None

    def _add(self, item: Item) -> Item | None:
        """Keep a new item, show it ready to be named, and return it; None if that failed."""
        made: list[Item] = []
        self._change(lambda: made.append(self._items.add(item)), refresh=False)
        if not made:
            return None
        self.open(made[0].id)
        self.begun.emit()
        return self.item

    def _forget(self, item: Item) -> None:
        self._items.delete(item.id)

    def _on_copy_requested(self) -> None:
        self.leaving.emit()
        item = self.item
        if item is not None:
            name = self.tr("{name} (copy)").format(name=item.name)
            self._add(replace(item, name=name))

    def _on_delete_requested(self) -> None:
        self.leaving.emit()
        item = self.item
        if item is None or item.built_in:
            return
        order = [one.id for one in self.own()]
        place = order.index(item.id) if item.id in order else 0
        rest = order[place + 1 :] or order[:place][-1:]
        self.gone.emit()
        try:
            self._deleted = self._items.delete(item.id)
        except StorageError as error:
            self.failed.emit(error)
            return
        self._open = rest[0] if rest else ""
        self.refresh()
        self.deleted.emit(item.name)
        self.changed.emit()

    def _on_move_requested(self, steps: int) -> None:
        order = [one.id for one in self.own()]
        if self._open not in order:
            return
        target = order.index(self._open) + (steps if steps < 0 else steps + 1)
        before = order[target] if 0 <= target < len(order) else None
        if target >= 0:
            self._change(lambda: self._items.move(self._open, before))

    def _change(self, change: Callable[[], None], *, refresh: bool = True) -> None:
        try:
            change()
        except StorageError as error:
            self.failed.emit(error)
            return
        if refresh:
            self.refresh()
        self.changed.emit()

    def _refresh_line(self, item: Item) -> None:
        if self.item is not None and self.item.id == item.id:
            self.item = item
        own = self._groups.get(_OWN, ())
        self._groups[_OWN] = tuple(item if one.id == item.id else one for one in own)
        self._list()

    def _list(self) -> None:
        groups = self._groups
        offered = (*groups.get(_OWN, ()), *groups.get(_BUILT_IN, ()))
        self._shown = shown = {one.id: one for one in self._settled(offered)}
        lines: list[Line] = []
        for key, title in (
            (_OWN, self.tr("Yours")),
            (_BUILT_IN, self.tr("Come with Lapis")),
            (_HIDDEN, self.tr("Hidden")),
        ):
            group = groups.get(key, ())
            if group:
                lines.append(Line(key, title, is_heading=True))
                dim = key == _HIDDEN
                lines += [replace(self._line(shown.get(one.id, one)), is_dim=dim) for one in group]
        self._tab.show_lines(lines, self._open)
