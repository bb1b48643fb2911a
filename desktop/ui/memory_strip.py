"""What a model takes of the memory: a bar and what its colours mean, nothing to set. GUI thread."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.advice import MemoryParts
from desktop.domain.quantities import sized
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.meter import Key, Meter, Part, Shade
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["MemoryStrip"]

_BAR = 12
_PARTS = (Shade.ACCENT, Shade.SOFT, Shade.QUIET, Shade.REST)


class MemoryStrip(QWidget):
    """Weights, KV cache, working memory, and what stays free."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._parts: MemoryParts | None = None
        self._bar = Meter(_BAR)
        self._keys = tuple(Key(shade) for shade in _PARTS)
        keys = FlowLayout()
        for key in self._keys:
            keys.addWidget(key)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._bar)
        column.addLayout(keys)

    def show_parts(self, parts: MemoryParts) -> None:
        """Show `parts`."""
        if parts != self._parts:
            self._parts = parts
            self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        if self._parts is None:
            return
        parts = self._parts
        amounts = (parts.weights, parts.cache, parts.compute, parts.free)
        names = (
            self.tr("Weights"),
            self.tr("KV cache"),
            self.tr("Working memory"),
            self.tr("Still free"),
        )
        self._bar.show_parts(
            [Part(amount, shade) for amount, shade in zip(amounts, _PARTS, strict=True)]
        )
        for key, name, amount in zip(self._keys, names, amounts, strict=True):
            key.say(name, sized(amount))
        told = [f"{name} {sized(amount)}" for name, amount in zip(names, amounts, strict=True)]
        self._bar.setAccessibleName(self.tr("Memory"))
        self._bar.setAccessibleDescription(listed(told))
