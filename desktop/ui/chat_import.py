"""Chats from files into the store: read in another thread, written here, never long at a time.

GUI thread, which owns the store.
"""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.carried import CarriedChat, Unread, active_branch, fingerprint
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.history import ChatSummary
from desktop.services.foreign_chats import read_chats
from desktop.store.chats import ChatStore
from desktop.store.faults import STORE_FAULTS
from desktop.store.indexing import index_missing
from desktop.ui.errands import Errand, Errands

__all__ = ["ChatImport", "Outcome"]

_LANE = "import"
_INDEX = "index"
_PORTION_SECONDS = 0.012
_PAUSE_MS = 4
_TELL_EVERY = 0.2

_Signed: TypeAlias = tuple[CarriedChat, str]

_log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What came of an import; `error` ended it early, `stopped` did a person."""

    taken: list[int] = field(default_factory=list[int])
    known: int = 0
    unread: list[Unread] = field(default_factory=list[Unread])
    folders: list[int] = field(default_factory=list[int])
    error: LapisError | None = None
    stopped: bool = False


class ChatImport(QObject):
    """One import at a time."""

    reading = Signal(str, int)
    """(name of the file, chats found so far)"""
    writing = Signal(int, int)
    """(done, total)"""
    done = Signal(object)
    """(Outcome)"""

    def __init__(self, store: ChatStore, database: Path, parent: QObject | None = None) -> None:
        """Write into `store`, whose file is `database`."""
        super().__init__(parent)
        self._store = store
        self._database = database
        self._errands = Errands(self)
        self._outcome: Outcome | None = None
        self._chats: list[_Signed] = []
        self._total = 0
        self._current: Generator[None, None, ChatSummary | None] | None = None
        self._folders: set[int] = set()
        self._timer = QTimer(self, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._write)

    @property
    def is_running(self) -> bool:
        """Whether an import is under way."""
        return self._outcome is not None

    def start(self, paths: Sequence[Path]) -> None:
        """Read `paths`, files or folders, and take in what they hold."""
        if self._outcome is not None:
            return
        outcome = self._outcome = Outcome()

        def read(errand: Errand) -> list[_Signed]:
            return _read(paths, errand, outcome.unread, self.reading.emit)

        self._errands.run(_LANE, read, self._begin_writing, self._fail)

    def stop(self) -> None:
        """End it with what has come so far."""
        outcome = self._outcome
        if outcome is None:
            return
        outcome.stopped = True
        self._errands.cancel(_LANE)
        self._chats = []
        self._end()

    def undo(self, outcome: Outcome) -> None:
        """Delete what came, and the folders that came with it; raises StorageError."""
        with self._store.transaction():
            for chat in outcome.taken:
                self._store.delete(chat)
            used = {chat.folder for chat in (*self._store.chats(), *self._store.archived())}
            for folder in outcome.folders:
                if folder not in used:
                    self._store.delete_folder(folder)

    def close(self) -> None:
        """Give up what is under way and end the threads; idempotent."""
        self._timer.stop()
        self._current = None
        self._outcome = None
        self._errands.close()

    def _begin_writing(self, chats: list[_Signed]) -> None:
        outcome = self._outcome
        if outcome is None:
            return
        self._chats = chats
        self._total = len(chats)
        try:
            self._folders = {folder.id for folder in self._store.folders()}
        except StorageError as error:
            self._fail(error)
            return
        self.writing.emit(0, self._total)
        self._timer.start()

    def _write(self) -> None:
        """Write for a hundredth of a second, in one commit."""
        outcome = self._outcome
        if outcome is None:
            return
        until = time.perf_counter() + _PORTION_SECONDS
        taken: list[int] = []
        known = 0
        try:
            with self._store.transaction():
                while (self._chats or self._current) and time.perf_counter() < until:
                    is_over, summary = self._step()
                    if summary is not None:
                        taken.append(summary.id)
                    elif is_over:
                        known += 1
        except StorageError as error:
            self._fail(error)
            return
        outcome.taken += taken
        outcome.known += known
        self.writing.emit(len(outcome.taken) + outcome.known, self._total)
        if not self._chats and self._current is None:
            self._end()

    def _step(self) -> tuple[bool, ChatSummary | None]:
        """Write a portion; return whether a chat is over with it, and the chat if it is new."""
        if self._current is None:
            chat, sign = self._chats.pop()
            self._current = self._store.taking_in(chat, sign)
        try:
            next(self._current)
        except StopIteration as end:
            self._current = None
            return True, end.value
        return False, None

    def _fail(self, error: LapisError) -> None:
        outcome = self._outcome
        if outcome is not None:
            _log.warning("chats were not imported: %s", type(error).__name__)
            outcome.error = error
            self._chats = []
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        outcome, self._outcome = self._outcome, None
        self._current = None
        if outcome is None:
            return
        try:
            now = {folder.id for folder in self._store.folders()}
        except StorageError:
            now = set()
        outcome.folders = sorted(now - self._folders) if self._folders or outcome.taken else []
        if outcome.taken:
            self._errands.run(_INDEX, self._index, _nothing, _nothing)
        self.done.emit(outcome)

    def _index(self, errand: Errand) -> None:
        """Let the words of what came be found at once, not in a minute."""
        try:
            index_missing(self._database, errand.stop)
        except STORE_FAULTS as error:
            _log.warning("the index will follow later: %s", type(error).__name__)


def _sign_of(chat: CarriedChat) -> str:
    """Return by what a chat is known again: who says what, and when it was begun."""
    return f"{fingerprint(chat)} {chat.created:.0f}" if active_branch(chat) else ""


def _read(
    paths: Sequence[Path],
    errand: Errand,
    unread: list[Unread],
    tell: Callable[[str, int], None],
) -> list[_Signed]:
    """Return the chats, the one used last at the beginning; in the errand's thread."""
    chats: list[_Signed] = []
    due = 0.0
    for path in paths:
        for found in read_chats(path, cancelled=errand.stop.is_set):
            if isinstance(found, CarriedChat):
                chats.append((found, _sign_of(found)))
            else:
                unread.append(found)
            if time.monotonic() >= due:
                due = time.monotonic() + _TELL_EVERY
                errand.report(partial(tell, path.name, len(chats)))
        if errand.stop.is_set():
            break
    return sorted(chats, key=lambda each: each[0].updated, reverse=True)


def _nothing(_found: object) -> None:
    """Wait for nothing."""
