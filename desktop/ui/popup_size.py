"""How large the popup is: as its contents need it, as far as a person or the screen allow it.

GUI thread.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout

from desktop.ui.tokens import Size, Space

if TYPE_CHECKING:
    from desktop.ui.popup import Popup

__all__ = ["LEAST_HEIGHT", "LEAST_WIDTH", "MOST_WIDTH", "WIDTH", "PopupSize"]

WIDTH = 680
LEAST_WIDTH = 480
LEAST_HEIGHT = 240
# Text is never set wider than that, and all parts stand in one column.
MOST_WIDTH = Size.COLUMN + 2 * Space.XL + 2
_SHARE_OF_SCREEN = 0.6
_MOST_OF_SCREEN = 0.92
_FIRST_ANSWER = 96


class PopupSize(QObject):
    """Sets the size of `popup`. All figures are those of the card, in pixels."""

    chosen = Signal(int, int)
    """(width, height): a person has made it so large; 0 for its own."""

    def __init__(self, popup: "Popup", column: QVBoxLayout) -> None:
        """Start with sizes of its own; `column` lays the contents out."""
        super().__init__(popup)
        self._popup = popup
        self._column = column
        self._width = 0
        self._height = 0
        self._answer = _FIRST_ANSWER
        self._held: QRect | None = None
        self._is_stretched = False
        popup.transcript.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        popup.grips.dragged.connect(self._on_dragged)
        popup.grips.drag_ended.connect(self._on_drag_ended)
        popup.grips.reset_wanted.connect(lambda: self._choose(0, 0))

    def set_wanted(self, width: int, height: int) -> None:
        """Take what a person chose at another time; 0 for its own."""
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.fit()

    def begin(self) -> None:
        """Begin small, as a conversation begins or ends."""
        self._answer = _FIRST_ANSWER
        self._is_stretched = False
        self.fit()

    def grow(self, wider: int, higher: int) -> None:
        """Make the card so much larger, or smaller."""
        card = self._popup.card
        height = card.height() + higher if higher else 0
        self._take(card.width() + wider if wider else 0, height)
        self.chosen.emit(self._width, self._height)

    def fit(self) -> None:
        """Take the size of what there is."""
        popup = self._popup
        room = popup.screen_for().availableGeometry()
        margins = 2 * popup.margin
        width = min(self._width or WIDTH, MOST_WIDTH, room.width() - 2 * Space.L)
        width = max(min(LEAST_WIDTH, room.width()), width)
        if popup.minimumWidth() != width + margins or popup.maximumWidth() != width + margins:
            popup.setFixedWidth(width + margins)
        if not popup.transcript.isVisibleTo(popup):
            self._set_height(self._natural())
            return
        shown = popup.transcript.maximumHeight()
        if shown != popup.transcript.minimumHeight():
            popup.transcript.setFixedHeight(shown := _FIRST_ANSWER)
        rest = self._natural() - shown
        most = min(self._height or round(room.height() * _SHARE_OF_SCREEN), self._highest(room))
        most = max(most + margins, rest + _FIRST_ANSWER)
        answer = most - rest if self._is_stretched else min(self._answer, most - rest)
        popup.transcript.setFixedHeight(answer)
        self._set_height(rest + answer)

    def _natural(self) -> int:
        """Return the height of the window with what is in it now."""
        self._column.activate()
        height = self._column.totalHeightForWidth(self._popup.width())
        return height if height >= 0 else self._column.totalSizeHint().height()

    def _set_height(self, height: int) -> None:
        popup = self._popup
        if popup.minimumHeight() != height or popup.maximumHeight() != height:
            popup.setFixedHeight(height)

    @staticmethod
    def _highest(room: QRect) -> int:
        return round(room.height() * _MOST_OF_SCREEN)

    def _on_range_changed(self, _lowest: int, hidden: int) -> None:
        transcript = self._popup.transcript
        if hidden > 0 and transcript.isVisibleTo(self._popup) and not self._is_stretched:
            self._answer = transcript.height() + hidden
            QTimer.singleShot(0, self._popup, self.fit)

    def _on_dragged(self, edges: Qt.Edge, by: QPoint) -> None:
        popup = self._popup
        if self._held is None:
            card = popup.card
            self._held = QRect(popup.mapToGlobal(card.topLeft()), card.size())
        held = self._held
        wider = by.x() if edges & Qt.Edge.RightEdge else 0
        wider -= by.x() if edges & Qt.Edge.LeftEdge else 0
        higher = by.y() if edges & Qt.Edge.BottomEdge else 0
        self._take(
            held.width() + wider if edges & (Qt.Edge.RightEdge | Qt.Edge.LeftEdge) else 0,
            held.height() + higher if edges & Qt.Edge.BottomEdge else 0,
        )
        if edges & Qt.Edge.LeftEdge:
            left = held.right() + 1 - popup.card.width() - popup.margin
            popup.move(left, popup.y())

    def _take(self, width: int, height: int) -> None:
        """Be so wide and so high; 0 leaves it as it is."""
        room = self._popup.screen_for().availableGeometry()
        if width:
            self._width = max(LEAST_WIDTH, min(width, MOST_WIDTH, room.width() - 2 * Space.L))
        if height and self._popup.transcript.isVisibleTo(self._popup):
            self._height = max(LEAST_HEIGHT, min(height, self._highest(room)))
            self._is_stretched = True
        self.fit()

    def _on_drag_ended(self) -> None:
        if self._held is not None:
            self._held = None
            self.chosen.emit(self._width, self._height)

    def _choose(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._is_stretched = False
        self.fit()
        self.chosen.emit(width, height)
