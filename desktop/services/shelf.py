"""The models on this computer: what there is, what is known of it, and what can be done with it.

The one door to them for window and command line. Any thread; what reads or moves files takes its
time and tells how far it is, so it belongs into a thread that may wait. `entries` opens no file.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Protocol, TypeVar

from desktop.base.paths import Paths
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import MOST_OPENED_MODELS, Settings
from desktop.domain.shelf import ModelDefaults, Origin, ShelfEntry
from desktop.models.folder_walk import model_at
from desktop.models.header_cache import HeaderCache
from desktop.models.library import Holding, choose
from desktop.models.places import ForeignModel, Places
from desktop.services.model_notes import ModelNotes
from desktop.services.models_folder import (
    UnfinishedMove,
    check_models_folder,
    models_folder,
    open_library,
    unfinished_move,
)
from desktop.services.shelf_bin import TRASH, Bin, Deleted
from desktop.services.shelf_checking import Verified, learn_contents, stamp_at, verify
from desktop.services.shelf_deleting import check_quiet, files_to_delete, root_of
from desktop.services.shelf_import import Imported, ImportHow, import_model
from desktop.services.shelf_incoming import remove_leftovers
from desktop.services.shelf_list import Listed, line_of, listed, stamp_of
from desktop.services.shelf_mover import Mover
from desktop.services.shelf_progress import Progress
from desktop.services.shelf_use import ShelfUse, use_of
from desktop.store.record_rows import ElsewhereRecord, FileRecord
from desktop.store.records import Records
from desktop.system.trash import to_trash

_FLUSH_EVERY = 64

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class ChangeSettings(Protocol):
    """Changes the settings; they are on the disk when it returns. Called in any thread."""

    def __call__(self, change: Callable[[Settings], Settings], /) -> None:
        """Put what `change` makes of the present settings in their place."""
        ...


class Shelf:
    """All models of this computer.

    What is remembered is an addition: where it cannot be read or written, models are listed without
    it; only what a person sets (`set_defaults`) then fails with StorageError.
    """

    def __init__(
        self,
        paths: Paths,
        settings: Callable[[], Settings],
        change_settings: ChangeSettings,
        guide: Path,
        places: Callable[[], Places],
        *,
        notes: ModelNotes | None = None,
        trash: Callable[[Path, Path], bool] = to_trash,
    ) -> None:
        """Touch nothing yet. `places` says where other programs keep their models.

        `notes` are the ones that this process takes already, if it does.
        """
        self._paths = paths
        self._settings = settings
        self._change_settings = change_settings
        self._guide = guide
        self._places = places
        self._notes = notes or ModelNotes(Records(paths.records))
        self._records = self._notes.records
        self._headers = HeaderCache(self._records)
        self._bin = Bin(self._roots, self._forget, trash=trash)
        self._mover = Mover(paths, settings, change_settings, self._records)

    def close(self) -> None:
        """Hand deleted models over to the system's trash; nothing is asked of the shelf after it."""
        self._bin.close()
        try:
            self._records.close()
        except LapisError as error:
            _log.warning("the file about models is not closed: %s", type(error).__name__)

    def settle(self) -> None:
        """Finish what killed processes have left. Once, some time after the start; it may wait."""
        self._bin.settle()
        for root in self._roots():
            remove_leftovers(root)

    @property
    def notice(self) -> StorageError | None:
        """What a person has to be told about folder or memory of models; None for nothing."""
        try:
            check_models_folder(self._settings(), self._paths)
        except StorageError as problem:
            return problem
        return self._records.notice

    # What there is.

    def entries(self) -> list[ShelfEntry]:
        """Return the guide, the models folder by name, opened files, and other programs' models.

        Those of other programs are the ones that `look_elsewhere` found last, as far as they are
        still there.
        """
        return [line.entry for line in self._lines()]

    def find(self, name: str) -> ShelfEntry:
        """Return the entry of that name, file name, unique beginning, or path.

        A path need not be in the list. Raises ModelNotFound with near names, ModelFileError.
        """
        lines = self._lines()
        wanted = name.strip()
        by_name = {line.entry.model.name: line.entry for line in lines}
        if not wanted:
            return lines[0].entry
        model = choose(wanted, [line.entry.model for line in lines], self._guide)
        if model.name in by_name and by_name[model.name].model == model:
            return by_name[model.name]
        path = os.fspath(model.path)
        found = model_at(path)
        if found is None:  # a part of a split model that is not whole
            return ShelfEntry(model, Origin.OPENED, (model.path,))
        same = (line.entry for line in lines if line.found.real == found.real)
        known = next(same, None)
        if known is not None:
            return known
        return line_of(model, found, Origin.OPENED, self._remembered(), self._headers).entry

    @property
    def has_looked(self) -> bool:
        """Whether models of other programs were ever looked for."""
        return bool(self._attempt(self._records.looked_at, 0.0))

    def look_elsewhere(self, cancel: Event) -> int | None:
        """Look for models of other programs, which may take a while; return how many there are.

        None if it was stopped: then the list is as before.
        """
        # Only here: a list need not know how other programs keep their models.
        from desktop.models.elsewhere import found as found_elsewhere

        found = [_kept(model) for model in found_elsewhere(self._places(), cancel.is_set)]
        if cancel.is_set():
            return None
        self._records.set_elsewhere(found)
        return len(found)

    def scan_headers(self, progress: Callable[[int, int], None], cancel: Event) -> int:
        """Read the headers that are not known yet; return how many were read.

        `progress` gets (headers read, headers in all). What is wrong with one is its entry's
        `problem` from then on.
        """
        unread = [
            line
            for line in self._lines()
            if line.entry.facts is None and line.entry.problem is None
        ]
        for number, line in enumerate(unread):
            if cancel.is_set():
                self._headers.flush()
                return number
            self._headers.read(line.found.real, stamp_of(line.found))
            if number % _FLUSH_EVERY == _FLUSH_EVERY - 1:
                self._headers.flush()
            progress(number + 1, len(unread))
        self._headers.flush()
        return len(unread)

    def disk_use(self) -> ShelfUse:
        """Return what models take of the disk, each content counted once."""
        return self.survey()[1]

    def survey(self) -> tuple[list[ShelfEntry], ShelfUse]:
        """Return `entries` and `disk_use`, from one look at the disk."""
        lines = self._lines()
        return [line.entry for line in lines], use_of(lines, self.folder, self._roots())

    # What is known of it.

    def defaults(self, model: InstalledModel) -> ModelDefaults:
        """Return what a person set for this model, within bounds; may wait for another program.

        Raises StorageError if it is not known.
        """
        return self._notes.read_defaults(model)

    def set_defaults(self, model: InstalledModel, defaults: ModelDefaults) -> None:
        """Use and keep what a person set for this model; may wait for another program.

        Raises StorageError if it is not kept: it holds until Lapis ends.
        """
        self._notes.set_defaults(model, defaults)

    def remember_source(
        self,
        paths: Sequence[Path],
        source: str,
        repository: str,
        commit: str,
        sha256s: Sequence[str],
    ) -> None:
        """Remember where downloaded files came from, and the SHA-256 of each (empty: unknown).

        Those with one count as verified: they were compared with it before they got their names.
        """
        hashes = {
            os.path.realpath(path): sha256 for path, sha256 in zip(paths, sha256s, strict=True)
        }

        def remember() -> None:
            self._records.set_source(hashes, source, repository, commit)
            for real, sha256 in hashes.items():
                if sha256:
                    self._records.set_checked(real, stamp_at(Path(real)), sha256, verified=True)

        self._attempt(remember, None)

    # What can be done with it.

    def verify(self, entry: ShelfEntry, progress: Progress, cancel: Event) -> Verified | None:
        """Compare a model's bytes with what its source published, or look at its header at least.

        `progress` gets bytes; None if it was stopped. Raises StorageError for a file that cannot be
        read to its end.
        """
        return verify(entry, self._records, progress, cancel)

    def find_twins(self, progress: Progress, cancel: Event) -> bool:
        """Read all of those models whose size another one has too, so that entries name their twins.

        This may read many gigabytes. Return whether it was finished; raises StorageError.
        """
        return learn_contents(self.entries(), self._records, progress, cancel)

    def delete(self, entry: ShelfEntry) -> Deleted:
        """Take a model of ours out of the library, with all its files; it must not be loaded.

        Until `close` it is kept where `undo` can bring it back, and takes the disk it took. Raises
        StorageError for what is not ours to delete, for what is being downloaded anew, and when the
        disk refuses; then all is there.
        """
        root = root_of(entry, self._roots())
        check_quiet(entry)
        return self._bin.put(root, entry.model.name, files_to_delete(entry, self.entries()))

    def hand_over(self, deleted: Deleted) -> Path | None:
        """Give to the system's trash at once what was deleted; nothing is undone after it.

        Return the folder that keeps it where there is no trash; it takes the disk it took.
        """
        self._bin.close()
        kept = (root / TRASH / deleted.key for root in self._roots())
        return next((folder for folder in kept if folder.exists()), None)

    def undo(self, deleted: Deleted) -> None:
        """Bring a deleted model back; raises StorageError, and then nothing was moved."""
        self._bin.undo(deleted)

    def deleted(self) -> list[Deleted]:
        """Return what `undo` can bring back, the newest first."""
        return self._bin.content()

    def empty_trash(self) -> int:
        """Remove for good what was deleted and not handed over; return the bytes freed.

        Raises StorageError.
        """
        return self._bin.empty()

    def import_file(
        self, path: Path, how: ImportHow, progress: Progress, cancel: Event
    ) -> Imported | None:
        """Take a model file into the library; None if it was stopped. `progress` gets bytes.

        Raises ModelFileError and StorageError; then nothing was written.
        """
        check_models_folder(self._settings(), self._paths)
        imported = import_model(path, how, self.folder, progress, cancel)
        if imported is not None and imported.how is ImportHow.IN_PLACE:
            self._change_settings(lambda settings: _with_opened(settings, imported.path))
        return imported

    def forget_opened(self, entry: ShelfEntry) -> None:
        """Take a file that was opened from elsewhere out of the list; the file stays."""
        self._change_settings(lambda settings: _without_opened(settings, entry.model.path))

    @property
    def folder(self) -> Path:
        """The folder that models are kept in."""
        return models_folder(self._settings(), self._paths)

    @property
    def unfinished_move(self) -> UnfinishedMove | None:
        """The move that was begun and not finished: `move_folder` goes on, or takes it back."""
        return unfinished_move(self._paths)

    def move_folder(self, target: Path, progress: Progress, cancel: Event) -> bool:
        """Move all models to `target`, where they are kept from then on; return whether it is done.

        Stopped or killed, every model is in one of the two folders, and found there; the same call
        goes on, and one with the old folder takes it back. No model of ours may be loaded, and no
        download run. `progress` gets bytes. Raises StorageError; then nothing was moved, or what
        was is found at its new place.
        """
        try:
            return self._mover.move(target, self.entries, progress, cancel)
        finally:
            self._headers.reload()
            self._notes.read_again()

    def _lines(self) -> list[Listed]:
        elsewhere: list[ElsewhereRecord] = self._attempt(self._records.elsewhere, [])
        return listed(self._holdings(), elsewhere, self._remembered(), self._headers)

    def _holdings(self) -> list[Holding]:
        return open_library(self._settings(), self._paths, self._guide).holdings()

    def _remembered(self) -> dict[str, FileRecord]:
        nothing: dict[str, FileRecord] = {}
        return self._attempt(self._records.files, nothing)

    def _roots(self) -> list[Path]:
        """Return the folders of models: one, or two while they are being moved."""
        move = self.unfinished_move
        folders = [self.folder] if move is None else [self.folder, move.source, move.target]
        return list(dict.fromkeys(folders))

    def _forget(self, paths: Sequence[Path]) -> None:
        self._attempt(lambda: self._records.forget(map(os.path.realpath, paths)), None)
        self._notes.read_again()

    @staticmethod
    def _attempt(ask: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return ask()
        except LapisError as error:
            _log.warning("what is remembered of models: %s", error.title.message)
            return otherwise


def _kept(model: ForeignModel) -> ElsewhereRecord:
    return ElsewhereRecord(
        name=model.name,
        origin=model.origin,
        files=tuple(map(os.fspath, model.files)),
        size=model.size,
        projector="" if model.projector is None else os.fspath(model.projector),
        sha256=model.sha256,
        repository=model.repository,
        commit=model.commit,
        needs_probe=model.needs_probe,
    )


def _with_opened(settings: Settings, path: Path) -> Settings:
    others = [each for each in settings.opened_models if each != str(path)]
    return replace(settings, opened_models=(str(path), *others)[:MOST_OPENED_MODELS])


def _without_opened(settings: Settings, path: Path) -> Settings:
    real = os.path.realpath(path)
    left = (each for each in settings.opened_models if os.path.realpath(each) != real)
    return replace(settings, opened_models=tuple(left))
