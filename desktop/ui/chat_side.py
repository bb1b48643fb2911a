"""Brings the panel of a chat's settings, and takes it away again. GUI thread."""

from PySide6.QtCore import QObject

from desktop.ui.chat_panel_controller import ChatPanelController
from desktop.ui.window import MainWindow

__all__ = ["ChatSide"]


class ChatSide(QObject):
    """Makes the panel when it is first wanted."""

    def __init__(self, window: MainWindow, settings: ChatPanelController) -> None:
        """Listen to the button in the header and to the key."""
        super().__init__(window)
        self._window = window
        self._settings = settings
        window.header.panel_requested.connect(self.toggle)
        window.shortcuts.panel.connect(self.toggle)

    def toggle(self) -> None:
        """Show the panel with the focus in it, or hide it."""
        window = self._window
        if window.is_panel_shown:
            self.hide()
            return
        panel = window.panel
        if panel is None:
            from desktop.ui.chat_panel import ChatPanel

            panel = ChatPanel()
            window.take_panel(panel)
            self._settings.attach(panel)
            panel.closed.connect(self.hide)
            panel.shown.connect(window.header.mark_panel)
        window.show_talk()
        panel.show()
        panel.take_focus()

    def hide(self) -> None:
        """Hide the panel; the typing goes on in the composer."""
        if self._window.panel is not None:
            self._window.panel.hide()
        self._window.composer.focus_field()
