"""What the menu of the tray has about the local server. Values in, signals out. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from desktop.domain.api import ServerPhase, ServerState
from desktop.ui.api_words import openai_address, tray_line
from desktop.ui.labels import as_words

__all__ = ["TrayApiMenu", "rename"]


class TrayApiMenu(QMenu):
    """On or off in its title, with the address; below it what can be done."""

    switched = Signal(bool)
    """(whether it is to be on)"""
    copy_requested = Signal(str)
    """(address)"""
    settings_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start off."""
        super().__init__(parent)
        self._state = ServerState()
        self._on = self.addAction("")
        self._on.setCheckable(True)
        # Triggered, not toggled: what is set from here is no wish.
        self._on.triggered.connect(self.switched)
        self._copy = self.addAction("")
        self._copy.triggered.connect(lambda: self.copy_requested.emit(self._address()))
        self._settings = self.addAction("")
        self._settings.triggered.connect(self.settings_requested)
        self.retranslate()

    def show_wish(self, *, enabled: bool) -> None:
        """Tick the server that is wanted, whether it runs or not."""
        self._on.setChecked(enabled)

    def show_state(self, state: ServerState) -> None:
        """Show how the server is."""
        # How many ask is told elsewhere.
        self._state = state
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Say everything in today's language."""
        rename(self.menuAction(), as_words(tray_line(self._state)))
        rename(self._on, self.tr("Let other programs ask"))
        rename(self._copy, self.tr("Copy its address"))
        rename(self._settings, self.tr("Settings of the local API"))
        self._copy.setEnabled(self._state.phase is ServerPhase.RUNNING)

    def _address(self) -> str:
        return openai_address(self._state.port)


def rename(action: QAction, words: str) -> None:
    """Say something else, if it is something else: each change of a menu may go over the bus."""
    if action.text() != words:
        action.setText(words)
