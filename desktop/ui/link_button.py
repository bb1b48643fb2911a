"""A button that looks like a link, in the running text of a line. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from desktop.ui.tokens import Size

__all__ = ["LinkButton"]


class LinkButton(QPushButton):
    """Coloured words; underlined under the pointer and with the focus, pale where it does nothing."""

    def __init__(self, *, size: int = Size.SMALL, parent: QWidget | None = None) -> None:
        """Start without words."""
        super().__init__(parent)
        self.setProperty("kind", "link")
        self.setProperty("type", "small" if size == Size.SMALL else "body")
        self.setFlat(True)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
