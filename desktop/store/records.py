"""What is remembered of model files: the one door to it for everybody else.

Any thread, and beside other processes: one connection under a lock, opened when it is first
needed. A model file is known by the path at which it really lies.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from desktop.domain.errors import StorageError
from desktop.domain.footprint import Load
from desktop.domain.shelf import HeaderFacts, ModelDefaults, Stamp
from desktop.domain.speed import TimedRun
from desktop.domain.text import encodable
from desktop.store.connection import roll_back
from desktop.store.faults import Cause
from desktop.store.json_columns import written
from desktop.store.record_faults import (
    begun_anew,
    explain_record,
    newer_record,
    translated_record,
)
from desktop.store.record_file import record_file
from desktop.store.record_rows import (
    ELSEWHERE,
    FILES,
    SET_CHECKED,
    SET_MEASURED,
    SET_SOURCE,
    SET_USED,
    ElsewhereRecord,
    FileRecord,
    Row,
    decoded,
    elsewhere_record,
    elsewhere_row,
    file_record,
)
from desktop.store.record_sizes import (
    CROWDED_SIZES,
    LOADS,
    MOST_LOADS,
    MOST_SIZES,
    OLD_LOADS,
    OLD_SIZES,
    SET_LOAD,
    SET_SIZE,
    SIZES,
    LoadRecord,
    SizeDecoders,
    SizeRecord,
    load_record,
    load_row,
    size_record,
    size_row,
)

_PATIENCE_SECONDS: Final = 3.0
_LOOKED: Final = "looked"

Result = TypeVar("Result")


class Records:
    """All that is remembered. Every method raises StorageError when the disk does not play along.

    A damaged file is put aside and a new one begun; `notice` then says so.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Touch nothing yet. `now` returns Unix seconds; `patience` is how long a lock is awaited."""
        self._path = path
        self._now = now
        self._patience = patience
        self._lock = threading.Lock()
        self._file = record_file(path)
        self._facts = msgspec.json.Decoder(HeaderFacts)
        self._defaults = msgspec.json.Decoder(ModelDefaults)
        self._sizes = SizeDecoders()

    @property
    def notice(self) -> StorageError | None:
        """What to tell of a damaged file that was put aside; None where there was none."""
        return None if self._file.aside is None else begun_anew(self._file.aside)

    def close(self) -> None:
        """Close the file; whoever asks again opens it again."""
        with self._lock, translated_record(self._path):
            self._file.let_go()

    def facts(self, version: int) -> Mapping[str, tuple[Stamp, HeaderFacts]]:
        """Return what headers said, as read by that `version` of the reader, by path."""
        rows = self._rows("SELECT path, size, changed, facts FROM facts WHERE version = ?", version)
        kept: dict[str, tuple[Stamp, HeaderFacts]] = {}
        for path, size, changed, facts in rows:
            value = decoded(self._facts, facts)
            if value is not None and isinstance(path, bytes):
                kept[os.fsdecode(path)] = (Stamp(size, changed), value)
        return kept

    def keep_facts(self, kept: Mapping[str, tuple[Stamp, HeaderFacts]], version: int) -> None:
        """Add to, and replace, what headers said."""
        rows = [
            (os.fsencode(path), stamp.size, stamp.changed, version, written(facts))
            for path, (stamp, facts) in kept.items()
        ]
        self._change(("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", rows))

    def files(self) -> dict[str, FileRecord]:
        """Return what is remembered of files, by path."""
        rows = (row for row in self._rows(FILES) if isinstance(row[0], bytes))
        return {os.fsdecode(row[0]): file_record(row) for row in rows}

    def file(self, path: str) -> FileRecord:
        """Return what is remembered of one file; all empty where nothing is."""
        rows = self._rows(f"{FILES} WHERE path = ?", os.fsencode(path))
        return file_record(rows[0]) if rows else FileRecord()

    def set_source(
        self, hashes: Mapping[str, str], source: str, repository: str, commit: str
    ) -> None:
        """Remember where the files of `hashes` came from, with the SHA-256 each has there.

        What was checked before belongs to another content and is forgotten.
        """
        rows = [
            (os.fsencode(path), encodable(source), encodable(repository), encodable(commit), sha256)
            for path, sha256 in hashes.items()
        ]
        self._change((SET_SOURCE, rows))

    def set_checked(self, path: str, stamp: Stamp, content: str, *, verified: bool) -> None:
        """Remember a file's own SHA-256 (empty: unknown), and that it is as it should be."""
        verified_at = self._now() if verified else 0.0
        row = (os.fsencode(path), stamp.size, stamp.changed, content, verified_at)
        self._change((SET_CHECKED, [row]))

    def set_measured(self, path: str, context: int, memory: int) -> None:
        """Remember what a loaded model took: `memory` in bytes, with `context` tokens."""
        row = (os.fsencode(path), memory, context)
        self._change((SET_MEASURED, [row]))

    def set_used(self, path: str) -> None:
        """Remember that a model is used now."""
        self._change((SET_USED, [(os.fsencode(path), self._now())]))

    def moved(self, source: str, target: str) -> None:
        """Keep knowing the files below `source`, which were all moved to below `target`."""
        old, new = os.fsencode(os.path.join(source, "")), os.fsencode(os.path.join(target, ""))  # noqa: PTH118
        changes: list[tuple[str, list[Row]]] = []
        for table, column in _KEYS:
            query = f"SELECT {column} FROM {table}"  # noqa: S608 - names of our own
            paths = [path for (path,) in self._rows(query) if path.startswith(old)]
            statement = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608
            changes.append((statement, [(new + path[len(old) :], path) for path in paths]))
        self._change(*changes)

    def forget(self, paths: Iterable[str]) -> None:
        """Know nothing of these files any more, nor what was set for them."""
        rows: list[Row] = [(os.fsencode(path),) for path in paths]
        removal = "DELETE FROM {} WHERE {} = ?"
        self._change(*((removal.format(*names), rows) for names in _KEYS))

    def defaults(self, model: str, patience: float | None = None) -> ModelDefaults:
        """Return what was set for the model whose key this is.

        `patience` in seconds bounds every wait for a lock, also one that is held in this process;
        None waits as usual. Where there is no file yet, none is made.
        """
        if not os.path.exists(self._path):  # noqa: PTH110 - raises nothing
            return ModelDefaults()
        query, key = "SELECT value FROM defaults WHERE model = ?", os.fsencode(model)
        rows: list[Row] = self._work(
            lambda connection: connection.execute(query, (key,)).fetchall(), patience
        )
        value = decoded(self._defaults, rows[0][0]) if rows else None
        return value or ModelDefaults()

    def set_defaults(
        self, model: str, defaults: ModelDefaults, patience: float | None = None
    ) -> None:
        """Keep what was set for a model; what leaves everything in force is not kept.

        `patience` as for `defaults`.
        """
        key = os.fsencode(model)
        row = (key, written(defaults))
        change: tuple[str, list[Row]] = ("INSERT OR REPLACE INTO defaults VALUES (?, ?)", [row])
        if defaults == ModelDefaults():
            change = ("DELETE FROM defaults WHERE model = ?", [(key,)])
        self._change(change, patience=patience)

    def looked_at(self) -> float:
        """Return when models of other programs were looked for last, in Unix seconds; 0: never."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", _LOOKED)
        try:
            return float(rows[0][0]) if rows else 0.0
        except ValueError:
            return 0.0

    def elsewhere(self) -> list[ElsewhereRecord]:
        """Return the models of other programs as they were found last, in that order."""
        found = map(elsewhere_record, self._rows(ELSEWHERE))
        return [each for each in found if each is not None]

    def set_elsewhere(self, found: Iterable[ElsewhereRecord]) -> None:
        """Keep what was found now in place of what was found before."""
        rows = [elsewhere_row(each, position) for position, each in enumerate(found)]
        self._change(
            ("DELETE FROM elsewhere", [()]),
            ("INSERT OR REPLACE INTO elsewhere VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows),
            ("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(_LOOKED, str(self._now()))]),
        )

    def sizes(self, path: str, patience: float | None = None) -> list[SizeRecord]:
        """Return the measured sizes of a file, or listed model; `patience` as for `defaults`."""
        rows = self._rows(f"{SIZES} WHERE path = ?", os.fsencode(path), patience=patience)
        found = (size_record(row, self._sizes) for row in rows)
        return [each for each in found if each is not None]

    def keep_sizes(self, sizes: Iterable[SizeRecord], machine: str) -> None:
        """Add to, and replace, what models were measured to take.

        What was measured with other drivers or libraries goes: its stamp does not end in `machine`.
        Where there are very many, those of all other models go too.
        """
        rows = [size_row(each) for each in sizes]
        crowded = [(row[0], MOST_SIZES) for row in rows[:1]]
        self._change((OLD_SIZES, [(machine,)]), (SET_SIZE, rows), (CROWDED_SIZES, crowded))

    def loads(self, path: str, patience: float | None = None) -> list[LoadRecord]:
        """Return how a file was loaded, the newest first; `patience` as for `defaults`."""
        query = f"{LOADS} WHERE path = ? ORDER BY changed_at DESC"
        rows = self._rows(query, os.fsencode(path), patience=patience)
        found = (load_record(row, self._sizes) for row in rows)
        return [each for each in found if each is not None]

    def set_load(self, record: LoadRecord) -> None:
        """Keep how a file was loaded, in place of the last time in the same way.

        Those of long ago go.
        """
        self._change((SET_LOAD, [load_row(record)]), (OLD_LOADS, [(MOST_LOADS - 1,)]))

    def speeds(self) -> list[TimedRun]:
        """Return all answers that were timed here, the newest first; one for each way to load."""
        query = f"{LOADS} WHERE decode_tps > 0 AND reading <> '' ORDER BY changed_at DESC"
        found = (load_record(row, self._sizes) for row in self._rows(query))
        return [run for each in found if each is not None for run in _timed(each.load)]

    def _rows(self, query: str, *values: object, patience: float | None = None) -> list[Row]:
        return self._work(lambda connection: connection.execute(query, values).fetchall(), patience)

    def _change(self, *changes: tuple[str, list[Row]], patience: float | None = None) -> None:
        """Make all changes in one commit, each statement once for each of its rows."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in changes:
                    connection.executemany(statement, rows)
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise

        if any(rows for _, rows in changes):
            self._work(change, patience)

    def _work(
        self, do: Callable[[sqlite3.Connection], Result], patience: float | None = None
    ) -> Result:
        with self._held(patience), translated_record(self._path):
            most = self._patience if patience is None else patience
            try:
                return self._file.work(do, most)
            except StorageError as error:
                raise newer_record(self._path) from error

    @contextmanager
    def _held(self, patience: float | None) -> Iterator[None]:
        """Keep other threads out; raises StorageError if one of them stays in for too long."""
        if not self._lock.acquire(timeout=-1 if patience is None else patience):
            raise explain_record(Cause.LOCKED, self._path)
        try:
            yield
        finally:
            self._lock.release()


_KEYS: Final = (
    *(("facts", "path"), ("files", "path"), ("defaults", "model")),
    *(("sizes", "path"), ("loads", "path")),
)


def _timed(load: Load) -> Iterator[TimedRun]:
    if load.reading is not None and load.decode_tps > 0:
        yield TimedRun(load.path, load.reading, 1 / load.decode_tps)
