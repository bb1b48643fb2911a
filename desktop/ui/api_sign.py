"""The line in the sidebar that is there while the local server is on. GUI thread."""

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget

from desktop.domain.api import ServerPhase, ServerState
from desktop.ui.api_words import base_address
from desktop.ui.buttons import TextButton
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import set_tooltip
from desktop.ui.translation import say

__all__ = ["ApiSign"]

_LOOK = "text-align: left; padding-left: 6px;"
_SEEN_MS = 1000
"""Short requests would only flash."""


class ApiSign(TextButton):
    """Says whether programs are being answered; a click leads to the settings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden: the server is off."""
        super().__init__(kind="quiet", parent=parent)
        self._state = ServerState()
        self._most = 0
        self._seen = QTimer(self, singleShot=True, interval=_SEEN_MS)
        self._seen.timeout.connect(self._on_seen)
        self.setStyleSheet(_LOOK)
        self.hide()

    def show_state(self, state: ServerState) -> None:
        """Show how the server is."""
        self._state = state
        if state.requests:
            self._most = (
                max(self._most, state.requests) if self._seen.isActive() else state.requests
            )
            self._seen.start()
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _on_seen(self) -> None:
        self._most = self._state.requests
        self._show()

    def _show(self) -> None:
        state = self._state
        role = QPalette.ColorRole
        is_failed = state.phase is ServerPhase.FAILED
        count = self._most if self._seen.isActive() else state.requests
        sign: IconName = "plug"
        if is_failed:
            words, sign, tint = self.tr("Local API does not run"), "warning", role.ButtonText
        elif count:
            one, many = self.tr("Local API: 1 request"), self.tr("Local API: {count} requests")
            words = one if count == 1 else many.format(count=count)
            sign, tint = "plug", role.Link
        else:
            words, sign, tint = self.tr("Local API is on"), "plug", role.ButtonText
        self.setText(words)
        self.setIcon(icon(sign, tint))
        if is_failed and state.error is not None:
            hint = say(state.error.title)
        else:
            hint = base_address(state.port) if state.port else ""
        set_tooltip(self, hint)
        self.setAccessibleDescription(hint)
        self.setVisible(state.phase is not ServerPhase.OFF)
