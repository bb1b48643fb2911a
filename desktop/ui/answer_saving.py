"""Growing answers reach the disk every half second, and what could not be saved is tried again.

GUI thread, which owns the store.
"""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.services.exchange import Exchange

__all__ = ["AnswerSaving"]

_SAVE_MS = 500


class AnswerSaving(QObject):
    """Looks after the answers that `growing` returns, and after ended ones until they are saved."""

    not_saved = Signal(object)
    """(StorageError): what is on the screen is ahead of what is on the disk."""
    saved_again = Signal()

    def __init__(self, growing: Callable[[], Iterable[Exchange]], parent: QObject) -> None:
        """Start with nothing to save."""
        super().__init__(parent)
        self._growing = growing
        self._unsaved: list[Exchange] = []
        self._failing = False
        self._timer = QTimer(self, interval=_SAVE_MS)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def unsaved(self) -> list[Exchange]:
        """Answers that ended and are not on the disk as they are."""
        return list(self._unsaved)

    @property
    def is_failing(self) -> bool:
        """Whether an answer could not be saved, from `not_saved` until `saved_again`."""
        return self._failing

    def start(self) -> None:
        """Look every half second, from now on until nothing grows."""
        self._timer.start()

    def note(self, exchange: Exchange) -> bool:
        """Take note of how saving went; return whether `exchange` is saved."""
        error = exchange.save_error
        if error is not None:
            if exchange.finished and exchange not in self._unsaved:
                self._unsaved.append(exchange)
            if not self._failing:
                self._failing = True
                self.not_saved.emit(error)
            return False
        if exchange in self._unsaved:
            self._unsaved.remove(exchange)
        behind = (*self._unsaved, *self._growing())
        if self._failing and all(each.save_error is None for each in behind):
            self._failing = False
            self.saved_again.emit()
        return True

    def close(self) -> None:
        """Try a last time; idempotent."""
        self._timer.stop()
        self._save_all()

    def _on_timeout(self) -> None:
        self._save_all()
        if not self._unsaved and not any(True for _ in self._growing()):
            self._timer.stop()

    def _save_all(self) -> None:
        for exchange in [*self._unsaved, *self._growing()]:
            exchange.flush()
            if not self.note(exchange):
                return
