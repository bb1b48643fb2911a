"""An icon that is only looked at, in a tone of the theme. GUI thread."""

from typing import Literal, TypeAlias

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.tokens import Size, tokens_of

__all__ = ["TintedIcon"]

IconTone: TypeAlias = Literal["muted", "accent", "good", "warn", "bad"]


class TintedIcon(QWidget):
    """Paints the icon `name`, `side` pixels square."""

    def __init__(
        self,
        name: IconName,
        side: int = Size.ICON,
        *,
        tone: IconTone = "muted",
    ) -> None:
        """Paint in the colour of `tone`."""
        super().__init__()
        self._name: IconName = name
        self._tone: IconTone = tone
        self.setFixedSize(side, side)

    def stand_beside(self, line: int) -> None:
        """Stand in the middle of a line of words that is `line` pixels high."""
        self.setFixedHeight(max(self.width(), line))

    def set_icon(self, name: IconName, tone: IconTone | None = None) -> None:
        """Paint another icon, in another tone if one is given."""
        self._name = name
        self._tone = tone or self._tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        colours = {
            "muted": tokens.muted,
            "accent": tokens.accent,
            "good": tokens.good,
            "warn": tokens.warn,
            "bad": tokens.bad,
        }
        pixmap = icon_pixmap(
            self._name, self.width(), QColor(colours[self._tone]), self.devicePixelRatioF()
        )
        QPainter(self).drawPixmap(0, (self.height() - self.width() + 1) // 2, pixmap)
