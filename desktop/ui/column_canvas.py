"""What the rows of a column lie on: it gives each of them its height, and paints the ground.

GUI thread.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.nested_layouts import NESTED, let_layouts_tell, tell_once
from desktop.ui.row_frame import RowFrame

__all__ = ["ColumnCanvas"]


class ColumnCanvas(QWidget):
    """Holds the rows. It hides what is under it, so that Qt moves its picture and paints less."""

    height_wanted = Signal()
    """A row wants another height, and nobody is at work on heights."""

    def __init__(
        self,
        parent: QWidget,
        ground: Callable[[], QColor],
        paint_missing: Callable[[QPainter, QRect], None],
    ) -> None:
        """Paint `ground`, and upon it what stands for rows that are still to be built."""
        super().__init__(parent)
        self.is_at_work = False
        self._is_asked = False
        self._ground = ground
        self._paint_missing = paint_missing
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Take no wish for another height for that of somebody else."""
        was, self.is_at_work = self.is_at_work, True
        try:
            yield
        finally:
            self.is_at_work = was

    def settle(self, frame: RowFrame, width: int) -> bool:
        """Find the height of a row now; one that is found asks the layouts around it for theirs.

        Return whether other rows wanted one meanwhile: they have asked in vain.
        """
        others_asked = False
        with self.at_work():
            if frame.width() != width:
                frame.resize(width, frame.height())
            for _ in range(NESTED):
                self._is_asked = False
                tell_once()
                height = frame.height_at(width)
                others_asked = others_asked or self._is_asked
                if height != frame.height():
                    frame.resize(width, height)
                elif not self._is_asked:
                    break
        return others_asked

    def let_layouts_tell(self) -> None:
        """Have every layout in the rows ask for its room now."""
        with self.at_work():
            let_layouts_tell()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._ground())
        self._paint_missing(painter, event.rect())

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            if self.is_at_work:
                self._is_asked = True
            else:
                self.height_wanted.emit()
        return handled
