"""The edges and corners of the popup, taken hold of to make it larger or smaller. GUI thread."""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import tokens_of

__all__ = ["PopupGrips"]

_INSIDE = 5
_OUTSIDE = 5
_CORNER = 16
_MARKS = (4, 8)
_EDGE = Qt.Edge


class PopupGrips(QWidget):
    """Knows no sizes: it tells how far the pointer was dragged. Invisible itself."""

    dragged = Signal(object, QPoint)
    """(Qt.Edge flags, distance from where it was taken hold of)"""
    drag_ended = Signal()
    reset_wanted = Signal()
    """A double click: as large as it is by itself."""

    def __init__(self, window: QWidget, *, left: bool) -> None:
        """Put grips around the card of `window`; at the `left` only where it may be moved."""
        super().__init__(window)
        self.hide()
        bottom, right = _EDGE.BottomEdge, _EDGE.RightEdge
        edges: list[Qt.Edge] = [right, bottom, right | bottom]
        if left:
            edges += [_EDGE.LeftEdge, _EDGE.LeftEdge | bottom]
        self._grips = [_Grip(edge, window) for edge in edges]
        for grip in self._grips:
            grip.dragged.connect(self.dragged)
            grip.drag_ended.connect(self.drag_ended)
            grip.reset_wanted.connect(self.reset_wanted)

    def place(self, card: QRect, outside: int) -> None:
        """Lie along the edges of `card`, above everything; `outside` is the room beside it."""
        out = min(_OUTSIDE, outside)
        for grip in self._grips:
            edges = grip.edges
            place = card.adjusted(-out, -out, out, out)
            across, corner = out + _INSIDE, out + _CORNER
            is_corner = edges & _EDGE.BottomEdge and edges != _EDGE.BottomEdge
            if edges & _EDGE.RightEdge:
                place.setLeft(place.right() + 1 - (corner if is_corner else across))
            if edges & _EDGE.LeftEdge:
                place.setWidth(corner if is_corner else across)
            if edges & _EDGE.BottomEdge:
                place.setTop(place.bottom() + 1 - (corner if is_corner else across))
            grip.setGeometry(place)
            grip.reach = out
            grip.raise_()
        for grip in self._grips:
            if grip.edges not in {_EDGE.RightEdge, _EDGE.LeftEdge, _EDGE.BottomEdge}:
                grip.raise_()


class _Grip(QWidget):
    """One edge or corner; that at the bottom right can be seen."""

    dragged = Signal(object, QPoint)
    drag_ended = Signal()
    reset_wanted = Signal()

    def __init__(self, edges: Qt.Edge, window: QWidget) -> None:
        super().__init__(window)
        self.edges = edges
        self.reach = 0
        self._from: QPoint | None = None
        self.setCursor(_cursor(edges))
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = event.globalPosition().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self.dragged.emit(self.edges, event.globalPosition().toPoint() - self._from)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None and event.button() == Qt.MouseButton.LeftButton:
            self._from = None
            self.drag_ended.emit()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._from = None
        self.reset_wanted.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.edges != (_EDGE.RightEdge | _EDGE.BottomEdge):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens_of(self.palette()).handle), 1.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        edge = self.width() - self.reach - _INSIDE
        for mark in _MARKS:
            painter.drawLine(edge - mark, edge, edge, edge - mark)

    def _say(self) -> None:
        if self.edges == (_EDGE.RightEdge | _EDGE.BottomEdge):
            set_tooltip(self, self.tr("Drag to change the size. A double click puts it back."))


def _cursor(edges: Qt.Edge) -> Qt.CursorShape:
    if edges == _EDGE.BottomEdge:
        return Qt.CursorShape.SizeVerCursor
    if edges in {_EDGE.RightEdge, _EDGE.LeftEdge}:
        return Qt.CursorShape.SizeHorCursor
    is_right = bool(edges & _EDGE.RightEdge)
    return Qt.CursorShape.SizeFDiagCursor if is_right else Qt.CursorShape.SizeBDiagCursor
