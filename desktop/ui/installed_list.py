"""The models on this computer as a list model: two sections, filtered and sorted. GUI thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from desktop.domain.quantities import sized
from desktop.domain.shelf import ShelfEntry
from desktop.domain.text import Text
from desktop.ui.labels import plain_tooltip
from desktop.ui.memory_views import Fitting
from desktop.ui.shelf_words import (
    facts_line,
    is_ours,
    memory_words,
    origin_words,
    shown_title,
)
from desktop.ui.translation import listed, say

__all__ = ["InstalledList", "ShelfRole", "Sort"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class Sort(Enum):
    """What comes first: A, the largest, or what was used last."""

    NAME = auto()
    SIZE = auto()
    USED = auto()


class ShelfRole:
    """Roles of a row beside the usual ones; None for a heading, except its second line."""

    ENTRY = Qt.ItemDataRole.UserRole + 1
    LOADED = Qt.ItemDataRole.UserRole + 2
    DETAIL = Qt.ItemDataRole.UserRole + 3
    FIT = Qt.ItemDataRole.UserRole + 4


@dataclass(frozen=True, slots=True)
class _Heading:
    ours: bool
    count: int
    size: int


_Row: TypeAlias = _Heading | ShelfEntry


class InstalledList(QAbstractListModel):
    """Rows are headings and models; what Lapis has comes first."""

    def __init__(self) -> None:
        """Start empty, sorted by name."""
        super().__init__()
        self._entries: tuple[ShelfEntry, ...] = ()
        self._words = ""
        self._sort = Sort.NAME
        self._loaded: Path | None = None
        self._rows: list[_Row] = []
        self._fits: Mapping[Path, Fitting] = {}
        self._haystacks: dict[Path, str] = {}

    @property
    def entries(self) -> tuple[ShelfEntry, ...]:
        """All models, filtered or not."""
        return self._entries

    def set_entries(self, entries: Sequence[ShelfEntry]) -> None:
        """List `entries`."""
        if tuple(entries) == self._entries:
            return
        self._entries = tuple(entries)
        self._haystacks.clear()
        self._arrange()

    def set_filter(self, words: str) -> None:
        """Leave only models that have all of these words somewhere."""
        if words.casefold().split() != self._words.split():
            self._words = " ".join(words.casefold().split())
            self._arrange()

    def set_sort(self, sort: Sort) -> None:
        """Order the models otherwise."""
        if sort is not self._sort:
            self._sort = sort
            self._arrange()

    def set_loaded(self, path: Path | None) -> None:
        """Mark the model that is in memory."""
        if path != self._loaded:
            self._loaded = path
            self.retranslate()

    def set_fits(self, fits: Mapping[Path, Fitting]) -> None:
        """Show where models would run, as far as that is known, by their paths."""
        if fits != self._fits:
            self._fits = fits
            self.retranslate()

    def retranslate(self) -> None:
        """Say everything again, in the language of now."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def index_of(self, path: Path | None) -> QModelIndex:
        """Return the row of the model at `path`; invalid when it is not listed."""
        for number, row in enumerate(self._rows):
            if isinstance(row, ShelfEntry) and row.model.path == path:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Count headings and models."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a row shows."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, _Heading):
            return _of_heading(row, role)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shown_title(row)
            case ShelfRole.ENTRY:
                return row
            case ShelfRole.LOADED:
                return row.model.path == self._loaded
            case ShelfRole.DETAIL:
                return say(row.problem) if row.problem is not None else facts_line(row)
            case ShelfRole.FIT:
                return self._fits.get(row.model.path)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(row)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(f"{shown_title(row)}\n{row.model.path}")
            case _:
                return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Models can be chosen, headings cannot."""
        if not index.isValid() or isinstance(self._rows[index.row()], _Heading):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _spoken(self, entry: ShelfEntry) -> str:
        facts, fit = entry.facts, self._fits.get(entry.model.path)
        parts = [
            shown_title(entry),
            facts.quantisation if facts is not None else "",
            say(entry.problem) if entry.problem is not None else facts_line(entry),
            sized(entry.model.size),
            fit.badge.told if fit is not None else "",
            memory_words(entry),
            say(Text("In memory now")) if entry.model.path == self._loaded else "",
        ]
        return listed(parts)

    def _arrange(self) -> None:
        wanted = self._words.split()
        found = [entry for entry in self._entries if not wanted or self._has(entry, wanted)]
        found.sort(key=self._order)
        rows: list[_Row] = []
        for ours in (True, False):
            part = [entry for entry in found if is_ours(entry) is ours]
            if part:
                rows += (_Heading(ours, len(part), _size(part)), *part)
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _has(self, entry: ShelfEntry, words: Sequence[str]) -> bool:
        path = entry.model.path
        if path not in self._haystacks:
            self._haystacks[path] = _haystack(entry)
        return all(word in self._haystacks[path] for word in words)

    def _order(self, entry: ShelfEntry) -> tuple[bool, float, str]:
        """Return what to sort by; the guide, which nobody got or can delete, comes last."""
        name, last = shown_title(entry).casefold(), entry.model.is_guide
        match self._sort:
            case Sort.NAME:
                return last, 0, name
            case Sort.SIZE:
                return last, -entry.model.size, name
            case Sort.USED:
                return last, -entry.record.used_at, name


def _size(entries: Sequence[ShelfEntry]) -> int:
    """Return the bytes on the disk; what is the same file twice counts once."""
    counted: set[str] = set()
    size = 0
    for entry in entries:
        if not entry.twin or entry.twin not in counted:
            size += entry.model.size
        counted.add(entry.model.name)
    return size


def _haystack(entry: ShelfEntry) -> str:
    """Return everything a person may look for."""
    facts = entry.facts
    known = (facts.family, facts.quantisation, facts.architecture) if facts is not None else ()
    words = (entry.model.title, entry.model.name, *known, origin_words(entry.origin))
    return " ".join((*words, entry.model.path.name)).casefold()


def _of_heading(row: _Heading, role: int) -> object:
    match role:
        case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
            return say(Text("Your models") if row.ours else Text("Found in other programs"))
        case ShelfRole.DETAIL:
            size = sized(row.size)
            if row.ours:
                return say(Text("{count} · {size} on the disk", {"count": row.count, "size": size}))
            return say(Text("used where they are, never moved or deleted"))
        case _:
            return None
