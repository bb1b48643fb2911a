"""Every connection that this process makes, noted for the list that people can look at. Any thread.

Whoever connects hands a note over and goes on: writing is left to a thread that lives as long as
there is something to write. It is given a while before the connection is made, so that the note
stands also if Lapis is killed right after: a quarter of a second for the first one, which has the
file opened, then a millisecond, which is mostly enough. What the disk refuses is tried again with
the next note. The thread is no daemon: an end of the program waits for what is on its way.
"""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from desktop.base.guard import guarded
from desktop.domain.errors import LapisError
from desktop.domain.network_log import Contact, Entry
from desktop.store.network_log import NetworkLogFile

PATIENCE_SECONDS: Final = 0.001
FIRST_PATIENCE_SECONDS: Final = 0.25
_DAY_SECONDS: Final = 86_400

_log = logging.getLogger(__name__)


class NetworkLog:
    """The list of one data folder, as one process sees it; several may stand side by side."""

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE_SECONDS,
        first_patience: float = FIRST_PATIENCE_SECONDS,
    ) -> None:
        """Touch nothing yet.

        `patience` in seconds is how long a note may hold its maker up, `first_patience` the same
        for notes before the first one is written, or was refused by the disk.
        """
        self._patience = patience
        self._first_patience = first_patience
        self._guard = threading.Lock()
        self._waiting: dict[tuple[Contact, int], Entry] = {}
        self._written = threading.Event()
        self._writer: threading.Thread | None = None
        self._file = NetworkLogFile(path)
        self._is_open = self._was_refused = False

    def note(self, entry: Entry) -> None:
        """Take `entry` in; a `Recorder`."""
        with self._guard:
            self._take((entry,))
            written, is_started = self._written, self._start()
        if not is_started:
            self._write()
        elif entry.times and self._is_open:
            written.wait(self._patience)
        elif entry.times and not self._was_refused:
            written.wait(self._first_patience)

    def entries(self) -> list[Entry]:
        """Return all that is known, the newest first; raises StorageError. Reads the disk."""
        self._flush()
        return self._file.entries()

    def clear(self) -> list[Entry]:
        """Forget everything and return what it was; raises StorageError. Writes to the disk."""
        self._flush()
        return self._file.clear()

    def restore(self, entries: Iterable[Entry]) -> None:
        """Add again what `clear` has returned; raises StorageError. Writes to the disk."""
        self._file.add(entries)

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            # By days, so that it stays small where the disk refuses everything.
            key = (entry.contact, int(entry.first // _DAY_SECONDS))
            known = self._waiting.get(key)
            self._waiting[key] = entry if known is None else known.plus(entry)

    def _start(self) -> bool:
        """Have somebody write; the guard is held. False where Python ends: no more threads."""
        if self._writer is None:
            write = guarded(self._write, "noting connections")
            self._writer = threading.Thread(target=write, name="network-log", daemon=False)
            try:
                self._writer.start()
            except RuntimeError:
                self._writer = None
        return self._writer is not None

    def _write(self) -> None:
        try:
            while self._flush():
                pass
        except LapisError as error:
            _log.warning("connections are not noted: %s", error.title)
        finally:
            with self._guard:
                self._leave()

    def _flush(self) -> bool:
        """Write what is waiting; return whether there was something. Raises StorageError."""
        with self._guard:
            if not self._waiting:
                self._leave()
                return False
            entries, written = list(self._waiting.values()), self._written
            self._waiting, self._written = {}, threading.Event()
        try:
            self._file.add(entries)
        except BaseException:
            with self._guard:
                self._take(entries)
            self._was_refused = True
            # Whoever waits for it waits in vain.
            written.set()
            raise
        self._is_open = True
        written.set()
        return True

    def _leave(self) -> None:
        """Write no more, if this is who writes; the guard is held."""
        if self._writer is threading.current_thread():
            self._writer = None
