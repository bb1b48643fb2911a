"""Rows of the database about model files, and what they say. Pure.

Paths are bytes there, for a path need not be text; values of several fields are JSON.
"""

import os
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from desktop.domain.shelf import ModelRecord, Origin, Stamp
from desktop.domain.text import encodable

Row: TypeAlias = tuple[Any, ...]
Value = TypeVar("Value")

_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "t": str,
    "b": bytes,
    "i": int,
    "n": (int, float),
}
_FILES_KINDS: Final = "bttttniiiint"
_ELSEWHERE_KINDS: Final = "ttbibttti"
FILES: Final = (
    "SELECT path, source, repository, revision, sha256, used_at, measured_memory,"
    " measured_context, size, changed, verified_at, content FROM files"
)
ELSEWHERE: Final = (
    "SELECT name, origin, files, size, projector, sha256, repository, revision, needs_probe"
    " FROM elsewhere ORDER BY position"
)
SET_SOURCE: Final = (
    "INSERT INTO files (path, source, repository, revision, sha256) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (path) DO UPDATE SET source = excluded.source,"
    " repository = excluded.repository, revision = excluded.revision,"
    " sha256 = excluded.sha256, content = '', verified_at = 0"
)
SET_CHECKED: Final = (
    "INSERT INTO files (path, size, changed, content, verified_at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (path) DO UPDATE SET size = excluded.size, changed = excluded.changed,"
    " content = excluded.content, verified_at = excluded.verified_at"
)
SET_MEASURED: Final = (
    "INSERT INTO files (path, measured_memory, measured_context)"
    " VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
    " measured_memory = excluded.measured_memory, measured_context = excluded.measured_context"
)
SET_USED: Final = (
    "INSERT INTO files (path, used_at) VALUES (?, ?)"
    " ON CONFLICT (path) DO UPDATE SET used_at = excluded.used_at"
)


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


def is_sound(row: Row, kinds: str) -> bool:
    """Return whether the values of a row are of the `kinds` that Lapis writes, a letter for each.

    SQLite holds anything in any column, and so does a page with a flipped bit.
    """
    return all(isinstance(value, _KINDS[kind]) for value, kind in zip(row, kinds, strict=True))


def file_record(row: Row) -> FileRecord:
    """Return what a row of `FILES` says; nothing for one that Lapis has not written."""
    if not is_sound(row, _FILES_KINDS):
        return FileRecord()
    _, source, repository, commit, sha256, used_at, memory, context, *rest = row
    size, changed, verified_at, content = rest
    return FileRecord(
        ModelRecord(
            source=source,
            repository=repository,
            commit=commit,
            sha256=sha256,
            verified_at=verified_at,
            used_at=used_at,
            measured_memory=memory,
            measured_context=context,
        ),
        Stamp(size, changed),
        content,
    )


def elsewhere_record(row: Row) -> ElsewhereRecord | None:
    """Return what a row of `ELSEWHERE` says; None for one that Lapis has not written."""
    if not is_sound(row, _ELSEWHERE_KINDS) or row[1] not in set(Origin):
        return None
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


def elsewhere_row(record: ElsewhereRecord, position: int) -> Row:
    """Return the row for a model that was found at `position`."""
    return (
        *(os.fsencode(record.files[0]), position, encodable(record.name), record.origin),
        *(b"\0".join(map(os.fsencode, record.files)), record.size),
        *(os.fsencode(record.projector), record.sha256, encodable(record.repository)),
        *(encodable(record.commit), record.needs_probe),
    )


def decoded(decoder: "msgspec.json.Decoder[Value]", text: object) -> Value | None:
    """Return the value in a column; None where a flipped bit has made it unreadable."""
    try:
        return decoder.decode(text) if isinstance(text, str) else None
    except msgspec.MsgspecError:
        return None
