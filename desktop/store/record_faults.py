"""What the disk reports about the database of models, as a person reads it.

The causes are those of `faults`; the words are about models, not about chats.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.domain.errors import Defect, LapisError, StorageError
from desktop.domain.text import Text
from desktop.store.faults import STORE_FAULTS, Cause, cause_of


def explain_record(cause: Cause, path: Path) -> LapisError:
    """Return the words for `cause`, about the database at `path`."""
    file = {"path": str(path)}
    match cause:
        case Cause.FULL:
            return StorageError(
                Text("The disk is full, so nothing can be noted about models"),
                Text("Free at least 10 MB on the disk that holds {folder}.", _folder(path)),
            )
        case Cause.READ_ONLY:
            return StorageError(
                Text("What you set for single models cannot be saved"),
                Text(
                    "The file {path} or its folder is write-protected. Allow writing to it.", file
                ),
            )
        case Cause.LOCKED:
            return StorageError(
                Text("Another program is using the file about models"),
                Text("Close what works on {path} (a backup, a sync tool), then try again.", file),
            )
        case Cause.OURS | Cause.GONE:
            return Defect(
                Text("Lapis made a mistake with its file about models; this is a defect in Lapis"),
                Text("The models themselves are as they were. Restart Lapis."),
            )
        case Cause.DAMAGED | Cause.UNREACHABLE | Cause.DISK | Cause.MEMORY:
            return StorageError(
                Text("The file about models cannot be used"),
                Text("Check that {path} is a file that you may read and write.", file),
            )


def newer_record(path: Path) -> StorageError:
    """Return the words for a database that a later version has changed."""
    return StorageError(
        Text("The file about models was written by a newer version of Lapis"),
        Text(
            "Install the newest Lapis to use it. The file {path} was left as it is.",
            {"path": str(path)},
        ),
    )


def begun_anew(aside: Path) -> StorageError:
    """Return what to tell once a damaged database was put aside, as `aside`."""
    return StorageError(
        Text("The file about models was damaged, so a new one was begun"),
        Text(
            "Models and chats are as they were. Look through what you set for single models: what"
            " could not be read is gone. The damaged file was kept as {file}.",
            {"file": str(aside)},
        ),
    )


@contextmanager
def translated_record(path: Path) -> Iterator[None]:
    """Turn errors about the database at `path` into LapisErrors."""
    try:
        yield
    except STORE_FAULTS as error:
        raise explain_record(cause_of(error, path), path) from error


def _folder(path: Path) -> dict[str, str]:
    return {"folder": str(path.parent)}
