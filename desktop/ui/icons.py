"""One family of line icons, tinted when they are painted, so that they follow the theme.

An icon keeps a name and a palette role, never a picture: each paint asks for the size and the
screen's scale at hand. Pictures are in Qt's own cache, as the same few are painted again and again.
GUI thread.
"""

from typing import Literal, TypeAlias

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)
from PySide6.QtSvg import QSvgRenderer

from desktop.base.paths import resources

__all__ = ["IconName", "app_icon", "icon", "icon_pixmap", "picture"]

IconName: TypeAlias = Literal[
    "archive",
    "arrow-down",
    "arrow-left",
    "arrow-up",
    "battery",
    "block",
    "book",
    "box",
    "brain",
    "branch",
    "bulb",
    "card",
    "chart",
    "chat",
    "check",
    "check-circle",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chip",
    "close",
    "code",
    "compass",
    "copy",
    "disk",
    "download",
    "edit",
    "export",
    "eye",
    "file",
    "folder",
    "folder-open",
    "folder-plus",
    "globe",
    "half-circle",
    "heart",
    "info",
    "keyboard",
    "leaves",
    "link",
    "list",
    "lock",
    "mail",
    "memory",
    "models",
    "more",
    "new-chat",
    "pause",
    "person",
    "picture",
    "pin",
    "play",
    "plug",
    "plus",
    "pot",
    "power",
    "question",
    "refresh",
    "scales",
    "search",
    "send",
    "server",
    "settings",
    "shield",
    "shrink",
    "sidebar",
    "slash",
    "sliders",
    "sort",
    "spark",
    "star",
    "stop",
    "sun",
    "table",
    "temporary",
    "trash",
    "undo",
    "warning",
    "wrap",
]
Tint: TypeAlias = QPalette.ColorRole | QColor

_APP_SIZES = (16, 20, 22, 24, 32, 40, 48, 64, 128, 256)


def icon(name: IconName, tint: Tint = QPalette.ColorRole.ButtonText) -> QIcon:
    """Return an icon in a role of the application's palette (follows the theme) or one colour."""
    return QIcon(_TintedSvg(name, tint))


def icon_pixmap(name: IconName, size: int, colour: QColor, scale: float) -> QPixmap:
    """Return `name` painted in `colour`, `size` pixels square on a screen of `scale`."""
    return _painted(name, QSize(size, size), colour, scale)


def app_icon() -> QIcon:
    """Return the gem in every size that task bars and trays ask for."""
    renderer = QSvgRenderer(picture("lapis"))
    out = QIcon()
    for side in _APP_SIZES:
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, side, side))
        painter.end()
        out.addPixmap(pixmap)
    return out


def picture(name: str) -> QByteArray:
    """Return the SVG `name` of our icons; empty once Lapis is removed from under us.

    It ends soon then. Whoever is painting must not be thrown out of it: Qt would crash.
    """
    try:
        return QByteArray((resources() / "icons" / f"{name}.svg").read_bytes())
    except FileNotFoundError:
        return QByteArray()


def _painted(name: IconName, size: QSize, colour: QColor, scale: float) -> QPixmap:
    if size.isEmpty():
        # Asked for by a button that is squeezed while its window is made narrow.
        return QPixmap()
    tint = colour.name(QColor.NameFormat.HexArgb)
    key = f"lapis/{name}/{size.width()}x{size.height()}/{tint}/{scale}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        pixmap = _tinted(QSvgRenderer(picture(name)), size * scale, colour, scale)
        QPixmapCache.insert(key, pixmap)
    return pixmap


def _tinted(renderer: QSvgRenderer, pixels: QSize, colour: QColor, scale: float) -> QPixmap:
    pixmap = QPixmap(pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(QPoint(0, 0), pixels))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), colour)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


class _TintedSvg(QIconEngine):
    """Paints one SVG as a stencil for the tint of the moment."""

    def __init__(self, name: IconName, tint: Tint) -> None:
        super().__init__()
        self._name: IconName = name
        self._tint = tint

    def clone(self) -> QIconEngine:
        return _TintedSvg(self._name, self._tint)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        scale = painter.device().devicePixelRatioF()
        pixmap = _painted(self._name, rect.size(), self._colour(mode), scale)
        painter.drawPixmap(rect.topLeft(), pixmap)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float
    ) -> QPixmap:
        return _painted(self._name, size, self._colour(mode), scale)

    def _colour(self, mode: QIcon.Mode) -> QColor:
        if isinstance(self._tint, QColor):
            return self._tint
        group = (
            QPalette.ColorGroup.Disabled
            if mode is QIcon.Mode.Disabled
            else QPalette.ColorGroup.Active
        )
        return QGuiApplication.palette().color(group, self._tint)
