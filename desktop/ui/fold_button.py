"""The quiet line that opens to what is below it. GUI thread."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from desktop.ui.icons import icon

__all__ = ["FoldButton"]

_CHEVRON = 16
_MUTED = QPalette.ColorRole.PlaceholderText


class FoldButton(QToolButton):
    """Words with a chevron; `toggled` tells that it was opened or closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Be closed."""
        super().__init__(parent)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCheckable(True)
        self.setIconSize(QSize(_CHEVRON, _CHEVRON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName("fold")
        self.setProperty("kind", "fold")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def _on_toggled(self, is_open: bool) -> None:
        self.setIcon(icon("chevron-down" if is_open else "chevron-right", _MUTED))
