"""Chats to files, written in another thread over a connection of its own. GUI thread.

Temporary chats are on no disk: they are read here, and only written there.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.domain.carried import CarriedChat
from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.store.carrying import ChatReader, reading
from desktop.store.chats import ChatStore
from desktop.store.temporary import is_temporary
from desktop.ui.chat_writing import Format, Stopped, Telling, write_chat, write_chats
from desktop.ui.errands import Errand, Errands

__all__ = ["ChatExport"]

_ONE = "export"
_ALL = "export all"


class ChatExport(QObject):
    """One chat after the other, or all; a newer wish for all takes the place of one under way."""

    one_written = Signal(object)
    """(Path)"""
    progressed = Signal(int, int)
    """(done, total), of all chats"""
    all_written = Signal(object, int)
    """(Path, number of chats)"""
    one_failed = Signal(object)
    all_failed = Signal(object)
    """(LapisError)"""

    def __init__(self, store: ChatStore, database: Path, parent: QObject | None = None) -> None:
        """Read from `store`, whose file is `database`."""
        super().__init__(parent)
        self._store = store
        self._database = database
        self._errands = Errands(self)

    def write_one(self, path: Path, chat: int, how: Format, telling: Telling) -> None:
        """Write `chat` to `path`."""
        try:
            held = self._store.carried(chat) if is_temporary(chat) else None
        except LapisError as error:
            self.one_failed.emit(error)
            return

        def write(errand: Errand) -> Path:
            if held is not None:
                write_chat(path, held, how, telling, errand.stop.is_set)
            else:
                with reading(self._database) as reader:
                    found = reader.carried(chat)
                write_chat(path, found, how, telling, errand.stop.is_set)
            return path

        self._errands.run(_ONE, write, self.one_written.emit, self.one_failed.emit, queued=True)

    def write_all(self, path: Path, how: Format, telling: Telling) -> None:
        """Write all chats to `path`, those in the archive too."""

        def write(errand: Errand) -> int:
            with reading(self._database) as reader:
                return write_chats(path, _each(reader, errand, self.progressed.emit), how, telling)

        def written(count: int) -> None:
            self.all_written.emit(path, count)

        self._errands.run(_ALL, write, written, self.all_failed.emit)

    def stop(self) -> None:
        """Give up writing all chats; nothing is left of the file."""
        self._errands.cancel(_ALL)

    def close(self) -> None:
        """Give up everything and end the threads; idempotent."""
        self._errands.close()


def _each(
    reader: ChatReader, errand: Errand, tell: Callable[[int, int], None]
) -> Iterator[CarriedChat]:
    chats = reader.chats()
    for done, chat in enumerate(chats):
        if errand.stop.is_set():
            raise Stopped(Text("Stopped"), Text("Nothing was written."))
        errand.report_latest(partial(tell, done, len(chats)))
        yield reader.carried(chat.id)
