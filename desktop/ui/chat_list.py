"""The chats as a list model: grouped by day, newest first, plain words only. GUI thread."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import Qt as GuiQt

from desktop.domain.history import ChatSummary
from desktop.domain.text import Text
from desktop.ui.translation import say

__all__ = ["ChatList", "ChatRole", "Period", "period_of", "shown_title"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_WEEK = 7


class Period(Enum):
    """How long ago, in days of the person's own calendar."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    OLDER = "older"


class ChatRole:
    """Roles of a row beside the usual ones: chat id (None for a heading), answer running."""

    CHAT = Qt.ItemDataRole.UserRole + 1
    RUNNING = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class _Heading:
    period: Period


def period_of(updated: float, now: float) -> Period:
    """Return the group of a chat that was last changed at `updated`; both in Unix seconds."""
    today = datetime.fromtimestamp(now).astimezone().date()
    day = datetime.fromtimestamp(updated).astimezone().date()
    if day >= today:
        return Period.TODAY
    if day == today - timedelta(days=1):
        return Period.YESTERDAY
    return Period.WEEK if day > today - timedelta(days=_WEEK + 1) else Period.OLDER


def shown_title(chat: ChatSummary) -> str:
    """Return the title of a chat, or the words for one without."""
    return " ".join(chat.title.split()) or say(Text("New chat"))


def _heading(period: Period) -> str:
    match period:
        case Period.TODAY:
            return say(Text("Today"))
        case Period.YESTERDAY:
            return say(Text("Yesterday"))
        case Period.WEEK:
            return say(Text("Previous 7 days"))
        case Period.OLDER:
            return say(Text("Older"))


class ChatList(QAbstractListModel):
    """Rows are headings and chats."""

    renamed = Signal(int, str)
    """(chat, title): a person typed another title."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._rows: list[_Heading | ChatSummary] = []
        self._running: frozenset[int] = frozenset()

    def set_chats(self, chats: list[ChatSummary], now: float) -> None:
        """Show `chats` in this order."""
        rows: list[_Heading | ChatSummary] = []
        last: Period | None = None
        for chat in chats:
            period = period_of(chat.updated, now)
            if period is not last:
                rows.append(_Heading(period))
                last = period
            rows.append(chat)
        if rows == self._rows:
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_running(self, running: frozenset[int]) -> None:
        """Mark the chats in which an answer is being written."""
        if running != self._running:
            self._running = running
            self._repaint()

    def retranslate(self) -> None:
        """Say headings and untitled chats in the language of now."""
        self._repaint()

    def index_of(self, chat: int) -> QModelIndex:
        """Return the row of `chat`; invalid when it is not listed."""
        for row, entry in enumerate(self._rows):
            if isinstance(entry, ChatSummary) and entry.id == chat:
                return self.index(row)
        return QModelIndex()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Count headings and chats."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a row shows."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, _Heading):
            words = {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}
            return _heading(row.period) if role in words else None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return shown_title(row)
            case Qt.ItemDataRole.ToolTipRole:
                return GuiQt.convertFromPlainText(shown_title(row))
            case Qt.ItemDataRole.EditRole:
                return row.title
            case ChatRole.CHAT:
                return row.id
            case ChatRole.RUNNING:
                return row.id in self._running
            case _:
                return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a new title from the editor; the list changes when the store has it."""
        row = self._rows[index.row()] if index.isValid() else None
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or not isinstance(row, ChatSummary) or not title:
            return False
        if title != row.title:
            self.renamed.emit(row.id, title)
        return True

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Chats can be chosen and renamed, headings nothing."""
        if not index.isValid() or isinstance(self._rows[index.row()], _Heading):
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable

    def _repaint(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))
