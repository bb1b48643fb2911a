"""What goes wrong with the entries of programs that start at login, as a person reads it."""

from pathlib import Path
from typing import Final

from desktop.base.disk_faults import is_full, is_protected
from desktop.domain.errors import StorageError
from desktop.domain.text import Text

NOT_CHANGED: Final = Text("Starting at login could not be changed")


def file_fault(error: OSError, path: Path) -> StorageError:
    """Return the words for what the disk reported about the entry `path`."""
    if is_full(error):
        hint = Text("The disk is full. Free some space, then try again.")
    elif is_protected(error):
        hint = Text(
            "You may not change {path}. Allow writing to it, then try again.", {"path": str(path)}
        )
    else:
        reason = error.strerror or type(error).__name__
        hint = Text("The system says: {reason}.", {"reason": reason})
    return StorageError(NOT_CHANGED, hint)
