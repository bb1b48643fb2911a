"""A slider between a few stops that goes where it is pressed. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

__all__ = ["StopSlider"]


class StopSlider(QSlider):
    """A press takes the handle to the nearest stop, and holds it there; arrow keys go one by one."""

    def __init__(self) -> None:
        """Start with one stop."""
        super().__init__(Qt.Orientation.Horizontal)
        self._stops: Sequence[int] = (0,)
        self.setPageStep(1)

    @property
    def stop(self) -> int:
        """What the stop stands for that the handle is at."""
        return self._stops[self.value()]

    def show_stops(self, stops: Sequence[int], stop: int) -> None:
        """Offer `stops`, one of which is `stop`, where the handle goes unless it is held.

        Nothing is signalled.
        """
        self._stops = stops
        self.blockSignals(True)
        self.setRange(0, len(stops) - 1)
        if not self.isSliderDown():
            self.setValue(stops.index(stop))
        self.blockSignals(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there first, then let the handle be pressed in its middle, so that it can be dragged."""
        option = self._option()
        handle = self._handle(option)
        where = event.position()
        if event.button() is not Qt.MouseButton.LeftButton or handle.contains(where.toPoint()):
            super().mousePressEvent(event)
            return
        room = self.width() - handle.width()
        left = round(where.x() - handle.width() / 2)
        self.setValue(
            QStyle.sliderValueFromPosition(
                self.minimum(), self.maximum(), left, room, option.upsideDown
            )
        )
        held = QMouseEvent(
            event.type(),
            QPointF(self._handle(self._option()).center()),
            event.globalPosition(),
            event.button(),
            event.buttons(),
            event.modifiers(),
        )
        super().mousePressEvent(held)

    def _option(self) -> QStyleOptionSlider:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return option

    def _handle(self, option: QStyleOptionSlider) -> QRect:
        return self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
