"""Copies of the chats for the settings page: listed, and one ordered for the next start. GUI thread."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.domain.errors import LapisError
from desktop.store.copies import Copy, copies
from desktop.store.restoring import is_ordered, restore, take_back
from desktop.ui.banner import Banner, Topic
from desktop.ui.errands import Errand, Errands
from desktop.ui.settings_copies import CopiesSection

__all__ = ["CopiesController"]

_LANE = "copies"


class CopiesController(QObject):
    """Reads whole databases, so it does that off the GUI thread."""

    def __init__(self, section: CopiesSection, database: Path, banner: Banner) -> None:
        """Serve `section` with the copies of the chats in `database`; faults go to `banner`."""
        super().__init__(section)
        self._section = section
        self._database = database
        self._banner = banner
        self._errands = Errands(self)
        section.copies_wanted.connect(self._list)
        section.restore_requested.connect(self._restore)
        section.take_back_requested.connect(self._take_back)

    def close(self) -> None:
        """End the thread that reads; idempotent."""
        self._errands.close()

    def _list(self) -> None:
        def look(_errand: Errand) -> tuple[list[Copy], bool]:
            return copies(self._database), is_ordered(self._database)

        self._errands.run(_LANE, look, self._show, self._tell, queued=True)

    def _restore(self, copy: Path) -> None:
        def order(_errand: Errand) -> None:
            restore(self._database, copy)

        self._change(order)

    def _take_back(self) -> None:
        def undo(_errand: Errand) -> None:
            take_back(self._database)

        self._change(undo)

    def _change(self, work: Callable[[Errand], None]) -> None:
        """Do what a person wants of the next start, also where the copies are still being read."""
        self._errands.run(
            _LANE, work, lambda _none: self._list(), self._tell, queued=True, owed=True
        )

    def _show(self, found: tuple[list[Copy], bool]) -> None:
        self._section.show_copies(found[0], ordered=found[1])

    def _tell(self, error: LapisError) -> None:
        self._banner.show_error(Topic.RECOVERY, error)
