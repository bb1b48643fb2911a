"""A page that scrolls: one centred column, never wider than lines can be read. GUI thread."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.tokens import Space

__all__ = ["PageScroll"]

_NARROW = 540
"""Below it every pixel counts: the edges of a page are thinner."""


class PageScroll(QScrollArea):
    """Put things into `column`; keyboard focus scrolls them into view by itself."""

    def __init__(
        self,
        widest: int,
        *,
        on_card: bool = False,
        side: int = Space.XL,
        parent: QWidget | None = None,
    ) -> None:
        """Keep the column at most `widest` pixels wide, and `side` pixels from the edges.

        Where it is narrow the edges have 16 pixels at most.

        `on_card` has the ground of cards.
        """
        super().__init__(parent)
        self._widest = widest
        self._side = side
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = QWidget()
        self._page.setObjectName("page")
        # What lies below is painted once, not through every layer above it.
        self._page.setAutoFillBackground(True)
        role = QPalette.ColorRole
        self._page.setBackgroundRole(role.Base if on_card else role.Window)
        self.viewport().setAutoFillBackground(False)
        self.column = QVBoxLayout(self._page)
        self.column.setSpacing(Space.L)
        self.setWidget(self._page)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Lay everything out anew in another font or language."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self.column.invalidate()

    def scroll_to_top(self) -> None:
        """Show the beginning."""
        self.verticalScrollBar().setValue(0)

    def whole_height(self, width: int) -> int:
        """Return how high all of the page is where the view is `width` wide."""
        self._fit()
        return max(self.column.totalHeightForWidth(width), self.column.totalMinimumSize().height())

    def _fit(self) -> None:
        room = self.viewport().width()
        least = self._side if room >= _NARROW else min(self._side, Space.L)
        side = max(least, (room - self._widest) // 2)
        margins = self.column.contentsMargins()
        if margins.left() != side:
            self.column.setContentsMargins(side, Space.L, side, Space.XXL)
