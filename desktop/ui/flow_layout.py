"""A layout that fills lines with its items, as words fill a paragraph. GUI thread."""

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget, QWidgetItem

from desktop.ui.tokens import Space

__all__ = ["FlowLayout"]


class FlowLayout(QLayout):
    """Items keep the size they ask for; lines are `between` apart, items `beside`."""

    def __init__(
        self, parent: QWidget | None = None, *, beside: int = Space.L, between: int = Space.XS
    ) -> None:
        """Start without items."""
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._beside = beside
        self._between = between
        self.setContentsMargins(0, 0, 0, 0)

    def addWidget(self, widget: QWidget) -> None:
        """Take `widget` with an item that is made here.

        Of one that Qt makes the binding hears no end: another one at the same place in memory is
        then taken for it, and that one may be gone.
        """
        self.addChildWidget(widget)
        self.addItem(QWidgetItem(widget))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        owner = self.parentWidget()
        if owner is not None:
            # Layouts around ask for the width that they have, also where it may not be taken.
            width = min(width, owner.maximumWidth())
        return self._place(QRect(0, 0, width, 0), moves=False)

    def setGeometry(self, room: QRect) -> None:
        super().setGeometry(room)
        self._place(room, moves=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, room: QRect, *, moves: bool) -> int:
        """Place the items, or only tell how high they would be."""
        top = 0
        for number, line in enumerate(self._lines(room.width())):
            height = max(size.height() for _, size in line)
            left, top = 0, top + (self._between if number else 0)
            for item, size in line:
                if moves:
                    # Scripts differ in height: on one middle, their words stand on one line.
                    lower = (height - size.height()) // 2
                    item.setGeometry(QRect(room.topLeft() + QPoint(left, top + lower), size))
                left += size.width() + self._beside
            top += height
        return top

    def _lines(self, room: int) -> Iterator[list[tuple[QLayoutItem, QSize]]]:
        """Yield the items that stand in one line of the width `room`, each with its size there."""
        line: list[tuple[QLayoutItem, QSize]] = []
        left = 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            size.setWidth(min(size.width(), max(1, room)))
            if line and left + size.width() > room:
                yield line
                line, left = [], 0
            line.append((item, size))
            left += size.width() + self._beside
        if line:
            yield line
