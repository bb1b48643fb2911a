"""One message of the transcript in its place: what stands above it, the message, a focus frame.

GUI thread.
"""

from typing import Protocol, runtime_checkable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.tokens import Radius, Space, tokens_of

__all__ = ["BESIDE", "BuiltInPortions", "RowFrame"]

BESIDE = Space.M
_PEN = 2.0


@runtime_checkable
class BuiltInPortions(Protocol):
    """A view that is not complete when it is made, because its message is long."""

    def build_more(self, seconds: float) -> bool:
        """Build for about that long; return whether something is left."""


class RowFrame(QWidget):
    """Reaches `BESIDE` pixels over the column on both sides, for the frame around the message."""

    def __init__(
        self,
        message: int,
        view: QWidget,
        above: QWidget | None,
        parent: QWidget | None = None,
        *,
        ends_free: bool = False,
    ) -> None:
        """Hold `view`, the message with the id `message`, under `above`.

        With `ends_free` the next message follows at once: `view` ends with a place kept free.
        """
        super().__init__(parent)
        self.message = message
        self.view = view
        self.above = above
        self.ends_free = ends_free
        self.is_complete = not isinstance(view, BuiltInPortions)
        layout = self._layout = QVBoxLayout(self)
        layout.setSpacing(Space.L)
        self.set_compact(compact=False)
        if above is not None:
            layout.addWidget(above)
        layout.addWidget(view)

    def set_compact(self, *, compact: bool) -> None:
        """Leave less room above and below, or the usual one."""
        room = Space.XS if compact else Space.S
        self._layout.setContentsMargins(BESIDE, room, BESIDE, 0 if self.ends_free else room)

    def build(self, seconds: float) -> None:
        """Build more of the message, for about `seconds`."""
        if not self.is_complete and isinstance(self.view, BuiltInPortions):
            self.is_complete = not self.view.build_more(seconds)

    def height_at(self, width: int) -> int:
        """Return the height that everything needs at `width`."""
        layout = self._layout
        least = layout.totalMinimumSize().height()
        if layout.hasHeightForWidth():
            return max(least, layout.totalHeightForWidth(width))
        return max(least, layout.totalSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height_at(self.width()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.hasFocus():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens_of(self.palette()).accent), _PEN))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inside = QRectF(self.rect()).adjusted(_PEN, _PEN, -_PEN, -_PEN)
        painter.drawRoundedRect(inside, Radius.CARD, Radius.CARD)
