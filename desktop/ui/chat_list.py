"""The chats as a list model: lines with what they say, plain words only. GUI thread."""

import time
from enum import IntEnum
from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt, Signal

from desktop.domain.history import ChatSummary
from desktop.domain.text import Text
from desktop.ui.chat_rows import (
    ArchiveRow,
    ChatRow,
    Content,
    EmptyRow,
    FolderRow,
    HeadingRow,
    Row,
    heading_words,
    rows_of,
    shown_name,
    shown_title,
)
from desktop.ui.labels import plain_tooltip
from desktop.ui.translation import listed, say

__all__ = ["ChatList", "ChatRole"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_USER = int(Qt.ItemDataRole.UserRole)


class ChatRole(IntEnum):
    """Roles of a line beside the usual ones: chat id (None for others), and how it stands."""

    CHAT = _USER + 1
    RUNNING = _USER + 2
    OPEN = _USER + 3
    ROW = _USER + 4


class ChatList(QStringListModel):
    """Knows each line by its number, and each chat's and folder's line.

    While Qt lays thousands of lines out it asks for their number twice as often. The ready-made
    model answers that without Python; its strings are empty, what a line says is told here.
    """

    renamed = Signal(int, str)
    """(chat, title): a person typed another title."""
    folder_renamed = Signal(int, str)
    """(folder, name): a person typed another name."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.content = Content()
        self.rows: list[Row] = []
        self._lines: dict[tuple[str, int], int] = {}
        self._running: frozenset[int] = frozenset()
        self._open: int | None = None
        self._archive_open = False

    def set_content(self, content: Content) -> None:
        """Show `content`; costs next to nothing when nothing has changed."""
        self.content = content
        self._list()

    def set_archive_open(self, *, is_open: bool) -> None:
        """Show what is in the archive, or not."""
        self._archive_open = is_open
        self._list()

    @property
    def open(self) -> int | None:
        """The chat that is marked as the open one, listed or not."""
        return self._open

    def set_open(self, chat: int | None) -> None:
        """Mark `chat` as the open one."""
        before, self._open = self._open, chat
        for each in {before, chat} - {None}:
            self._repaint(self.index_of(each))

    def set_running(self, running: frozenset[int]) -> None:
        """Mark the chats in which an answer is being written."""
        changed, self._running = self._running ^ running, running
        for chat in changed:
            self._repaint(self.index_of(chat))

    def retranslate(self) -> None:
        """Say everything in the language of now."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    def index_of(self, chat: int | None) -> QModelIndex:
        """Return the line of `chat`; invalid when it is not listed."""
        return self._at("chat", chat)

    def index_of_folder(self, folder: int | None) -> QModelIndex:
        """Return the line of `folder`; invalid when there is none."""
        return self._at("folder", folder)

    def index_like(self, row: Row | None) -> QModelIndex:
        """Return the line that stands for the same thing as `row` did; invalid for none."""
        match row:
            case ChatRow(chat, _):
                return self.index_of(chat.id)
            case FolderRow(folder, _):
                return self.index_of_folder(folder.id)
            case ArchiveRow():
                return self._at("archive", 0)
            case _:
                return QModelIndex()

    def row(self, index: _Index) -> Row | None:
        """Return what a line stands for."""
        return self.rows[index.row()] if index.isValid() else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a line shows."""
        row = self.row(index)
        if row is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(row)
            case Qt.ItemDataRole.ToolTipRole if isinstance(row, ChatRow | FolderRow):
                return plain_tooltip(self._hint(row))
            case Qt.ItemDataRole.EditRole if isinstance(row, ChatRow):
                return row.chat.title
            case Qt.ItemDataRole.EditRole if isinstance(row, FolderRow):
                return row.folder.name
            case ChatRole.ROW:
                return row
            case ChatRole.CHAT if isinstance(row, ChatRow):
                return row.chat.id
            case ChatRole.RUNNING:
                return isinstance(row, ChatRow) and row.chat.id in self._running
            case ChatRole.OPEN:
                return isinstance(row, ChatRow) and row.chat.id == self._open
            case _:
                return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take new words from the editor; the list changes when the store has them."""
        words = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or not words:
            return False
        match self.row(index):
            case ChatRow(chat, _):
                if words != chat.title:
                    self.renamed.emit(chat.id, words)
            case FolderRow(folder, _):
                if words != folder.name:
                    self.folder_renamed.emit(folder.id, words)
            case _:
                return False
        return True

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Chats and folders can be chosen, renamed and carried, the archive chosen."""
        flag = Qt.ItemFlag
        chosen = flag.ItemIsEnabled | flag.ItemIsSelectable
        match self.row(index):
            case ChatRow(chat, _) if chat.temporary:
                return chosen | flag.ItemIsEditable
            case ChatRow() | FolderRow():
                return chosen | flag.ItemIsEditable | flag.ItemIsDragEnabled
            case ArchiveRow():
                return chosen
            case _:
                return flag.NoItemFlags

    def _list(self) -> None:
        rows = rows_of(self.content, time.time(), archive_open=self._archive_open)
        if rows == self.rows:
            return
        self.rows = rows
        self._lines = {}
        for line, row in enumerate(rows):
            match row:
                case ChatRow(chat, _):
                    self._lines["chat", chat.id] = line
                case FolderRow(folder, _):
                    self._lines["folder", folder.id] = line
                case ArchiveRow():
                    self._lines["archive", 0] = line
                case _:
                    pass
        # This tells the view.
        self.setStringList([""] * len(rows))

    def _at(self, kind: str, identity: int | None) -> QModelIndex:
        line = self._lines.get((kind, identity)) if identity is not None else None
        return self.index(line) if line is not None else QModelIndex()

    def _repaint(self, index: QModelIndex) -> None:
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _spoken(self, row: Row) -> str:
        match row:
            case ChatRow(chat, _):
                return listed([shown_title(chat), *self._marks(chat)])
            case FolderRow(folder, count):
                state = say(Text("open")) if folder.is_open else say(Text("closed"))
                return say(
                    Text(
                        "Folder {name}, {state}, chats: {n}",
                        {"name": shown_name(folder), "n": count, "state": state},
                    )
                )
            case ArchiveRow(count, is_open):
                state = say(Text("open")) if is_open else say(Text("closed"))
                return say(Text("Archive, {state}, chats: {n}", {"n": count, "state": state}))
            case _:
                return _words(row)

    def _hint(self, row: ChatRow | FolderRow) -> str:
        if isinstance(row, FolderRow):
            return shown_name(row.folder)
        chat = row.chat
        lines = [shown_title(chat)]
        if chat.id in self._running:
            lines.append(say(Text("An answer is being written")))
        if chat.temporary:
            lines.append(say(Text("Temporary: it is gone when Lapis ends, and leaves no trace")))
        return "\n".join(lines)

    def _marks(self, chat: ChatSummary) -> list[str]:
        marks = (
            (chat.id in self._running, Text("an answer is being written")),
            (chat.pinned, Text("pinned")),
            (chat.temporary, Text("temporary")),
            (chat.archived, Text("archived")),
            (chat.id == self._open, Text("open")),
        )
        return [say(words) for applies, words in marks if applies]


def _words(row: Row) -> str:
    match row:
        case HeadingRow(heading):
            return heading_words(heading)
        case ChatRow(chat, _):
            return shown_title(chat)
        case FolderRow(folder, _):
            return shown_name(folder)
        case EmptyRow():
            return say(Text("No chats in it yet"))
        case ArchiveRow():
            return say(Text("Archive"))
