"""Connects the This computer tab with what is known of the computer. GUI thread."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from desktop.domain.errors import LapisError
from desktop.domain.machine import Machine
from desktop.services.shelf import Shelf
from desktop.services.this_computer import Cards, find_cards, look
from desktop.ui.errands import Errand, Errands
from desktop.ui.this_computer_tab import ThisComputerTab

__all__ = ["ThisComputerController"]

_AGAIN_MS = 3000


class ThisComputerController(QObject):
    """Looks again every few seconds while the tab is shown; tries the cards once."""

    def __init__(
        self,
        tab: ThisComputerTab,
        shelf: Shelf,
        errands: Errands,
        work_folder: Path,
        engine_memory: Callable[[], int],
    ) -> None:
        """`engine_memory` returns at once the bytes that the engine process holds, 0 for none."""
        super().__init__(tab)
        self._tab = tab
        self._shelf = shelf
        self._errands = errands
        self._work_folder = work_folder
        self._engine_memory = engine_memory
        self._cards: Cards | None = None
        self._again = QTimer(self, interval=_AGAIN_MS)
        self._again.timeout.connect(self._look_while_shown)
        tab.look_requested.connect(self._try_cards)

    def refresh(self) -> None:
        """Look now, and go on looking while the tab is shown."""
        self._look()
        self._again.start()
        if self._cards is None:
            self._try_cards()

    def _look_while_shown(self) -> None:
        if self._tab.isVisible():
            self._look()
        else:
            self._again.stop()

    def _look(self) -> None:
        held, cards = self._engine_memory(), self._cards

        def see(_errand: Errand) -> Machine:
            return look(self._shelf.folder, self._shelf.disk_use().models, held, cards)

        self._errands.run("computer", see, self._tab.set_machine, _nothing)

    def _try_cards(self) -> None:
        self._tab.set_busy(busy=True)
        self._errands.run(
            "cards", lambda _errand: find_cards(self._work_folder), self._on_cards, self._on_failed
        )

    def _on_cards(self, cards: Cards) -> None:
        self._cards = cards
        self._tab.set_busy(busy=False)
        self._look()

    def _on_failed(self, error: LapisError) -> None:
        self._on_cards(Cards(problem=error.title))


def _nothing(_error: LapisError) -> None:
    """Let the next look, which comes soon, do better."""
