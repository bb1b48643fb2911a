"""The chosen model under the list, where the window is narrow: one line. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.domain.shelf import ShelfEntry
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.shelf_actions import ShelfAction, action_icon, action_words, actions_for
from desktop.ui.shelf_words import shown_title
from desktop.ui.tokens import Space

__all__ = ["InstalledStrip"]


class InstalledStrip(QFrame):
    """A name, and a button for everything that can be done."""

    wanted = Signal(object)
    """(ShelfAction)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._entry: ShelfEntry | None = None
        self._loaded = False
        self._title = ElidedLabel()
        self._title.setProperty("strong", True)
        self._use = TextButton(kind="primary")
        self._buttons = {
            action: IconButton(action_icon(action))
            for action in ShelfAction
            if action is not ShelfAction.USE
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.XS)
        row.addWidget(self._title, 1)
        row.addSpacing(Space.S)
        for button in self._buttons.values():
            row.addWidget(button)
        row.addSpacing(Space.XS)
        row.addWidget(self._use)
        self._use.clicked.connect(lambda: self.wanted.emit(ShelfAction.USE))
        for action, button in self._buttons.items():
            self._tell(action, button)

    def show_entry(self, entry: ShelfEntry, *, loaded: bool) -> None:
        """Show `entry`; `loaded` says that it is in memory."""
        self._entry = entry
        self._loaded = loaded
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _tell(self, action: ShelfAction, button: IconButton) -> None:
        button.clicked.connect(lambda: self.wanted.emit(action))

    def _say(self) -> None:
        entry = self._entry
        if entry is None:
            return
        possible = actions_for(entry)
        self._title.setText(shown_title(entry))
        self._use.setVisible(ShelfAction.USE in possible)
        self._use.setText(self.tr("Chat") if self._loaded else action_words(ShelfAction.USE, entry))
        for action, button in self._buttons.items():
            button.setVisible(action in possible)
            button.set_label(action_words(action, entry))
        self.setAccessibleName(shown_title(entry))
