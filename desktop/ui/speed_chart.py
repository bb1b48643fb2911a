"""How fast models answered on this computer, one bar each. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.advice import Place
from desktop.services.measured_speeds import MeasuredSpeed
from desktop.ui.meter import Shade, shade_colour
from desktop.ui.tokens import Size, Space, resized, tokens_of

__all__ = ["SpeedChart"]

_BAR = 10
_GAP = 6
_LEAST = 3.0
_SHADES = {Place.CARD: Shade.ACCENT, Place.BOTH: Shade.SOFT, Place.PROCESSOR: Shade.QUIET}


class SpeedChart(QWidget):
    """Name and figure above each bar, so that long names have room; the fastest is the longest."""

    def __init__(self) -> None:
        """Start without bars."""
        super().__init__()
        self._speeds: tuple[MeasuredSpeed, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._say()

    def show_speeds(self, speeds: Sequence[MeasuredSpeed]) -> None:
        """Show `speeds`, from the top."""
        if tuple(speeds) != self._speeds:
            self._speeds = tuple(speeds)
            self._say()
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        count = len(self._speeds)
        return QSize(320, max(0, count * (self._row() + Space.M) - Space.M))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Follow language and font."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self._say()
            self.updateGeometry()
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self._font()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        fastest = max((each.speed for each in self._speeds), default=1.0)
        top = 0.0
        for each in self._speeds:
            figure = self._figure(each)
            wide = metrics.horizontalAdvance(figure)
            # On one line whatever their scripts are: in a box, each would hang from its top.
            line = top + metrics.ascent()
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPointF(self.width() - wide, line), figure)
            painter.setPen(QColor(tokens.text))
            room = max(0, self.width() - wide - Space.L)
            name = metrics.elidedText(each.name, Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(QPointF(0, line), name)
            groove = QRectF(0, top + metrics.height() + _GAP, self.width(), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(groove, _BAR / 2, _BAR / 2)
            bar = QRectF(groove)
            bar.setWidth(max(_LEAST + _BAR, groove.width() * each.speed / fastest))
            painter.setBrush(shade_colour(_SHADES[each.place], tokens))
            painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
            top += self._row() + Space.M

    def _figure(self, each: MeasuredSpeed) -> str:
        places = {
            Place.CARD: self.tr("graphics card"),
            Place.BOTH: self.tr("graphics card and processor"),
            Place.PROCESSOR: self.tr("processor"),
        }
        digits = 0 if each.speed >= 10 else 1
        speed = self.tr("{speed} tokens/s").format(speed=f"{each.speed:.{digits}f}")
        return f"{speed} · {places[each.place]}"

    def _row(self) -> int:
        return QFontMetrics(self._font()).height() + _GAP + _BAR

    def _font(self) -> QFont:
        font = resized(self.font(), Size.BODY - 1)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _say(self) -> None:
        self.setAccessibleName(self.tr("Measured speeds"))
        told = (f"{each.name}: {self._figure(each)}" for each in self._speeds)
        self.setAccessibleDescription(". ".join(told))
