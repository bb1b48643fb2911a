"""Buttons: an icon with a name for the screen reader, or plain words. GUI thread."""

from typing import Literal, TypeAlias

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPalette
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from desktop.ui.icons import IconName, icon
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Size

__all__ = ["IconButton", "PressedOnce", "TextButton"]

_HELD = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)

Kind: TypeAlias = Literal["normal", "primary", "quiet", "danger"]


class PressedOnce:
    """Takes a double click as one, for buttons that mean something else once they are pressed.

    Comes before the button among the bases.
    """

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Leave the second press alone."""
        event.accept()


class IconButton(QToolButton):
    """A square button with an icon; `label` is its tooltip and its accessible name."""

    def __init__(
        self,
        name: IconName,
        label: str = "",
        *,
        tint: QPalette.ColorRole = QPalette.ColorRole.PlaceholderText,
        side: int = Size.BUTTON,
        parent: QWidget | None = None,
    ) -> None:
        """Show the icon `name`; focus comes by keyboard only."""
        super().__init__(parent)
        self._tint = tint
        self._seen = True
        self.set_icon(name)
        self.setIconSize(QSize(Size.ICON, Size.ICON))
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_label(label)

    def set_icon(self, name: IconName) -> None:
        """Show another icon."""
        self.setIcon(icon(name, self._tint))

    def set_label(self, label: str) -> None:
        """Name the button for pointers and screen readers."""
        self.setAccessibleName(label)
        set_tooltip(self, label)

    def set_seen(self, seen: bool) -> None:
        """Paint the button, or only while it has the focus; it is there all the same."""
        if seen != self._seen:
            self._seen = seen
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._seen or self.hasFocus():
            super().paintEvent(event)


class TextButton(QPushButton):
    """A button with words; `kind` chooses its look."""

    def __init__(
        self, text: str = "", *, kind: Kind = "normal", parent: QWidget | None = None
    ) -> None:
        """Show `text`; it never is the default of a dialog by accident."""
        super().__init__(text, parent)
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Be pressed by Space alone: with Ctrl or Alt it is a key that was meant for all programs."""
        if event.key() == Qt.Key.Key_Space and event.modifiers() & _HELD:
            event.ignore()
        else:
            super().keyPressEvent(event)
