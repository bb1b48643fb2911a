"""The list of connections for the settings page: read, cleared, brought back. GUI thread."""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop.domain.network_log import Entry
from desktop.services.network_words import HostLine, host_lines
from desktop.ui.errands import Errand, Errands
from desktop.ui.settings_privacy import PrivacySection

if TYPE_CHECKING:
    from desktop.services.network_log import NetworkLog

__all__ = ["NetworkController"]

_LANE: Final = "network-log"


class NetworkController(QObject):
    """The disk is asked off the GUI thread."""

    def __init__(self, section: PrivacySection, log: "NetworkLog") -> None:
        """Serve `section` with what `log` knows."""
        super().__init__(section)
        self._section = section
        self._log = log
        self._cleared: list[Entry] = []
        self._errands = Errands(self)
        section.looked_at.connect(self._look)
        section.clear_requested.connect(self._clear)
        section.toast.undo_requested.connect(self._restore)

    def close(self) -> None:
        """End the thread that reads; idempotent."""
        self._errands.close()

    def _look(self) -> None:
        def look(_errand: Errand) -> list[HostLine]:
            return host_lines(self._log.entries())

        section = self._section
        self._errands.run(_LANE, look, section.show_lines, section.show_problem, queued=True)

    def _clear(self) -> None:
        def clear(_errand: Errand) -> list[Entry]:
            return self._log.clear()

        self._errands.run(_LANE, clear, self._take_cleared, self._section.show_problem, queued=True)

    def _take_cleared(self, entries: list[Entry]) -> None:
        if entries:
            # A second press on the way finds nothing, and takes nothing from what can be undone.
            self._cleared = entries
        self._section.offer_undo()
        self._look()

    def _restore(self, _key: int) -> None:
        entries, self._cleared = self._cleared, []

        def restore(_errand: Errand) -> None:
            self._log.restore(entries)

        self._errands.run(
            _LANE, restore, lambda _none: self._look(), self._section.show_problem, queued=True
        )
