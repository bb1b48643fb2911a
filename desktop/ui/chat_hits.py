"""What a search in the chats found, as a list model: each chat with its places. GUI thread."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from desktop.domain.chat import Role
from desktop.domain.history import Hit
from desktop.domain.quantities import ago
from desktop.domain.text import Text
from desktop.ui.labels import plain_tooltip
from desktop.ui.translation import listed, say

__all__ = ["ChatHits", "FoundChat", "FoundPlace", "FoundRow", "HitRole", "found_rows", "role_words"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class HitRole(IntEnum):
    """Roles of a line beside the usual ones: what it stands for, and when that was written."""

    ROW = int(Qt.ItemDataRole.UserRole) + 1
    AGO = int(Qt.ItemDataRole.UserRole) + 2


@dataclass(frozen=True, slots=True)
class FoundChat:
    """A chat in which something was found; `marks` are in its title.

    `created` (Unix seconds) is 0 where places stand below it.
    """

    chat: int
    title: str
    marks: tuple[tuple[int, int], ...]
    created: float


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A message in which something was found."""

    hit: Hit


FoundRow: TypeAlias = FoundChat | FoundPlace


def found_rows(hits: Sequence[Hit]) -> list[FoundRow]:
    """Return `hits` chat by chat, in the order in which each chat comes first."""
    groups: dict[int, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.chat, []).append(hit)
    rows: list[FoundRow] = []
    for chat, members in groups.items():
        titled = next((hit for hit in members if hit.message is None), None)
        title = titled.snippet if titled is not None else " ".join(members[0].title.split())
        places = [FoundPlace(hit) for hit in members if hit.message is not None]
        # Places tell themselves when they were written.
        newest = 0.0 if places else max(hit.created for hit in members)
        marks = titled.marks if titled is not None else ()
        rows.append(FoundChat(chat, title or say(Text("New chat")), marks, newest))
        rows.extend(places)
    return rows


def role_words(role: Role) -> str:
    """Return who said what was found."""
    match role:
        case Role.USER:
            return say(Text("You"))
        case Role.ASSISTANT:
            return say(Text("Answer"))
        case Role.SYSTEM:
            return say(Text("System prompt"))
        case Role.TOOL:
            return say(Text("Tool"))


class ChatHits(QAbstractListModel):
    """Lines are chats and the places in them."""

    def __init__(self) -> None:
        """Start without hits."""
        super().__init__()
        self.rows: list[FoundRow] = []

    def set_hits(self, hits: Sequence[Hit]) -> None:
        """Show other hits."""
        self.beginResetModel()
        self.rows = found_rows(hits)
        self.endResetModel()

    def first(self) -> QModelIndex:
        """Return the line that Enter is for: a title, or else the first place; invalid for none."""
        match self.rows:
            case [FoundChat(_, _, ()), FoundPlace(), *_]:
                return self.index(1)
            case [_, *_]:
                return self.index(0)
            case _:
                return QModelIndex()

    def row(self, index: _Index) -> FoundRow | None:
        """Return what a line stands for."""
        return self.rows[index.row()] if index.isValid() else None

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Count chats and places."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a line shows."""
        row = self.row(index)
        if row is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title if isinstance(row, FoundChat) else row.hit.snippet
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(row)
            case Qt.ItemDataRole.ToolTipRole:
                words = row.title if isinstance(row, FoundChat) else row.hit.snippet
                return plain_tooltip(words)
            case HitRole.ROW:
                return row
            case HitRole.AGO:
                return _ago(row)
            case _:
                return None

    def retranslate(self) -> None:
        """Say everything in the language of now."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))


def _ago(row: FoundRow) -> str:
    created = row.created if isinstance(row, FoundChat) else row.hit.created
    return say(ago(created, time.time())) if created else ""


def _spoken(row: FoundRow) -> str:
    match row:
        case FoundChat():
            return listed((row.title, _ago(row)))
        case FoundPlace(hit):
            return listed((role_words(hit.role), hit.snippet, _ago(row)))
