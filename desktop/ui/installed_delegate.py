"""How a model in the list is painted: an icon, two lines, and its size. GUI thread."""

from typing import TypeAlias

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.domain.model import FitLevel
from desktop.domain.quantities import sized
from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.installed_list import ShelfRole
from desktop.ui.memory_bar import small_parts
from desktop.ui.memory_views import Fitting
from desktop.ui.meter import paint_meter
from desktop.ui.quantisation_paint import badge_width, paint_badge
from desktop.ui.quantisation_words import speed_words
from desktop.ui.row_paint import paint_row, small_font
from desktop.ui.shelf_words import is_ours, memory_words
from desktop.ui.tokens import Radius, Space, Tokens, tokens_of
from desktop.ui.translation import say

__all__ = ["InstalledDelegate", "fit_line"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_TILE = 36
_ICON = 20
_CHIP_SIDE = 6
_BAR_WIDE = 56
_BAR_TALL = 5
_BAR_ROOM = 260
_WIDEST_SIZE = "888.8 GB"
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class InstalledDelegate(QStyledItemDelegate):
    """Rows as tall as two lines ask for; headings small."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Measure nothing yet."""
        super().__init__(parent)
        self._heights: tuple[str, int, int] | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Return the height of a row in the font of now."""
        font = option.font
        if self._heights is None or self._heights[0] != font.key():
            line = QFontMetrics(font).height()
            small = QFontMetrics(small_font(font)).height()
            tall = max(_TILE, line + small + 3) + 2 * Space.M
            self._heights = (font.key(), tall, small + Space.XL)
        _key, tall, short = self._heights
        return QSize(0, tall if index.flags() & Qt.ItemFlag.ItemIsSelectable else short)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        entry = index.data(ShelfRole.ENTRY)
        title = str(index.data(Qt.ItemDataRole.DisplayRole))
        detail = str(index.data(ShelfRole.DETAIL))
        if isinstance(entry, ShelfEntry):
            loaded, fit = bool(index.data(ShelfRole.LOADED)), index.data(ShelfRole.FIT)
            known = fit if isinstance(fit, Fitting) else None
            _paint_entry(painter, option, entry, (title, detail), known, loaded=loaded)
        else:
            _paint_heading(painter, option, title, detail)
        painter.restore()


def _paint_entry(
    painter: QPainter,
    option: QStyleOptionViewItem,
    entry: ShelfEntry,
    words: tuple[str, str],
    fit: Fitting | None,
    *,
    loaded: bool,
) -> None:
    tokens = tokens_of(option.palette)
    row = option.rect.adjusted(0, 1, 0, -1)
    is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    ground = tokens.tint if is_chosen else ""
    paint_row(painter, row, option.state, tokens, marked=ground, radius=Radius.CARD)
    inner = row.adjusted(Space.M, Space.M - 1, -Space.M, -Space.M + 1)
    _paint_tile(painter, inner, entry, tokens, loaded=loaded)
    inner.setLeft(inner.left() + _TILE + Space.M)
    upper, lower = _lines(inner, option.font)
    upper.setRight(_paint_end(painter, upper, sized(entry.model.size), option.font, tokens.text))
    small = small_font(option.font)
    if fit is not None:
        # Below each other, whatever the sizes are.
        widest = QFontMetrics(option.font).horizontalAdvance(_WIDEST_SIZE) + 1
        upper.setRight(min(upper.right(), inner.right() - widest - Space.M))
        upper.setRight(_paint_bar(painter, upper, fit, tokens))
    if fit is None or loaded:
        end = say(Text("In memory now")) if loaded else memory_words(entry)
        ink = tokens.accent if loaded else tokens.muted
        lower.setRight(_paint_end(painter, lower, end, small, ink))
    else:
        room = lower.width() - QFontMetrics(small).horizontalAdvance(words[1]) - Space.M
        lower.setRight(_paint_fit(painter, lower, fit, room, small, tokens))
    quantisation = entry.facts.quantisation if entry.facts is not None else ""
    _paint_title(painter, upper, words[0], quantisation, option.font, tokens)
    painter.setFont(small)
    painter.setPen(QColor(tokens.warn if entry.problem is not None else tokens.muted))
    painter.drawText(lower, _LEFT, _cut(words[1], small, lower.width()))


def _paint_tile(
    painter: QPainter, inner: QRect, entry: ShelfEntry, tokens: Tokens, *, loaded: bool
) -> None:
    name, ink = _sign(entry, tokens)
    ground = tokens.raised
    if loaded:
        ground, ink = tokens.accent, tokens.on_accent
    tile = QRect(inner.left(), inner.center().y() - _TILE // 2 + 1, _TILE, _TILE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(tile, Radius.CARD - 1, Radius.CARD - 1)
    picture = icon_pixmap(name, _ICON, QColor(ink), painter.device().devicePixelRatioF())
    edge = (_TILE - _ICON) // 2
    painter.drawPixmap(tile.topLeft() + QPoint(edge, edge), picture)


def _sign(entry: ShelfEntry, tokens: Tokens) -> tuple[IconName, str]:
    if entry.problem is not None:
        return "warning", tokens.warn
    if entry.origin is Origin.GUIDE:
        return "spark", tokens.accent
    if entry.projector is not None:
        return "eye", tokens.muted
    if entry.facts is not None and not entry.facts.can_chat:
        return "search", tokens.muted
    return ("box" if is_ours(entry) else "link"), tokens.muted


def _lines(inner: QRect, font: QFont) -> tuple[QRect, QRect]:
    """Return the places of the upper and the lower line, as a pair in the middle of `inner`."""
    first, second = QFontMetrics(font).height(), QFontMetrics(small_font(font)).height()
    top = inner.top() + (inner.height() - first - second - 3) // 2
    upper = QRect(inner.left(), top, inner.width(), first)
    return upper, QRect(inner.left(), top + first + 3, inner.width(), second)


def _paint_end(painter: QPainter, place: QRect, words: str, font: QFont, ink: str) -> int:
    """Paint `words` at the right end of `place`; return where the room before them ends."""
    if not words:
        return place.right()
    width = QFontMetrics(font).horizontalAdvance(words) + 1
    painter.setFont(font)
    painter.setPen(QColor(ink))
    painter.drawText(place, _RIGHT, words)
    return place.right() - width - Space.M


def _paint_bar(painter: QPainter, place: QRect, fit: Fitting, tokens: Tokens) -> int:
    """Paint what it would take of the memory; return where the room before it ends."""
    if place.width() < _BAR_ROOM:
        return place.right()
    above = place.center().y() - _BAR_TALL / 2 + 1
    bar = QRectF(place.right() - _BAR_WIDE, above, _BAR_WIDE, _BAR_TALL)
    paint_meter(painter, bar, small_parts(fit.bar), fit.bar.room, tokens)
    return place.right() - _BAR_WIDE - Space.M


def _paint_fit(
    painter: QPainter, place: QRect, fit: Fitting, room: int, font: QFont, tokens: Tokens
) -> int:
    """Paint where it would run at the right end; return where the room before it ends."""
    badge, words = fit.badge, fit_line(fit, room, font)
    wide = min(badge_width(words, font), max(room, place.width() // 2))
    box = QRect(place.right() - wide, place.top(), wide + 1, place.height())
    paint_badge(painter, badge, words, box, tokens, font)
    return place.right() - wide - Space.M


def fit_line(fit: Fitting, room: int, font: QFont) -> str:
    """Return where a model would run and how fast, in `room` pixels the more important of both.

    That is the speed where nothing but that speaks against the model.
    """
    badge = fit.badge
    if badge_width(badge.line, font) <= room:
        return badge.line
    is_slow = badge.tone == "warn" and fit.placed.fit.level is FitLevel.FITS
    return speed_words(fit.speed) if is_slow else badge.words


def _paint_title(
    painter: QPainter, place: QRect, title: str, quantisation: str, font: QFont, tokens: Tokens
) -> None:
    strong = QFont(font)
    strong.setWeight(QFont.Weight.DemiBold)
    small = small_font(font)
    mark = " ".join(quantisation.split())[:16]
    chip = QFontMetrics(small).horizontalAdvance(mark) + 2 * _CHIP_SIDE if mark else 0
    room = place.width() - (chip + Space.S if chip else 0)
    shown = _cut(title, strong, room)
    painter.setFont(strong)
    painter.setPen(QColor(tokens.text))
    painter.drawText(place, _LEFT, shown)
    if not chip:
        return
    left = place.left() + QFontMetrics(strong).horizontalAdvance(shown) + Space.S
    height = QFontMetrics(small).height() + 2
    box = QRect(left, place.center().y() - height // 2 + 1, chip, height)
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.setBrush(QColor(tokens.surface))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
    painter.setFont(small)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, mark)


def _paint_heading(
    painter: QPainter, option: QStyleOptionViewItem, title: str, detail: str
) -> None:
    tokens = tokens_of(option.palette)
    small = small_font(option.font)
    strong = QFont(small)
    strong.setWeight(QFont.Weight.DemiBold)
    line = QFontMetrics(strong).height()
    place = option.rect.adjusted(Space.M, 0, -Space.M, -Space.S)
    place.setTop(place.bottom() - line)
    painter.setFont(strong)
    painter.setPen(QColor(tokens.text))
    painter.drawText(place, _LEFT, title)
    place.setLeft(place.left() + QFontMetrics(strong).horizontalAdvance(title) + Space.S)
    painter.setFont(small)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(place, _LEFT, _cut(detail, small, place.width()))


def _cut(words: str, font: QFont, width: int) -> str:
    metrics = QFontMetrics(font)
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, width))
