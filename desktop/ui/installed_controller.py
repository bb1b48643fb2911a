"""Connects the Installed tab with the shelf: what is there, and what is done with it. GUI thread.

Everything that touches the disk is an errand. What opens a card over the list is done by
`installed_cards`.
"""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.services.shelf import Shelf
from desktop.services.shelf_bin import Deleted
from desktop.services.shelf_checking import Verified
from desktop.services.shelf_use import ShelfUse
from desktop.ui.banner import Topic
from desktop.ui.errands import Errand, Errands
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.shelf_words import shown_title
from desktop.ui.show_in_folder import show_in_folder
from desktop.ui.task_lines import TaskProgress

__all__ = ["InstalledController"]

_MOVE = "move"


class InstalledController(QObject):
    """Reads the shelf when it is shown and after each change."""

    entries_changed = Signal(object)
    """(tuple of ShelfEntry)"""
    chosen = Signal(object)
    """(InstalledModel): it is to be used."""
    memory_wanted = Signal()
    """The model in memory must leave it: its file is about to be moved."""

    def __init__(
        self,
        tab: InstalledTab,
        shelf: Shelf,
        errands: Errands,
        is_downloading: Callable[[], bool],
    ) -> None:
        """Show nothing yet; `refresh` reads the shelf."""
        super().__init__(tab)
        self._tab = tab
        self._shelf = shelf
        self._errands = errands
        self._is_downloading = is_downloading
        self._entries: tuple[ShelfEntry, ...] = ()
        self._loaded: Path | None = None
        self._wanted = ""
        self._has_looked = False
        self._running: dict[str, Errand] = {}
        self._keys = itertools.count(1)
        self._deleted: dict[int, Deleted] = {}
        tab.use_requested.connect(lambda entry: self.chosen.emit(entry.model))
        tab.verify_requested.connect(self._verify)
        tab.show_requested.connect(lambda entry: show_in_folder(entry.model.path, self))
        tab.delete_requested.connect(self._delete)
        tab.toast.undo_requested.connect(self._undo)
        tab.tasks.stop_requested.connect(self._stop)
        tab.folder.open_requested.connect(self._open_folder)
        tab.folder.change_requested.connect(self._choose_folder)

    @property
    def entries(self) -> tuple[ShelfEntry, ...]:
        """The shelf as it was read last."""
        return self._entries

    def set_engine(self, state: EngineState) -> None:
        """Mark the model that is in memory."""
        model = state.model
        self._loaded = model.path if model is not None and state.phase is Phase.READY else None
        self._tab.set_loaded(self._loaded)

    def refresh(self) -> None:
        """Read the shelf again, then headers that are new, and once what other programs have."""
        self._errands.run("shelf", self._read, self._show, self.say)

    def choose(self, name: str) -> None:
        """Mark the model that `name` (of a model, or of a repository) stands for."""
        self._wanted = name
        self._mark_wanted()

    def say(self, error: LapisError) -> None:
        """Show that something failed."""
        self._tab.banner.show_error(Topic.MODEL_CHOICE, error)

    def undo(self) -> bool:
        """Undo the deletion that is on offer; return whether one was."""
        return self._tab.toast.undo()

    # What there is.

    def _read(self, _errand: Errand) -> tuple[tuple[ShelfEntry, ...], ShelfUse]:
        entries, use = self._shelf.survey()
        return tuple(entries), use

    def _show(self, found: tuple[tuple[ShelfEntry, ...], ShelfUse]) -> None:
        self._entries, use = found
        self._tab.set_entries(self._entries)
        self._tab.set_folder(self._shelf.folder, use.free)
        self.entries_changed.emit(self._entries)
        self._mark_wanted()
        if any(entry.facts is None and entry.problem is None for entry in self._entries):
            self._errands.run("headers", self._scan, lambda _count: self.refresh(), self.say)
        elif not self._has_looked:
            self._has_looked = True
            self._errands.run(
                "elsewhere",
                lambda errand: self._shelf.look_elsewhere(errand.stop),
                lambda count: self.refresh() if count else None,
                self.say,
            )
        notice = self._shelf.notice
        if notice is not None:
            self.say(notice)

    def _scan(self, errand: Errand) -> int:
        return self._shelf.scan_headers(lambda _done, _total: None, errand.stop)

    def _mark_wanted(self) -> None:
        wanted = self._wanted.casefold()
        if not wanted:
            return
        for entry in self._entries:
            names = {entry.model.name, entry.model.title, entry.record.repository}
            if any(wanted in name.casefold() for name in names if name):
                self._tab.choose(entry.model.path)
                self._wanted = ""
                return

    # What is done with it.

    def _verify(self, entry: ShelfEntry) -> None:
        words = Text("Verifying “{name}”", {"name": shown_title(entry)})

        def done(found: Verified | None) -> None:
            if found is not None and found.problem is not None:
                self.say(found.problem)
            elif found is not None:
                title = (
                    Text("“{name}” is whole: every byte is as published")
                    if found.by_hash
                    else Text("“{name}” looks whole; no published checksum is known")
                )
                filled = Text(title.message, {"name": shown_title(entry)})
                self._tab.banner.show_notice(Topic.MODEL_CHOICE, filled)
            self.refresh()

        self.start(
            f"verify {entry.model.path}",
            words,
            lambda progress, errand: self._shelf.verify(entry, progress, errand.stop),
            done,
        )

    def _delete(self, entry: ShelfEntry) -> None:
        if entry.origin is Origin.OPENED:
            self._errands.run(
                "change",
                lambda _errand: self._shelf.forget_opened(entry),
                lambda _none: self.refresh(),
                self.say,
                queued=True,
                owed=True,
            )
            return
        if entry.model.path == self._loaded:
            self.memory_wanted.emit()
        self._errands.run(
            "change",
            lambda _errand: self._shelf.delete(entry),
            partial(self._on_deleted, shown_title(entry)),
            self.say,
            queued=True,
            owed=True,
        )

    def _on_deleted(self, title: str, deleted: Deleted) -> None:
        key = next(self._keys)
        self._deleted[key] = deleted
        self._tab.toast.offer_undo(Text("“{title}” is deleted", {"title": title}), key)
        self.refresh()

    def _undo(self, key: int) -> None:
        deleted = self._deleted.pop(key, None)
        if deleted is not None:
            self._errands.run(
                "change",
                lambda _errand: self._shelf.undo(deleted),
                lambda _none: self.refresh(),
                self.say,
                queued=True,
                owed=True,
            )

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._shelf.folder)))

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self._tab, self.tr("A folder for models"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(str(self._shelf.folder.parent))
        dialog.fileSelected.connect(lambda path: self.move_to(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def move_to(self, target: Path) -> None:
        """Move all models to the folder `target`, where they are kept from then on."""
        if self._is_downloading():
            self._tab.banner.show_notice(
                Topic.MODEL_CHOICE,
                Text("Models cannot be moved while some are being downloaded"),
                Text("Pause the downloads, or wait until they are done."),
            )
            return
        if self._loaded is not None:
            self.memory_wanted.emit()
        self._tab.folder.set_movable(movable=False)

        def done(_moved: bool) -> None:
            self._tab.folder.set_movable(movable=True)
            self.refresh()

        self.start(
            _MOVE,
            Text("Moving the models"),
            lambda progress, errand: self._shelf.move_folder(target, progress, errand.stop),
            done,
            lambda: self._tab.folder.set_movable(movable=True),
        )

    # Long work.

    def start(
        self,
        key: str,
        words: Text,
        work: Callable[[Callable[[int, int], None], Errand], object],
        done: Callable[..., None],
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Do `work` with a line that shows how far it is and stops it; then `done` or an error."""
        if self._tab.tasks.is_running(key):
            return
        tasks = self._tab.tasks
        tasks.show_task(key, TaskProgress(words))

        def run(errand: Errand) -> object:
            def progress(so_far: int, total: int) -> None:
                shown = TaskProgress(words, so_far, total)
                errand.report_latest(lambda: show(errand, shown))

            return work(progress, errand)

        def show(errand: Errand, shown: TaskProgress) -> None:
            if self._running.get(key) is errand:
                tasks.show_task(key, shown)

        def end(found: object) -> None:
            leave()
            done(found)

        def fail(error: LapisError) -> None:
            leave()
            self.say(error)
            if failed is not None:
                failed()

        def leave() -> None:
            # Not the line of somebody who began anew after a stop.
            if self._running.get(key) is started:
                self._take_line(key)

        started = self._running[key] = self._errands.run("work", run, end, fail, queued=True)

    def _stop(self, key: str) -> None:
        """Let the line go at once, though the work may take a moment to end, or wait its turn."""
        errand = self._running.get(key)
        if errand is not None:
            errand.stop.set()
            self._take_line(key)

    def _take_line(self, key: str) -> None:
        self._running.pop(key, None)
        self._tab.tasks.end_task(key)
