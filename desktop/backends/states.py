"""The folder in which engine processes keep KV states, seen from outside.

What is in it belongs to the engine process (`inference`); here it is only made and emptied. Plain
functions, called in the engine worker thread.
"""

import logging
import shutil
from pathlib import Path

_log = logging.getLogger(__name__)


def folder_for(folder: Path | None, limit: int) -> Path | None:
    """Return `folder`, made where it is missing; None where nothing can or may be kept."""
    if folder is None or limit <= 0:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("KV states cannot be kept: %s", error.strerror)
        return None
    return folder


def wipe(folder: Path | None) -> None:
    """Remove every kept state; one that cannot be removed is logged."""
    if folder is None or not folder.is_dir():
        return
    for entry in folder.iterdir():
        try:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        except OSError as error:
            _log.warning("a kept KV state cannot be removed: %s", error.strerror)
