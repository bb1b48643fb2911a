"""The system's trash: the one place that knows how a file gets there. Any thread.

Linux has a specification and no one program for it: `xdg_trash`. Windows and macOS are spoken to by
Send2Trash, which takes a file from where people knew it, so that it can be put back there.
"""

import logging
import os
import sys
from pathlib import Path

from desktop.system.xdg_trash import to_xdg_trash

_log = logging.getLogger(__name__)


def to_trash(path: Path, original: Path) -> bool:
    """Move the file `path` to the trash, to be put back at `original`; return whether it is there.

    False where there is no trash for it (another disk, no desktop, no right): then it is where it
    was. Never copies, and never removes for good what the trash does not take.
    """
    try:
        if sys.platform == "win32" or sys.platform == "darwin":
            return _send(path, original)
        return to_xdg_trash(path, original, os.environ)
    except OSError as error:
        _log.warning("no trash for a file: %s", error.strerror or type(error).__name__)
        return False


def _send(path: Path, original: Path) -> bool:
    from send2trash import send2trash  # type: ignore[import-untyped]

    if path != original and not os.path.lexists(original):
        original.parent.mkdir(parents=True, exist_ok=True)
        path.rename(original)
        try:
            send2trash(str(original))
        except OSError:
            original.rename(path)
            raise
    else:
        send2trash(str(path))
    return True
