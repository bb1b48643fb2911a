"""The models folder moves as a whole: files, the setting, and what is remembered of them.

A note on the disk says from where to where (`models_folder`). As long as it is there, models are
found in both folders and the same order goes on where it ended, after a stop as after a crash; so
at every moment each model is found, and the setting names a folder that is one of the two. The
thread that asks.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from desktop.base.disk_faults import told_about
from desktop.base.owner import is_orphan, is_ours, mark
from desktop.base.path_text import typed_path
from desktop.base.paths import Paths
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.settings import Settings
from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.services.models_folder import (
    UnfinishedMove,
    models_folder,
    moved_settings,
    note_move,
    unfinished_move,
)
from desktop.services.shelf_moving import check_quiet_folder, check_target, move_models
from desktop.services.shelf_progress import Progress
from desktop.store.records import Records

_log = logging.getLogger(__name__)


class Mover:
    """Moves the models folder as a whole: files, settings and what is remembered of them."""

    def __init__(
        self,
        paths: Paths,
        settings: Callable[[], Settings],
        change_settings: Callable[[Callable[[Settings], Settings]], None],
        records: Records,
    ) -> None:
        """Move nothing yet; `change_settings` returns when they are on the disk."""
        self._paths = paths
        self._settings = settings
        self._change_settings = change_settings
        self._records = records
        self._busy = threading.Lock()

    def move(
        self,
        target: Path,
        entries: Callable[[], Sequence[ShelfEntry]],
        progress: Progress,
        cancel: Event,
    ) -> bool:
        """Move everything to `target`, go on with it, or take it back; see `Shelf.move_folder`."""
        if not self._busy.acquire(blocking=False):
            raise _is_moved_already()
        try:
            return self._move(typed_path(target), entries, progress, cancel)
        finally:
            self._busy.release()

    def _move(
        self,
        target: Path,
        entries: Callable[[], Sequence[ShelfEntry]],
        progress: Progress,
        cancel: Event,
    ) -> bool:
        begun = unfinished_move(self._paths)
        source = models_folder(self._settings(), self._paths)
        if begun is not None:
            if not (is_ours(begun.owner) or is_orphan(begun.owner)):
                raise _is_moved_already()
            if target not in {begun.source, begun.target}:
                raise StorageError(
                    Text("The models are on their way to {folder}", {"folder": str(begun.target)}),
                    Text("Let that move finish, or take it back, before you begin another one."),
                )
            source = begun.source if target == begun.target else begun.target
        elif any(_is_foreign(entry, source) for entry in entries()):
            raise StorageError(
                Text("Another program keeps its models in {folder} too", {"folder": str(source)}),
                Text("Lapis does not move them. Choose another models folder in the settings."),
            )
        check_target(source, target, goes_on=begun is not None)
        check_quiet_folder(source)
        with told_about(self._paths.data):
            note_move(self._paths, UnfinishedMove(source, target, mark()))
        if not move_models(source, target, progress, cancel):
            return False
        default = self._paths.models
        self._change_settings(
            partial(moved_settings, source=source, target=target, default=default)
        )
        try:
            self._records.moved(os.path.realpath(source), os.path.realpath(target))
        except LapisError as error:
            _log.warning("moved models are known anew: %s", type(error).__name__)
        with told_about(self._paths.data):
            self._paths.moving.unlink(missing_ok=True)
        if source != default:
            with contextlib.suppress(OSError):
                source.rmdir()
        return True


def _is_foreign(entry: ShelfEntry, folder: Path) -> bool:
    ours = {Origin.GUIDE, Origin.LAPIS, Origin.OPENED, Origin.FOLDER}
    return entry.origin not in ours and entry.model.path.is_relative_to(folder)


def _is_moved_already() -> StorageError:
    return StorageError(
        Text("The models are being moved already"), Text("Wait until that is finished.")
    )
