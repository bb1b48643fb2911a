"""Labels that show foreign words as they are.

`QLabel` and tooltips detect HTML by themselves and open the files it names, so a model's name is
enough to reach the network. Every label of Lapis is one of these, and never anything but plain
text. GUI thread.
"""

import re
from typing import Final, Literal, TypeAlias

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

__all__ = [
    "ElidedLabel",
    "PlainLabel",
    "as_words",
    "breakable",
    "plain_tooltip",
    "restyle",
    "set_tooltip",
]

_TOLD: Final = "tooltipWords"
# What joins the parts of names, paths and addresses; else a piece that is too long for a line.
_PIECE: Final = re.compile(r"[-_./\\?&=#]+|[^-_./\\?&=#\s]{18}")

Tone: TypeAlias = Literal["normal", "muted", "accent", "good", "warn", "bad"]
TextSize: TypeAlias = Literal["small", "body", "title", "large"]


def set_tooltip(widget: QWidget, text: str) -> None:
    """Show `text` as plain words when the pointer rests on `widget`.

    Screen readers hear the same, unless the widget is described in words of its own. Left to
    itself Qt would give them the tooltip with its marks.
    """
    widget.setToolTip(plain_tooltip(text))
    if widget.accessibleDescription() in {"", widget.property(_TOLD)}:
        widget.setAccessibleDescription(text)
    widget.setProperty(_TOLD, text)


def plain_tooltip(text: str) -> str:
    """Return `text` as `QToolTip` shows it word for word."""
    return GuiQt.convertFromPlainText(text) if text else ""


def as_words(text: str) -> str:
    """Return `text` for a button or a line of a menu, where a single "&" would underline a letter."""
    return text.replace("&", "&&")


def breakable(text: str) -> str:
    """Return `text` with unseen places where a line may break, as labels break at words only."""
    return _PIECE.sub("\\g<0>\u200b", text)


def restyle(widget: QWidget, name: str, value: str | bool) -> None:
    """Give `widget` the look that the style sheet has for its property `name`."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class PlainLabel(QLabel):
    """A label that never interprets its text; `tone` and `size` choose its look."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = "normal",
        size: TextSize = "body",
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Show `text`; with `wrap` it breaks into lines."""
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        self.setProperty("type", size)
        self.setWordWrap(wrap)
        self.setText(text)

    def set_tone(self, tone: Tone) -> None:
        """Change the colour."""
        restyle(self, "tone", tone)


class ElidedLabel(PlainLabel):
    """One line that ends in "…" where it does not fit; the whole of it is the tooltip then."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = "normal",
        size: TextSize = "body",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        """Show as much of `text` as fits."""
        self._whole = ""
        self._hint = ""
        self._mode = mode
        super().__init__(text, tone=tone, size=size, parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:
        """Show `text`, line breaks as spaces."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self.updateGeometry()
        self._fit()

    def set_hint(self, hint: str) -> None:
        """Explain the text where the pointer rests on it."""
        self._hint = hint
        self._fit()

    def whole_text(self) -> str:
        """Return the text before it was cut."""
        return self._whole

    def sizeHint(self) -> QSize:
        """Ask for room for the whole text."""
        self.ensurePolished()
        width = QFontMetrics(self.font()).horizontalAdvance(self._whole) + 2
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Be content with room for a letter and "…"."""
        width = QFontMetrics(self.font()).horizontalAdvance("M…")
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut again for the new width."""
        super().resizeEvent(event)
        self._fit()

    def elided(self, metrics: QFontMetrics, width: int) -> str:
        """Return as much of the text as fits into `width` pixels."""
        return metrics.elidedText(self._whole, self._mode, width)

    def _fit(self) -> None:
        self.ensurePolished()
        shown = self.elided(QFontMetrics(self.font()), max(0, self.contentsRect().width()))
        QLabel.setText(self, shown)
        cut = self._whole if shown != self._whole else ""
        set_tooltip(self, "\n".join(line for line in (cut, self._hint) if line))
