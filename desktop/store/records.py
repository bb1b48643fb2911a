"""What is remembered of model files: the one door to it for everybody else.

Any thread, and beside other processes: one connection under a lock, opened when it is first
needed. A model file is known by the path at which it really lies.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from desktop.domain.errors import StorageError
from desktop.domain.shelf import HeaderFacts, ModelDefaults, ModelRecord, Origin, Stamp
from desktop.store.connection import roll_back
from desktop.store.faults import STORE_FAULTS, Cause, cause_of
from desktop.store.record_faults import explain_record, translated_record
from desktop.store.record_file import open_records, put_aside
from desktop.store.texts import storable

_PATIENCE_SECONDS: Final = 3.0
_LOOKED: Final = "looked"

Result = TypeVar("Result")
Value = TypeVar("Value")
Row: TypeAlias = tuple[Any, ...]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is remembered of one file.

    `record.verified_at`, and `content`, the SHA-256 that its bytes were found to have (empty for
    unknown), hold for the file as it was at `stamp`.
    """

    record: ModelRecord = field(default_factory=ModelRecord)
    stamp: Stamp | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class ElsewhereRecord:
    """A model of another program as it was found last; all paths as texts."""

    name: str
    origin: Origin
    files: tuple[str, ...]
    size: int
    projector: str = ""
    sha256: str = ""
    repository: str = ""
    commit: str = ""
    needs_probe: bool = False


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
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._facts = msgspec.json.Decoder(HeaderFacts)
        self._defaults = msgspec.json.Decoder(ModelDefaults)
        self.notice: StorageError | None = None

    def close(self) -> None:
        """Close the file; whoever asks again opens it again."""
        with self._lock, translated_record(self._path):
            self._let_go()

    def facts(self, version: int) -> Mapping[str, tuple[Stamp, HeaderFacts]]:
        """Return what headers said, as read by that `version` of the reader, by path."""
        rows = self._rows("SELECT path, size, changed, facts FROM facts WHERE version = ?", version)
        kept: dict[str, tuple[Stamp, HeaderFacts]] = {}
        for path, size, changed, facts in rows:
            value = _decoded(self._facts, facts)
            if value is not None:
                kept[os.fsdecode(path)] = (Stamp(size, changed), value)
        return kept

    def keep_facts(self, kept: Mapping[str, tuple[Stamp, HeaderFacts]], version: int) -> None:
        """Add to, and replace, what headers said."""
        rows = [
            (os.fsencode(path), stamp.size, stamp.changed, version, _encoded(facts))
            for path, (stamp, facts) in kept.items()
        ]
        self._change(("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", rows))

    def files(self) -> dict[str, FileRecord]:
        """Return what is remembered of files, by path."""
        return {os.fsdecode(row[0]): _file_record(row) for row in self._rows(_FILES)}

    def file(self, path: str) -> FileRecord:
        """Return what is remembered of one file; all empty where nothing is."""
        rows = self._rows(f"{_FILES} WHERE path = ?", os.fsencode(path))
        return _file_record(rows[0]) if rows else FileRecord()

    def set_source(
        self, hashes: Mapping[str, str], source: str, repository: str, commit: str
    ) -> None:
        """Remember where the files of `hashes` came from, with the SHA-256 each has there.

        What was checked before belongs to another content and is forgotten.
        """
        rows = [
            (os.fsencode(path), storable(source), storable(repository), storable(commit), sha256)
            for path, sha256 in hashes.items()
        ]
        self._change((_SET_SOURCE, rows))

    def set_checked(self, path: str, stamp: Stamp, content: str, *, verified: bool) -> None:
        """Remember a file's own SHA-256 (empty: unknown), and that it is as it should be."""
        verified_at = self._now() if verified else 0.0
        row = (os.fsencode(path), stamp.size, stamp.changed, content, verified_at)
        self._change((_SET_CHECKED, [row]))

    def set_measured(self, path: str, context: int, memory: int) -> None:
        """Remember what a loaded model took: `memory` in bytes, with `context` tokens."""
        row = (os.fsencode(path), self._now(), memory, context)
        self._change((_SET_MEASURED, [row]))

    def set_used(self, path: str) -> None:
        """Remember that a model is used now."""
        self._change((_SET_USED, [(os.fsencode(path), self._now())]))

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
        value = _decoded(self._defaults, rows[0][0]) if rows else None
        return value or ModelDefaults()

    def set_defaults(
        self, model: str, defaults: ModelDefaults, patience: float | None = None
    ) -> None:
        """Keep what was set for a model; what leaves everything in force is not kept.

        `patience` as for `defaults`.
        """
        key = os.fsencode(model)
        row = (key, _encoded(_storable(defaults)))
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
        rows = self._rows(
            "SELECT name, origin, files, size, projector, sha256, repository, revision,"
            " needs_probe FROM elsewhere ORDER BY position"
        )
        return [_elsewhere(row) for row in rows if row[1] in set(Origin)]

    def set_elsewhere(self, found: Iterable[ElsewhereRecord]) -> None:
        """Keep what was found now in place of what was found before."""
        rows = [
            (
                *(os.fsencode(each.files[0]), position, storable(each.name), each.origin),
                *(b"\0".join(map(os.fsencode, each.files)), each.size),
                *(os.fsencode(each.projector), each.sha256, storable(each.repository)),
                *(storable(each.commit), each.needs_probe),
            )
            for position, each in enumerate(found)
        ]
        self._change(
            ("DELETE FROM elsewhere", [()]),
            ("INSERT OR REPLACE INTO elsewhere VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows),
            ("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(_LOOKED, str(self._now()))]),
        )

    def _rows(self, query: str, *values: object) -> list[Row]:
        return self._work(lambda connection: connection.execute(query, values).fetchall())

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
        """Do something with the database; once more with a new one if it turns out damaged."""
        with self._held(patience), translated_record(self._path):
            most = self._patience if patience is None else patience
            try:
                return do(self._opened(most))
            except STORE_FAULTS as error:
                if cause_of(error, self._path) is not Cause.DAMAGED:
                    raise
                _log.warning("the database about models is damaged: %s", type(error).__name__)
            self._replace()
            return do(self._opened(most))

    @contextmanager
    def _held(self, patience: float | None) -> Iterator[None]:
        """Keep other threads out; raises StorageError if one of them stays in for too long."""
        if not self._lock.acquire(timeout=-1 if patience is None else patience):
            raise explain_record(Cause.LOCKED, self._path)
        try:
            yield
        finally:
            self._lock.release()

    def _replace(self) -> None:
        seen = self._identity
        self._let_go()
        # Unless another process has put the damaged one aside already.
        if seen in {None, _identity(self._path)}:
            self.notice = put_aside(self._path, self._patience)

    def _opened(self, patience: float) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_records(self._path, patience)
            self._identity = _identity(self._path)
        self._connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        return self._connection

    def _let_go(self) -> None:
        connection, self._connection, self._identity = self._connection, None, None
        if connection is not None:
            connection.close()


_FILES: Final = (
    "SELECT path, source, repository, revision, sha256, used_at, measured_at, measured_memory,"
    " measured_context, size, changed, verified_at, content FROM files"
)
_SET_SOURCE: Final = (
    "INSERT INTO files (path, source, repository, revision, sha256) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (path) DO UPDATE SET source = excluded.source,"
    " repository = excluded.repository, revision = excluded.revision,"
    " sha256 = excluded.sha256, content = '', verified_at = 0"
)
_SET_CHECKED: Final = (
    "INSERT INTO files (path, size, changed, content, verified_at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (path) DO UPDATE SET size = excluded.size, changed = excluded.changed,"
    " content = excluded.content, verified_at = excluded.verified_at"
)
_SET_MEASURED: Final = (
    "INSERT INTO files (path, measured_at, measured_memory, measured_context)"
    " VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET measured_at = excluded.measured_at,"
    " measured_memory = excluded.measured_memory, measured_context = excluded.measured_context"
)
_SET_USED: Final = (
    "INSERT INTO files (path, used_at) VALUES (?, ?)"
    " ON CONFLICT (path) DO UPDATE SET used_at = excluded.used_at"
)
_KEYS: Final = (("facts", "path"), ("files", "path"), ("defaults", "model"))


def _file_record(row: Row) -> FileRecord:
    _, source, repository, commit, sha256, used_at, measured_at, memory, context, *rest = row
    size, changed, verified_at, content = rest
    return FileRecord(
        ModelRecord(
            source=source,
            repository=repository,
            commit=commit,
            sha256=sha256,
            verified_at=verified_at,
            used_at=used_at,
            measured_at=measured_at,
            measured_memory=memory,
            measured_context=context,
        ),
        Stamp(size, changed),
        content,
    )


def _elsewhere(row: Row) -> ElsewhereRecord:
    name, origin, files, size, projector, sha256, repository, commit, needs_probe = row
    return ElsewhereRecord(
        name=name,
        origin=Origin(origin),
        files=tuple(map(os.fsdecode, files.split(b"\0"))),
        size=size,
        projector=os.fsdecode(projector),
        sha256=sha256,
        repository=repository,
        commit=commit,
        needs_probe=bool(needs_probe),
    )


def _storable(defaults: ModelDefaults) -> ModelDefaults:
    prompt, sampling = defaults.system_prompt, defaults.sampling
    return replace(
        defaults,
        system_prompt=None if prompt is None else storable(prompt),
        sampling=sampling and replace(sampling, stop=tuple(map(storable, sampling.stop))),
    )


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(decoder: "msgspec.json.Decoder[Value]", text: object) -> Value | None:
    """Return the value in a column; None where a flipped bit has made it unreadable."""
    try:
        return decoder.decode(text) if isinstance(text, str) else None
    except msgspec.MsgspecError:
        return None


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
