"""A field to search with: a glass before the words, and a way to clear them. GUI thread."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.ui.icons import icon

__all__ = ["SearchField"]

_CLEAR = "_q_qlineeditclearaction"
"""Qt's own name of the action, whose icon comes from a style that knows no themes."""


class SearchField(QLineEdit):
    """Looks like the rest of Lapis in both themes."""

    def __init__(self, longest: int, parent: QWidget | None = None) -> None:
        """Start empty; take at most `longest` letters."""
        super().__init__(parent)
        self._clear = icon("close", QPalette.ColorRole.PlaceholderText)
        self.setMaxLength(longest)
        self.setClearButtonEnabled(True)
        sign = icon("search", QPalette.ColorRole.PlaceholderText)
        self._sign = self.addAction(sign, QLineEdit.ActionPosition.LeadingPosition)
        self._tint()
        self._name_signs()

    def changeEvent(self, event: QEvent) -> None:
        """Keep our icon where the style brings its own."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        elif event.type() == QEvent.Type.LanguageChange:
            self._name_signs()

    def _name_signs(self) -> None:
        """Name what Qt makes buttons of."""
        self._sign.setText(self.tr("Search"))
        clear = self.findChild(QAction, _CLEAR)
        if isinstance(clear, QAction):
            clear.setText(self.tr("Clear"))

    def _tint(self) -> None:
        clear = self.findChild(QAction, _CLEAR)
        if isinstance(clear, QAction) and clear.icon().cacheKey() != self._clear.cacheKey():
            clear.setIcon(self._clear)
