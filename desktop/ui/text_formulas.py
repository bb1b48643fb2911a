"""Formulas within text: each is one character of the document, drawn as vector.

Until the drawing comes, and where there will be none, the source is shown as code. The colour is
that of the text around, the baseline too. GUI thread.
"""

from collections.abc import Callable
from typing import Final, cast

from PySide6.QtCore import QObject, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPyTextObject,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtSvg import QSvgRenderer

from desktop.ui.formula_svg import renderer_of
from desktop.ui.text_formats import INDENT, mono_look
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import DARK, LIGHT, Size
from desktop.ui.typeset_messages import Draw, Drawn, Refused
from desktop.ui.typesetter import typesetter
from desktop.ui.weakly import weakly

__all__ = ["OBJECT", "Formulas", "formula_format", "formula_source", "formulas_of"]

OBJECT: Final = "\ufffc"
_TYPE: Final = QTextFormat.ObjectTypes.UserObject.value + 1
_USER = QTextFormat.Property.UserProperty.value
_TEX: Final = _USER + 10
_EM: Final = _USER + 11
_DISPLAY: Final = _USER + 12
_IS_KNOWN: Final = _USER + 13
_PIXEL_SIZE: Final = QTextFormat.Property.FontPixelSize.value
_EM_OF_TEXT: Final = 1.2
_EM_OF_DISPLAY: Final = 1.3
_ABOVE: Final = 2.0
_HANGS: Final = 0.42
"""what may hang below the baseline, of the type size, without pushing the next line away"""
_CHIP: Final = 3.0
_FITS_ABOVE: Final = 0.85
_FITS_BELOW: Final = 0.3
_FIXED: Final = QTextBlockFormat.LineHeightTypes.FixedHeight.value
_AT_LEAST: Final = QTextBlockFormat.LineHeightTypes.MinimumHeight.value
_PLACE_MS: Final = 40
_KEPT_RENDERERS: Final = 60
_WRAP: Final = Qt.TextFlag.TextWrapAnywhere.value
_MIDDLE: Final = QTextCharFormat.VerticalAlignment.AlignMiddle


def formula_format(
    tex: str, look: QTextCharFormat, *, display: bool, known: Drawn | Refused | None = None
) -> QTextCharFormat:
    """Return the format of the character that stands for a formula in text of `look`."""
    size = look.intProperty(_PIXEL_SIZE) or Size.BODY
    form = QTextCharFormat(look)
    form.setObjectType(_TYPE)
    form.setProperty(_TEX, tex)
    form.setProperty(_EM, size * (_EM_OF_DISPLAY if display else _EM_OF_TEXT))
    form.setProperty(_DISPLAY, display)
    return _aligned(form, known)


def formula_source(look: QTextFormat) -> str:
    """Return the source of the formula whose character has the format `look`, with its marks."""
    mark = "$$" if look.boolProperty(_DISPLAY) else "$"
    return f"{mark}{look.stringProperty(_TEX)}{mark}"


def formulas_of(document: QTextDocument) -> "Formulas":
    """Return what draws the formulas of `document`."""
    found = document.findChild(QObject, Formulas.NAME)
    return found if isinstance(found, Formulas) else Formulas(document)


class Formulas(QPyTextObject):
    """Draws the formulas of one document and learns when a drawing has come."""

    NAME: Final = "formulas"

    def __init__(
        self,
        document: QTextDocument,
        drawing: Callable[[Draw], Drawn | Refused] | None = None,
    ) -> None:
        """Serve `document` from now on; `drawing` gives drawings at once, in the document's thread.

        Without it they come from the typesetter that all windows share.
        """
        super().__init__(document)
        self.setObjectName(self.NAME)
        self._drawings: dict[Draw, Drawn | Refused] = {}
        self._awaited: set[Draw] = set()
        self._arrived: set[Draw] = set()
        self._placing = Throttle(weakly(self._place, None), _PLACE_MS, self)
        self._renderers: dict[tuple[Draw, str], QSvgRenderer] = {}
        document.documentLayout().registerHandler(_TYPE, self)
        self._draw: Callable[[Draw], Drawn | Refused | None]
        if drawing is not None:
            self._draw = drawing
        else:
            self._draw = typesetter().formula
            typesetter().drawn.connect(self._on_drawn)

    @property
    def _document(self) -> QTextDocument:
        """The document; asked for each time, as Qt's binding takes a kept one for deleted.

        It does so when the cursor is gone that the document was once asked of.
        """
        return cast("QTextDocument", self.parent())

    def known(self, tex: str, look: QTextCharFormat, *, display: bool) -> Drawn | Refused | None:
        """Return the drawing of a formula if it is there; else order it."""
        return self._drawing(_order(formula_format(tex, look, display=display)))

    def intrinsicSize(self, _doc: QTextDocument, position: int, form: QTextFormat) -> QSizeF:
        found = self._drawing(_order(form))
        look = form.toCharFormat()
        room = self._room(position)
        if not isinstance(found, Drawn):
            return _source_size(look, room, is_final=found is not None)
        if room >= found.width and look.verticalAlignment() is not _MIDDLE:
            high = found.ascent + _ABOVE
            if look.boolProperty(_DISPLAY):
                high += found.descent + _ABOVE
            return QSizeF(found.width, high)
        scale = min(1.0, room / found.width)
        ascent, descent = found.ascent * scale + _ABOVE, found.descent * scale
        if look.boolProperty(_DISPLAY):
            height = ascent + descent + _ABOVE
        elif look.verticalAlignment() is _MIDDLE:
            half = _half_x(look)
            height = max(2 * ascent - half, 2 * descent + half)
        else:
            height = ascent
        return QSizeF(found.width * scale, height)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _doc: QTextDocument,
        _position: int,
        form: QTextFormat,
    ) -> None:
        rect = QRectF(rect)
        look = form.toCharFormat()
        order = _order(look)
        found = self._drawing(order)
        if not isinstance(found, Drawn):
            _draw_source(painter, rect, look, is_final=found is not None)
            return
        scale = rect.width() / found.width
        if look.boolProperty(_DISPLAY):
            baseline = rect.bottom() - _ABOVE - found.descent * scale
        elif look.verticalAlignment() is _MIDDLE:
            baseline = rect.top() + (rect.height() + _half_x(look)) / 2
        else:
            baseline = rect.bottom()
        high = (found.ascent + found.descent) * scale
        box = QRectF(rect.left(), baseline - found.ascent * scale, rect.width(), high)
        self._renderer(order, found, look.foreground().color()).render(painter, box)

    def fit_lines(self, block: QTextBlock) -> None:
        """Let the lines of a paragraph be higher where a formula in it is."""
        form = block.blockFormat()
        if form.lineHeightType() != _FIXED:
            return
        at = block.begin()
        while not at.atEnd():
            look = at.fragment().charFormat()
            if look.objectType() == _TYPE and self._is_high(look, form.lineHeight()):
                form.setLineHeight(form.lineHeight(), _AT_LEAST)
                QTextCursor(block).setBlockFormat(form)
                return
            at += 1

    def _is_high(self, look: QTextCharFormat, line: float) -> bool:
        found = self._drawing(_order(look))
        if look.boolProperty(_DISPLAY):
            return True
        if isinstance(found, Drawn):
            return found.ascent > _FITS_ABOVE * line or found.descent > _FITS_BELOW * line
        return found is not None

    def _drawing(self, order: Draw) -> Drawn | Refused | None:
        found = self._drawings.get(order)
        if found is None:
            found = self._draw(order)
            if found is None:
                self._awaited.add(order)
            else:
                self._drawings[order] = found
        return found

    def _renderer(self, order: Draw, drawn: Drawn, colour: QColor) -> QSvgRenderer:
        key = (order, colour.name())
        if key not in self._renderers:
            if len(self._renderers) >= _KEPT_RENDERERS:
                self._renderers.clear()
            families = self._document.defaultFont().families()
            self._renderers[key] = renderer_of(drawn.svg, colour, families)
        return self._renderers[key]

    def _room(self, position: int) -> float:
        """Return how wide a formula may be."""
        width = self._document.textWidth()
        if width <= 0:
            return 10_000.0
        form = self._document.findBlock(position).blockFormat()
        return max(40.0, width - form.leftMargin() - form.indent() * INDENT - 2 * _CHIP)

    def _on_drawn(self, order: Draw) -> None:
        """Take what was drawn, and soon give it its place."""
        if order in self._awaited:
            self._awaited.discard(order)
            self._drawing(order)
            self._arrived.add(order)
            self._placing.call()

    def _place(self) -> None:
        """Let everything that arrived take the room it needs."""
        arrived, self._arrived = self._arrived, set()
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        block = self._document.firstBlock()
        while block.isValid():
            if OBJECT in block.text():
                self._place_in(block, arrived)
            block = block.next()
        cursor.endEditBlock()

    def _place_in(self, block: QTextBlock, arrived: set[Draw]) -> None:
        found: list[tuple[int, int, QTextCharFormat]] = []
        at = block.begin()
        while not at.atEnd():
            fragment = at.fragment()
            look = fragment.charFormat()
            if look.objectType() == _TYPE and _order(look) in arrived:
                found.append((fragment.position(), fragment.length(), look))
            at += 1
        cursor = QTextCursor(block)
        for start, length, look in found:
            cursor.setPosition(start)
            cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(_aligned(look, self._drawing(_order(look))))
        if found:
            self.fit_lines(block)


def _aligned(form: QTextCharFormat, known: Drawn | Refused | None) -> QTextCharFormat:
    """Return `form` with its character set so that the formula's baseline is that of the text.

    Qt puts an object upon the baseline, or its middle upon half the height of an x: the font is
    chosen such that this is the middle of the formula. The font has no other use here.
    """
    form.setProperty(_IS_KNOWN, known is not None)
    if not isinstance(known, Drawn) or form.boolProperty(_DISPLAY):
        return form
    size = form.intProperty(_PIXEL_SIZE) or Size.BODY
    if known.descent <= size * _HANGS:
        return form
    form.setVerticalAlignment(_MIDDLE)
    wanted = known.ascent + _ABOVE - known.descent
    form.setFontFamilies([QFont().family()])
    form.setProperty(_PIXEL_SIZE, 100)
    of_hundred = QFontMetrics(form.font()).xHeight()
    form.setProperty(_PIXEL_SIZE, max(1, round(wanted * 200 / max(1, of_hundred))))
    return form


def _half_x(look: QTextCharFormat) -> float:
    return QFontMetrics(look.font()).xHeight() / 2


def _order(look: QTextFormat) -> Draw:
    return Draw(look.stringProperty(_TEX), look.doubleProperty(_EM), look.boolProperty(_DISPLAY))


def _source_size(look: QTextCharFormat, room: float, *, is_final: bool) -> QSizeF:
    """Return the room for a formula's source: a line, or several where it is to stay."""
    metrics = QFontMetricsF(_mono(look))
    text = formula_source(look)
    width = metrics.horizontalAdvance(text.replace("\n", " "))
    if not is_final or (width <= room and "\n" not in text):
        return QSizeF(min(room, width) + 2 * _CHIP, metrics.ascent())
    box = metrics.boundingRect(QRectF(0, 0, room, 100_000), _WRAP, text)
    return QSizeF(box.width() + 2 * _CHIP, box.height())


def _draw_source(painter: QPainter, rect: QRectF, look: QTextCharFormat, *, is_final: bool) -> None:
    font = _mono(look)
    metrics = QFontMetricsF(font)
    colour = look.foreground().color()
    ground = QColor((DARK if colour.lightnessF() > 0.5 else LIGHT).raised)
    inside = rect.adjusted(_CHIP, 0, -_CHIP, 0)
    is_line = rect.height() < 1.5 * metrics.ascent()
    painter.save()
    painter.setFont(font)
    if is_final:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        hang = metrics.descent() if is_line else 0
        painter.drawRoundedRect(rect.adjusted(1, -1, -1, hang), 4, 4)
    painter.setPen(colour)
    if is_line:
        line = formula_source(look).replace("\n", " ")
        shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, inside.width() + 1)
        painter.drawText(inside.bottomLeft(), shown)
    else:
        painter.drawText(inside, _WRAP, formula_source(look))
    painter.restore()


def _mono(look: QTextCharFormat) -> QFont:
    return mono_look((look.intProperty(_PIXEL_SIZE) or Size.BODY) / Size.BODY).font()
