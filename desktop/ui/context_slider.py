"""A length of context for a whole list: a short slider with its words. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.quantities import tokens
from desktop.ui.labels import PlainLabel, set_tooltip
from desktop.ui.stop_slider import StopSlider
from desktop.ui.tokens import Space

__all__ = ["ContextSlider"]

_WIDE = 120


class ContextSlider(QWidget):
    """Tells each step at once."""

    chosen = Signal(int)
    """(tokens)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without anything to choose from, unseen."""
        super().__init__(parent)
        self._label = PlainLabel(tone="muted", size="small")
        self._length = PlainLabel(size="small")
        self._slider = StopSlider()
        self._slider.setFixedWidth(_WIDE)
        self._length.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        for part in (self._label, self._slider, self._length):
            row.addWidget(part)
        self._slider.valueChanged.connect(self._on_value_changed)
        self._say()
        self.hide()

    def show_context(self, stops: Sequence[int], context: int) -> None:
        """Offer `stops`; `context` is in force, whether it is one of them or not."""
        self._slider.show_stops(sorted({*stops, context}), context)
        self._say()
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_value_changed(self, _step: int) -> None:
        self._say()
        self.chosen.emit(self._slider.stop)

    def _say(self) -> None:
        self._label.setText(self.tr("Context"))
        hint = self.tr(
            "What each model takes, and where it runs, is shown for a chat of this length."
        )
        for widget in (self._label, self._slider, self._length):
            set_tooltip(widget, hint)
        self._slider.setAccessibleName(self.tr("Context in tokens"))
        words = tokens(self._slider.stop)
        self._length.setText(words)
        self._slider.setAccessibleDescription(words)
        # The words behind it must not push the slider about.
        wide = self._length.fontMetrics().horizontalAdvance("888.8K")
        self._length.setMinimumWidth(wide)
