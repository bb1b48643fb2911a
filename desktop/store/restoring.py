"""Going back to a copy of the database: ordered while Lapis runs, carried out when it starts.

Before anything has opened the database is the one moment when nobody can write to it. The file of
now is put aside under a name that is told, never overwritten. Each step leaves a state from which
the next start goes on.
"""

import logging
import shutil
import time
from contextlib import closing
from pathlib import Path

from desktop.base.files import sync_file
from desktop.domain.errors import ChatsRestored, LapisError, StorageError
from desktop.domain.text import Text
from desktop.store.connection import connect_unchanging, move_aside
from desktop.store.faults import STORE_FAULTS, suspicion, translated
from desktop.store.migrations import blank, copies_folder
from desktop.store.opening import check_content, check_file, check_owner

_log = logging.getLogger(__name__)


def restore(path: Path, copy: Path) -> None:
    """Order that at the next start the database at `path` be the one in `copy`.

    Raises StorageError if that copy cannot be used; reads all of it (about a second a gigabyte).
    """
    try:
        _check(copy)
    except STORE_FAULTS as error:
        raise _unusable(copy) from error
    with translated(path):
        _order(path).write_text(copy.name, encoding="utf-8")


def is_ordered(path: Path) -> bool:
    """Return whether a copy will be restored at the next start."""
    return _order(path).exists()


def take_back(path: Path) -> None:
    """Let everything be as it is at the next start; idempotent."""
    with translated(path):
        _order(path).unlink(missing_ok=True)


def carry_out(path: Path) -> StorageError | None:
    """Restore the copy that was ordered, if one was; return what to tell the person.

    Nobody may have the database open. Whatever fails, what was there is there.
    """
    order = _order(path)
    if not order.exists():
        return None
    with translated(path):
        copy = copies_folder(path) / Path(order.read_text(encoding="utf-8", errors="replace")).name
        try:
            _check(copy)
            made = copy.stat().st_mtime
            unfinished = _copied(copy, path)
        except (*STORE_FAULTS, LapisError) as error:
            _log.warning("a copy could not be restored: %s", type(error).__name__)
            order.unlink()
            return _unusable(copy)
        aside = move_aside(path, "before-restoring")
        unfinished.replace(path)
        order.unlink()
        suspicion(path).unlink(missing_ok=True)
    _log.warning("a copy of the database was restored")
    return ChatsRestored(
        Text(
            "The chats are those of {time} again",
            {"time": time.strftime("%Y-%m-%d %H:%M", time.localtime(made))},
        ),
        Text("Those from before were kept as {file}.", {"file": str(aside)}),
    )


def _check(copy: Path) -> None:
    check_file(copy)
    with closing(connect_unchanging(copy)) as connection:
        check_owner(connection, copy)
        check_content(connection)


def _copied(copy: Path, path: Path) -> Path:
    """Return a file beside `path` with what is in `copy`, safely on the disk."""
    unfinished = blank(path)
    try:
        shutil.copyfile(copy, unfinished)
        sync_file(unfinished)
    except BaseException:
        # On a full disk the half of it would keep the other half away for ever.
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def _order(path: Path) -> Path:
    return path.with_name(f"{path.name}-restore")


def _unusable(copy: Path) -> StorageError:
    return StorageError(
        Text("This copy of the chats cannot be read"),
        Text("Everything is as it was. Choose another one than {file}.", {"file": str(copy)}),
    )
