"""A menu button that takes the width there is; words that do not fit end in "…". GUI thread."""

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy

from desktop.ui.labels import as_words, set_tooltip
from desktop.ui.menu_button import MenuButton

__all__ = ["WideMenu"]

_LEAST = 120
_AROUND = 46


class WideMenu(MenuButton):
    """For columns whose width is given."""

    def __init__(self) -> None:
        """Start without choices."""
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_choices(
        self, purpose: str, choices: Sequence[tuple[Hashable, str]], value: Hashable
    ) -> None:
        """Offer `choices`, as `MenuButton` does."""
        super().set_choices(purpose, choices, value)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(_LEAST, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        words = dict(self.choices).get(self.value, "")
        room = max(0, self.width() - _AROUND)
        shown = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room)
        self.setText(as_words(shown))
        set_tooltip(self, words if shown != words else "")
