"""Reading what can still be read from a damaged database.

Works on copies only; the damaged file is never opened for writing. Rows come out as dictionaries,
so that a file from an older version can be read too.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from desktop.domain.chat import Role
from desktop.domain.history import MessageState
from desktop.store.connection import lenient_text
from desktop.store.migrations import create
from desktop.store.temporary import FIRST

Row: TypeAlias = dict[str, object]

# SQLite's words quote names in the file, which may be no text any more.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
_HEADER = 100
_PAGE = 4096
_SMALL_STEPS = 1000
_HIGHEST = 2**62


@dataclass(slots=True)
class Salvaged:
    """The rows found, by their tables, keyed by id (`meta` by key)."""

    chats: dict[int, Row] = field(default_factory=dict[int, Row])
    messages: dict[int, Row] = field(default_factory=dict[int, Row])
    folders: dict[int, Row] = field(default_factory=dict[int, Row])
    saved: list[Row] = field(default_factory=list[Row])
    meta: dict[str, str] = field(default_factory=dict[str, str])

    def __len__(self) -> int:
        return len(self.chats) + len(self.messages)

    def worth(self) -> int:
        """Return how much was found; chats that end in nothing speak against it."""
        ends = [row["tip"] for row in self.chats.values() if row.get("tip") is not None]
        found = sum(tip in self.messages for tip in ends)
        return len(self) + found - 3 * (len(ends) - found)


def salvage(path: Path) -> Salvaged:
    """Return the most that any way of reading the damaged database at `path` gives.

    Tried in turn: as it is; without the journal, which may be the damaged part; with a new header;
    with a new first page, which holds the list of tables. Raises OSError.
    """
    best = Salvaged()
    with tempfile.TemporaryDirectory(prefix=".recovery-", dir=path.parent) as folder:
        work = Path(folder) / "work.db"
        template = Path(folder) / "template.db"
        create(template)
        first_page = template.read_bytes()[:_PAGE]
        for patch, with_journal in ((0, True), (0, False), (_HEADER, False), (_PAGE, False)):
            copy_with_journal(path, work, with_journal=with_journal)
            if patch:
                _replace_start(work, first_page[:patch])
            found = _read(work)
            if found and (not best or found.worth() > best.worth()):
                best = found
    _mend(best)
    return best


def copy_with_journal(path: Path, work: Path, *, with_journal: bool = True) -> None:
    """Copy the database at `path` to `work`, over what is there, with what is not yet merged."""
    for suffix in ("-wal", "-journal", "-shm"):
        Path(f"{work}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(path, work)
    journal = Path(f"{path}-wal")
    if with_journal and journal.exists():
        shutil.copyfile(journal, f"{work}-wal")


def _replace_start(work: Path, start: bytes) -> None:
    size = work.stat().st_size
    if size < _PAGE:
        return
    content = bytearray(start)
    # Bytes 28 to 31: number of pages; 32 to 39: free pages, which a reader can do without.
    content[28:32] = (size // _PAGE).to_bytes(4, "big")
    content[32:40] = bytes(8)
    # Bytes 92 to 95: the change for which that number holds, as counted in bytes 24 to 27.
    content[92:96] = content[24:28]
    with work.open("rb+") as stream:
        stream.write(content)


def _read(work: Path) -> Salvaged:
    found = Salvaged()
    with suppress(*_UNREADABLE), closing(sqlite3.connect(work)) as connection:
        connection.text_factory = lenient_text
        connection.row_factory = sqlite3.Row
        # Lets SQLite go on where the list of tables is odd or the file too short.
        connection.execute("PRAGMA writable_schema = ON")
        found.chats = _rows(connection, "chats")
        found.messages = {
            number: _trimmed(row)
            for number, row in _rows(connection, "messages").items()
            if _sound(row)
        }
        with suppress(*_UNREADABLE):
            for row in connection.execute("SELECT key, value FROM meta"):
                found.meta[str(row["key"])] = str(row["value"])
        # Not there in files of the first version.
        found.folders = {
            number: row
            for number, row in _rows(connection, "folders").items()
            if isinstance(row.get("name"), str)
        }
        with suppress(*_UNREADABLE):
            for row in connection.execute("SELECT kind, id, json, position FROM saved"):
                if all(isinstance(row[name], str) for name in ("kind", "id", "json")):
                    found.saved.append(dict(row))
    return found


def _rows(connection: sqlite3.Connection, table: str) -> dict[int, Row]:
    """Return all rows of `table` that can be reached, stepping over those that cannot."""
    rows: dict[int, Row] = {}
    query = f"SELECT * FROM {table} WHERE id > ? ORDER BY id"  # noqa: S608 a name of our own
    place = misses = 0
    while place < _HIGHEST:
        try:
            for row in connection.execute(query, (place,)):
                # What seems to be beyond was never written by anybody.
                if 0 < row["id"] < FIRST:
                    rows[row["id"]] = dict(row)
                place = max(place, row["id"])
                misses = 0
        except _UNREADABLE:
            misses += 1
            place += 1 if misses < _SMALL_STEPS else 2 ** (misses - _SMALL_STEPS)
        else:
            break
    return dict(sorted(rows.items()))


def _sound(row: Row) -> bool:
    return (
        isinstance(row.get("chat"), int)
        and isinstance(row.get("content"), str)
        and row.get("role") in set(Role)
        and row.get("state") in set(MessageState)
    )


def _trimmed(row: Row) -> Row:
    """Return a message without the zeros that SQLite reads where the end of a text is lost."""
    kept = ((name, row[name]) for name in ("content", "reasoning"))
    return row | {name: text.rstrip("\0") for name, text in kept if isinstance(text, str)}


def _mend(found: Salvaged) -> None:
    """Give messages of lost chats a chat, and those whose parent is lost the one before them."""
    newest: dict[object, int] = {}
    for number, message in sorted(found.messages.items()):
        chat = message["chat"]
        parent = message.get("parent")
        if isinstance(chat, int):
            found.chats.setdefault(chat, {"id": chat})
        if parent is not None and not _is_before(parent, number, found):
            message["parent"] = newest.get(chat)
        newest[chat] = number
    for number, row in found.chats.items():
        if row.get("tip") not in found.messages:
            row["tip"] = newest.get(number)
        if row.get("folder") not in found.folders:
            row["folder"] = None


def _is_before(parent: object, number: int, found: Salvaged) -> bool:
    return isinstance(parent, int) and parent < number and parent in found.messages
