"""Starting at login, for all who show it or change it: asked and done in errands. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.services.start_at_login import LoginState, StartAtLogin
from desktop.ui.errands import Errand, Errands

__all__ = ["LoginDesk"]

_LANE = "login"


class LoginDesk(QObject):
    """What is so is read anew each time somebody looks: such entries are changed elsewhere too."""

    told = Signal(object, object)
    """(LoginState, Text or None): what is so, and what else a person has to do."""
    failed = Signal(object)
    """(LapisError): it could not be changed; what is so follows."""

    def __init__(self, errands: Errands, make: Callable[[], StartAtLogin], parent: QObject) -> None:
        """Ask nothing yet; `make` is called in another thread."""
        super().__init__(parent)
        self._errands = errands
        self._make = make
        self._made: StartAtLogin | None = None
        self._changes = 0

    def start(self) -> None:
        """Mend an entry that the person has made and whose program has moved away, and look."""

        def mend(_errand: Errand) -> tuple[LoginState, Text | None]:
            service = self._service()
            service.mend()
            return service.state(), service.advice()

        self._errands.run(_LANE, mend, self._tell, lambda _error: self.look())

    def look(self) -> None:
        """Ask what is so; `told` follows."""
        if self._changes:
            # The answers to those come, perhaps only when a person has given them.
            return

        def ask(_errand: Errand) -> tuple[LoginState, Text | None]:
            service = self._service()
            return service.state(), service.advice()

        self._errands.run(_LANE, ask, self._tell, lambda _error: None)

    def turn(self, on: bool) -> None:
        """Start at login from now on, or no more; `told` follows, `failed` before it if need be."""
        self._changes += 1

        def change(_errand: Errand) -> tuple[LoginState, Text | None]:
            service = self._service()
            return service.turn(on=on), service.advice()

        self._errands.run(_LANE, change, self._on_changed, self._on_failed, queued=True)

    def _service(self) -> StartAtLogin:
        """Return the service; in the lane's thread, and only there."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def _tell(self, found: tuple[LoginState, Text | None]) -> None:
        self.told.emit(*found)

    def _on_changed(self, found: tuple[LoginState, Text | None]) -> None:
        self._changes -= 1
        self._tell(found)

    def _on_failed(self, error: LapisError) -> None:
        self._changes -= 1
        self.failed.emit(error)
        self.look()
