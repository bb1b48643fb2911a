"""Connects the This computer tab with what is known of the computer. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer

from desktop.domain.errors import LapisError
from desktop.domain.machine import Cards, Machine
from desktop.services.measured_speeds import MeasuredSpeed, measured_speeds
from desktop.services.model_manager import ModelManager
from desktop.services.this_computer import look
from desktop.ui.engine_pack_controller import EnginePackController
from desktop.ui.errands import Errand, Errands
from desktop.ui.this_computer_tab import ThisComputerTab

__all__ = ["ThisComputerController"]

_AGAIN_MS = 2000
# What lies on the disk changes seldom, and takes longest to find out.
_DISK_EVERY = 10

_Seen = tuple[Machine, int, tuple[MeasuredSpeed, ...] | None]


class ThisComputerController(QObject):
    """Looks again every two seconds while the tab is shown; tries the cards once."""

    def __init__(
        self,
        tab: ThisComputerTab,
        manager: ModelManager,
        errands: Errands,
        engine_memory: Callable[[], int],
    ) -> None:
        """`engine_memory` returns at once the bytes that the engine process holds, 0 for none."""
        super().__init__(tab)
        self._tab = tab
        self._manager = manager
        self._errands = errands
        self._engine_memory = engine_memory
        self._cards: Cards | None = None
        self._looking: Errand | None = None
        self._looks = 0
        # None until the shelf was read once.
        self._models: int | None = None
        self._again = QTimer(self, interval=_AGAIN_MS)
        self._again.timeout.connect(self._look_again)
        tab.look_requested.connect(lambda: self._try_cards(manager.devices.find))
        tab.installEventFilter(self)
        packs = EnginePackController(tab.pack, manager.packs, errands)
        packs.changed.connect(lambda: self._try_cards(manager.devices.find))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look when the tab comes on show, and not while its window is in the tray or minimised."""
        if event.type() == QEvent.Type.Show:
            self._begin()
        elif event.type() == QEvent.Type.Hide:
            self._again.stop()
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        self._looks = 0
        self._look()
        self._again.start()
        if self._cards is None:
            devices = self._manager.devices
            self._try_cards(lambda: devices.cards() or devices.find())

    def _look_again(self) -> None:
        if self._looking is None or self._looking.ended.is_set():
            # One that takes longer than it should is waited for, or nothing would ever be seen.
            self._look()

    def _look(self) -> None:
        held, cards, manager = self._engine_memory(), self._cards, self._manager
        models = None if self._looks % _DISK_EVERY == 0 else self._models
        self._looks += 1

        def see(_errand: Errand) -> _Seen:
            shelf = manager.shelf
            reads = models is None
            used = shelf.disk_use().models if models is None else models
            machine = look(shelf.folder, used, held, cards, manager.devices.find_bandwidth())
            speeds = measured_speeds(manager.records.speeds(), shelf.entries()) if reads else None
            return machine, used, speeds

        self._looking = self._errands.run("computer", see, self._on_seen, _nothing)

    def _on_seen(self, found: _Seen) -> None:
        machine, self._models, speeds = found
        self._tab.set_machine(machine)
        if speeds is not None:
            self._tab.set_speeds(speeds)

    def _try_cards(self, find: Callable[[], Cards]) -> None:
        self._tab.set_busy(busy=True)
        self._errands.run("cards", lambda _errand: find(), self._on_cards, self._on_failed)

    def _on_cards(self, cards: Cards) -> None:
        self._cards = cards
        self._tab.set_busy(busy=False)
        self._look()

    def _on_failed(self, error: LapisError) -> None:
        self._on_cards(Cards(problem=error.title))


def _nothing(_error: LapisError) -> None:
    """Let the next look, which comes soon, do better."""
