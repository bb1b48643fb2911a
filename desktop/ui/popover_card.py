"""A card beside what was clicked; a click elsewhere, or Esc, and it is gone. GUI thread."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.system.compositor import blends_windows
from desktop.ui.card import paint_card, paint_shadow
from desktop.ui.tokens import Radius, Space

__all__ = ["PopoverCard"]

_SHADOW = 12


class PopoverCard(QWidget):
    """Made to be shown once: it deletes itself when it closes."""

    def __init__(self, owner: QWidget) -> None:
        """Wait, unseen; `column` takes what is shown."""
        flags = Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint
        super().__init__(owner, flags | Qt.WindowType.NoDropShadowWindowHint)
        blends = blends_windows(QGuiApplication.platformName())
        self._margin = _SHADOW if blends else 0
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, on=blends)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.column = QVBoxLayout(self)
        self.column.setSpacing(Space.S)
        side, end = self._margin + Space.L, self._margin + Space.M
        self.column.setContentsMargins(side, end, side, end)

    def open_at(self, anchor: QWidget) -> None:
        """Open above `anchor`, or below it where there is no room above."""
        room = anchor.screen().availableGeometry()
        self._take_size(room)
        window = anchor.window().frameGeometry()
        top_left = anchor.mapToGlobal(QPoint(-Space.L, 0)) - QPoint(self._margin, 0)
        place = QRect(top_left, self.size())
        place.moveBottom(top_left.y() - 1 + self._margin - Space.XS)
        if place.top() + self._margin < room.top():
            place.moveTop(top_left.y() + anchor.height() + Space.XS - self._margin)
        if place.width() <= window.width():
            # Not over the edge of the window where it need not be.
            furthest = window.right() - Space.M + self._margin - place.width()
            place.moveLeft(max(window.left(), min(place.left(), furthest)))
        self._open(place, room)

    def open_over(self, window: QWidget) -> None:
        """Open in the middle of `window`."""
        room = window.screen().availableGeometry()
        self._take_size(room)
        place = QRect(QPoint(), self.size())
        place.moveCenter(window.mapToGlobal(window.rect().center()))
        self._open(place, room)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = self.rect().adjusted(self._margin, self._margin, -self._margin, -self._margin)
        if self._margin:
            paint_shadow(painter, card, self._margin)
        # Where the screen does not blend windows, its corners blend with the canvas, as menus' do:
        # cut to their shape they would be stairs.
        paint_card(painter, card, self.palette(), Radius.CARD)

    def _take_size(self, room: QRect) -> None:
        """Be as large as what is shown; Qt itself would grant two thirds of the screen."""
        self.ensurePolished()
        width = min(max(self.column.totalSizeHint().width(), self.minimumWidth()), room.width())
        height = self.column.totalHeightForWidth(width)
        if height < 0:
            height = self.column.totalSizeHint().height()
        self.resize(width, min(height, room.height()))

    def _open(self, place: QRect, room: QRect) -> None:
        left = max(room.left(), min(place.left(), room.right() - place.width()))
        top = max(room.top(), min(place.top(), room.bottom() - place.height()))
        self.move(left, top)
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
