"""What clients of the local server did, as a table model: newest first, never with words. GUI thread."""

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QGuiApplication

from desktop.domain.api import Access
from desktop.domain.text import printable
from desktop.ui.api_words import client_name, is_refused, outcome, outcome_at_length, when
from desktop.ui.labels import plain_tooltip
from desktop.ui.tokens import tokens_of

__all__ = ["AccessColumn", "AccessModel"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_Role = Qt.ItemDataRole


class AccessColumn(IntEnum):
    """What is told of each request."""

    TIME = 0
    CLIENT = 1
    ROUTE = 2
    MODEL = 3
    OUTCOME = 4


class AccessModel(QAbstractTableModel):
    """A row for each request; what others wrote into it is shown as plain text."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._accesses: tuple[Access, ...] = ()

    def set_accesses(self, accesses: Sequence[Access]) -> None:
        """Show `accesses`, of which the last one is the newest.

        The usual case is a few more than before: they come in at the top, and nothing else moves.
        """
        rows, before = tuple(reversed(accesses)), self._accesses
        if rows == before:
            return
        more = rows.index(before[0]) if before and before[0] in rows else 0
        left = len(rows) - more
        if not more or rows[more:] != before[:left]:
            self.beginResetModel()
            self._accesses = rows
            self.endResetModel()
            return
        self.beginInsertRows(_ROOT, 0, more - 1)
        self._accesses = (*rows[:more], *before)
        self.endInsertRows()
        if left < len(before):
            # The oldest ones, for which there is no room any more.
            self.beginRemoveRows(_ROOT, len(rows), len(self._accesses) - 1)
            self._accesses = rows
            self.endRemoveRows()

    def retranslate(self) -> None:
        """Say everything again, in the language of now."""
        last = len(AccessColumn) - 1
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last)
        if self._accesses:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._accesses) - 1, last))

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._accesses)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(AccessColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == _Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role != _Role.DisplayRole:
            return None
        match AccessColumn(section):
            case AccessColumn.TIME:
                return self.tr("Time")
            case AccessColumn.CLIENT:
                return self.tr("Program")
            case AccessColumn.ROUTE:
                return self.tr("Asked for")
            case AccessColumn.MODEL:
                return self.tr("Model")
            case _:
                return self.tr("Tokens")

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        access, column = self._accesses[index.row()], AccessColumn(index.column())
        if role in {_Role.DisplayRole, _Role.AccessibleTextRole}:
            return _words(access, column)
        if role == _Role.ToolTipRole:
            return plain_tooltip(self._whole(access))
        if role == _Role.ForegroundRole:
            return _colour(access, column)
        return None

    def _whole(self, access: Access) -> str:
        seconds = self.tr("{seconds} s").format(seconds=f"{access.seconds:.1f}")
        request = f"{printable(access.method)} {printable(access.route)}"
        client = f"{client_name(access)} ({access.client})"
        lines = (
            client,
            request,
            printable(access.model),
            f"{outcome_at_length(access)} · {seconds}",
        )
        return "\n".join(line for line in lines if line)


def _words(access: Access, column: AccessColumn) -> str:
    match column:
        case AccessColumn.TIME:
            return when(access.time, time.time())
        case AccessColumn.CLIENT:
            return client_name(access)
        case AccessColumn.ROUTE:
            return printable(access.route)
        case AccessColumn.MODEL:
            return printable(access.model)
        case _:
            return outcome(access)


def _colour(access: Access, column: AccessColumn) -> QColor:
    tokens = tokens_of(QGuiApplication.palette())
    if column is AccessColumn.OUTCOME and is_refused(access):
        return QColor(tokens.warn)
    is_quiet = column in {AccessColumn.TIME, AccessColumn.ROUTE}
    return QColor(tokens.muted if is_quiet else tokens.text)
