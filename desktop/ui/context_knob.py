"""How much of a chat the model can see: a slider, its words, and what that takes. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.quantities import sized, tokens
from desktop.services.sized_points import grid
from desktop.ui.labels import PlainLabel
from desktop.ui.memory_bar import DeviceBar, small_parts
from desktop.ui.meter import Meter
from desktop.ui.stop_slider import StopSlider
from desktop.ui.tokens import Space

__all__ = ["ContextKnob"]

_BAR = 6
_AUTOMATIC = 0


class ContextKnob(QWidget):
    """The first stop leaves the length to Lapis."""

    chosen = Signal(int)
    """(tokens, 0 for automatic): the handle was let go, or a key was pressed."""
    looked_at = Signal(int)
    """(tokens): answer with `show_memory`, if that is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the usual lengths."""
        super().__init__(parent)
        self._kept = _AUTOMATIC
        self._memory: DeviceBar | None = None
        self._slider = StopSlider()
        self._length = PlainLabel()
        self._length.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._bar = Meter(_BAR)
        self._needs = PlainLabel(tone="muted", size="small")
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self._slider, 1)
        row.addWidget(self._length)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(row)
        column.addWidget(self._bar)
        column.addWidget(self._needs)
        self.setFocusProxy(self._slider)
        self._slider.valueChanged.connect(self._on_value_changed)
        self._slider.sliderReleased.connect(self._tell)
        self.show_context(_AUTOMATIC, 0)
        self.show_memory(None)

    @property
    def context(self) -> int:
        """The length that is shown, in tokens; 0 for automatic."""
        return self._slider.stop

    def show_context(self, context: int, longest: int) -> None:
        """Show `context`, up to the `longest` of the model (0 unknown); nothing is signalled."""
        self._kept = context
        self._slider.show_stops(sorted({_AUTOMATIC, context, *grid(longest)}), context)
        self._say()

    def show_memory(self, memory: DeviceBar | None) -> None:
        """Show what the model takes with the length that is shown; None where nobody knows."""
        self._memory = memory
        self._bar.setVisible(memory is not None)
        self._needs.setVisible(memory is not None)
        if memory is not None:
            self._bar.show_parts(small_parts(memory), memory.room)
        self._say()

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self._slider.setAccessibleName(name)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_value_changed(self, _step: int) -> None:
        self._say()
        self.looked_at.emit(self.context)
        if not self._slider.isSliderDown():
            self._tell()

    def _tell(self) -> None:
        if self.context != self._kept:
            self._kept = self.context
            self.chosen.emit(self.context)

    def _say(self) -> None:
        context = self.context
        automatic = context == _AUTOMATIC
        words = self.tr("automatic") if automatic else tokens(context)
        self._length.setText(words)
        self._slider.setAccessibleDescription(words)
        wide = max(
            self._length.fontMetrics().horizontalAdvance(each)
            for each in (self.tr("automatic"), "888.8K")
        )
        self._length.setMinimumWidth(wide)
        if self._memory is not None:
            taken, room = sized(self._memory.taken), sized(self._memory.room)
            needs = self.tr("{taken} of {room} of memory").format(taken=taken, room=room)
            over = self._memory.taken > self._memory.room
            self._needs.setText(needs)
            self._needs.set_tone("warn" if over else "muted")
