"""The picture in the tray: a gem that is full when a model is in memory, with signs for the rest.

Drawn from SVG for each size and colour of panel. GUI thread.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop.domain.engine import EngineState, Phase
from desktop.system.panel import Tone
from desktop.ui.icons import picture
from desktop.ui.tokens import DARK, LIGHT, Anywhere, Tokens

__all__ = ["Sign", "TrayPicture", "tray_icon", "tray_picture"]

_STEP: Final = 5
_WHOLE: Final = 100
# Parts of the side of the icon.
_BAR: Final = 0.12
_ABOVE_BAR: Final = 0.93
_SIGN: Final = 0.5
_MOAT: Final = 0.07
_TRACK: Final = 0.35


class Sign(Enum):
    """What stands at the corner of the gem."""

    NONE = auto()
    ANSWERING = auto()
    PAUSED = auto()
    FAILED = auto()


_SIGN_FILES: Final = {
    Sign.ANSWERING: "tray-answering",
    Sign.PAUSED: "tray-paused",
    Sign.FAILED: "tray-failed",
}


@dataclass(frozen=True, slots=True)
class TrayPicture:
    """What is to be seen. Equal ones look the same, so that nothing is drawn in vain.

    `full` is how much of the model is in memory and `download` how much of the downloads is here,
    both in percent; None: nothing is being downloaded.
    """

    full: int = 0
    download: int | None = None
    sign: Sign = Sign.NONE


def tray_picture(
    state: EngineState, *, answering: bool, paused: bool, download: float | None
) -> TrayPicture:
    """Return the picture for a state; `download` is a share from 0 to 1."""
    match state.phase:
        case Phase.READY:
            full = _WHOLE
        case Phase.LOADING:
            # Never quite full before it is.
            full = min(_WHOLE - _STEP, max(_STEP, _stepped(state.progress)))
        case _:
            full = 0
    if state.phase is Phase.FAILED:
        sign = Sign.FAILED
    elif paused:
        sign = Sign.PAUSED
    elif answering and state.phase is Phase.READY:
        sign = Sign.ANSWERING
    else:
        sign = Sign.NONE
    return TrayPicture(full, None if download is None else _stepped(download), sign)


def tray_icon(shown: TrayPicture, tone: Tone, *, template: bool = False) -> QIcon:
    """Return `shown` as an icon for a panel that looks like `tone`.

    A `template` is black and lets the system choose the colour: macOS does.
    """
    icon = QIcon(_Gem(shown, Tone.LIGHT if template else tone, template=template))
    icon.setIsMask(template)
    return icon


def _stepped(share: float) -> int:
    return round(min(1.0, max(0.0, share)) * _WHOLE / _STEP) * _STEP


class _Gem(QIconEngine):
    """Draws for whatever size and scale a panel asks for."""

    def __init__(self, shown: TrayPicture, tone: Tone, *, template: bool) -> None:
        super().__init__()
        self._shown = shown
        self._tone = tone
        self._template = template

    def clone(self) -> QIconEngine:
        return _Gem(self._shown, self._tone, template=self._template)

    def paint(self, painter: QPainter, rect: QRect, _mode: QIcon.Mode, _state: QIcon.State) -> None:
        scale = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect.topLeft(), self._drawn(rect.size(), scale))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, _mode: QIcon.Mode, _state: QIcon.State, scale: float
    ) -> QPixmap:
        return self._drawn(size, scale)

    def _drawn(self, size: QSize, scale: float) -> QPixmap:
        pixmap = QPixmap(size * scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        side = min(pixmap.width(), pixmap.height())
        left, top = (pixmap.width() - side) // 2, (pixmap.height() - side) // 2
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw(painter, QRectF(left, top, side, side))
        painter.end()
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    def _draw(self, painter: QPainter, box: QRectF) -> None:
        gem = foot = QRectF(box)
        download = self._shown.download
        if download is not None:
            side, tall = round(box.height() * _ABOVE_BAR), max(2, round(box.height() * _BAR))
            gem = QRectF(round(box.center().x() - side / 2), box.top(), side, side)
            foot = QRectF(box.left(), box.top(), box.width(), box.height() - tall)
        self._draw_gem(painter, gem, self._shown.full)
        if self._shown.sign is not Sign.NONE:
            self._draw_sign(painter, foot, self._shown.sign)
        if download is not None:
            bar = QRectF(box.left(), foot.bottom(), box.width(), box.bottom() - foot.bottom())
            self._draw_bar(painter, bar, download)

    def _draw_gem(self, painter: QPainter, box: QRectF, full: int) -> None:
        if full == _WHOLE:
            painter.drawPixmap(box.topLeft(), self._full_gem(box))
            return
        painter.drawPixmap(box.topLeft(), self._layer("tray-outline", box, self._ink))
        if full > 0:
            edge = box.bottom() - box.height() * full / _WHOLE
            is_plain = self._tone is not Tone.UNKNOWN
            rising = self._layer("tray-full", box, self._ink) if is_plain else self._full_gem(box)
            painter.save()
            painter.setClipRect(QRectF(box.left(), edge, box.width(), box.bottom() - edge))
            painter.drawPixmap(box.topLeft(), rising)
            painter.restore()

    def _full_gem(self, box: QRectF) -> QPixmap:
        if self._tone is Tone.UNKNOWN:
            return self._layer("lapis", box, None)
        gem = self._layer("tray-full", box, self._ink)
        painter = QPainter(gem)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
        painter.drawPixmap(0, 0, self._layer("tray-facets", box, self._ink))
        painter.end()
        return gem

    def _draw_bar(self, painter: QPainter, bar: QRectF, share: int) -> None:
        track, done = QColor(self._ink), QRectF(bar)
        track.setAlphaF(_TRACK)
        # What is left of a sign's moat must not shine through.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(bar, track)
        done.setWidth(round(bar.width() * share / _WHOLE))
        painter.fillRect(done, self._ink if self._template else self._accent)

    def _draw_sign(self, painter: QPainter, room: QRectF, sign: Sign) -> None:
        side = round(room.width() * _SIGN)
        box = QRectF(room.right() - side, room.bottom() - side, side, side)
        moat = room.width() * _MOAT
        painter.save()
        # The gem steps back from it: two things that touch are one at this size.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.drawEllipse(box.adjusted(-moat, -moat, moat, moat))
        painter.restore()
        painter.drawPixmap(box.topLeft(), self._layer(_SIGN_FILES[sign], box, self._colour(sign)))

    def _layer(self, name: str, box: QRectF, colour: QColor | None) -> QPixmap:
        """Return an SVG in the size of `box`, in `colour` or as it is."""
        layer = QPixmap(box.size().toSize())
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(picture(name)).render(painter, QRectF(layer.rect()))
        if colour is not None:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
            painter.fillRect(layer.rect(), colour)
        painter.end()
        return layer

    @property
    def _tokens(self) -> Tokens:
        return LIGHT if self._tone is Tone.LIGHT else DARK

    @property
    def _ink(self) -> QColor:
        if self._template:
            return QColor(Qt.GlobalColor.black)
        # Where nobody tells, a blue that is seen on light and on dark.
        return QColor(Anywhere.ACCENT if self._tone is Tone.UNKNOWN else self._tokens.text)

    @property
    def _accent(self) -> QColor:
        return QColor(Anywhere.ACCENT if self._tone is Tone.UNKNOWN else self._tokens.accent)

    def _colour(self, sign: Sign) -> QColor:
        if self._template or sign is Sign.PAUSED:
            return self._ink
        if sign is Sign.ANSWERING:
            return self._accent
        return QColor(Anywhere.BAD if self._tone is Tone.UNKNOWN else self._tokens.bad)
