"""The window of the popup: a card without a title bar, over everything. GUI thread."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.ui.card import paint_card
from desktop.ui.popup_grips import PopupGrips
from desktop.ui.popup_shadow import SHADOW, paint_soft_shadow
from desktop.ui.tokens import Radius, tokens_of

__all__ = ["PopupFrame"]


class PopupFrame(QWidget):
    """Paints card and shadow, can be moved by its empty places, and has `grips` at its edges.

    Where the screen does not blend windows, a round corner would be one of stairs: the card is
    square there, and a plain line is its edge.
    """

    def __init__(self, *, translucent: bool) -> None:
        """`translucent` says whether the screen blends windows: shadow and round corners."""
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.NoDropShadowWindowHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        self.setAttribute(Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, on=translucent)
        self._translucent = translucent
        self._grasped: QPoint | None = None
        self.margin = SHADOW if translucent else 0
        self.grips = PopupGrips(self, left=not is_wayland())

    @property
    def card(self) -> QRect:
        """The card within the window."""
        return self.rect().adjusted(self.margin, self.margin, -self.margin, -self.margin)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the card and its shadow; where a part of the card alone is to be seen, only that."""
        painter = QPainter(self)
        card = self.card
        inside = card.adjusted(Radius.POPUP, Radius.POPUP, -Radius.POPUP, -Radius.POPUP)
        if inside.contains(event.rect()):
            painter.fillRect(event.rect(), self.palette().base())
            return
        if not self._translucent:
            # Without a shadow the edge alone tells the card from what lies behind it.
            painter.fillRect(card, QColor(tokens_of(self.palette()).handle))
            painter.fillRect(card.adjusted(1, 1, -1, -1), self.palette().base())
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_soft_shadow(painter, card)
        paint_card(painter, card, self.palette(), Radius.POPUP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the grips at the edges."""
        super().resizeEvent(event)
        self.grips.place(self.card, self.margin)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Let the card be moved by what is empty of it; beside the card nothing is ours."""
        handle = self.windowHandle()
        if event.button() != Qt.MouseButton.LeftButton or handle is None:
            return
        place = event.position().toPoint()
        if not self.card.contains(place):
            self.beside_clicked()
        elif is_wayland():
            handle.startSystemMove()
        else:
            # A window manager that moves it takes the keyboard meanwhile, and a popup without the
            # keyboard goes away.
            self._grasped = place

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along with the pointer."""
        if self._grasped is not None:
            self.move(event.globalPosition().toPoint() - self._grasped)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Stay here."""
        self._grasped = None

    def beside_clicked(self) -> None:
        """Do what a click beside the card means: it was meant for what lies behind the shadow."""


def is_wayland() -> bool:
    """Return whether windows have no place of their own to choose, nor may be raised."""
    return QGuiApplication.platformName().startswith("wayland")
