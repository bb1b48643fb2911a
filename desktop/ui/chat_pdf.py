"""A chat as PDF: text that can be selected, formulas as lines, page numbers.

Text documents belong to the thread that makes them, so all of this may run off the GUI thread; it
is done piece by piece, so that no document grows large.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import IO, Final

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
    QTextOption,
)

from desktop.domain.carried import CarriedChat, CarriedMessage, active_branch
from desktop.domain.chat import Role
from desktop.domain.history import Attachment
from desktop.services.chat_telling import Teller
from desktop.services.pictures import picture_of
from desktop.ui.code_colours import colour_looks, colour_ranges
from desktop.ui.code_roles import LONGEST_CODE
from desktop.ui.html_parts import Typeset
from desktop.ui.links import visible
from desktop.ui.markdown import parse
from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Span, Table, clean, code_text
from desktop.ui.picture_making import decoded
from desktop.ui.text_formats import INDENT, space_between
from desktop.ui.text_formulas import Formulas
from desktop.ui.text_ground import paint_ground
from desktop.ui.text_writer import TextWriter
from desktop.ui.tokens import LIGHT, Radius, Size, Space
from desktop.ui.typeset_messages import Colour, Coloured, Draw, Drawn, Refused

__all__ = ["write_pdf"]

_DPI: Final = 1200
_PIXELS: Final = 96
_MARGIN_MM: Final = 20.0
_FOOT: Final = 24
_LINES_AT_ONCE: Final = 120
_PARTS_AT_ONCE: Final = 40
_TITLE_SCALE: Final = 1.25
_PICTURE_HIGH: Final = 480.0


def write_pdf(
    stream: IO[bytes],
    chat: CarriedChat,
    teller: Teller,
    typeset: Typeset,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the branch that is shown, in light colours, on the paper that is usual here.

    `check` is called before each piece and may raise, to give up.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pages = _Pages(buffer, teller.title(chat))
    try:
        _tell(chat, teller, _Setter(pages, typeset, check))
    finally:
        pages.end()
    stream.write(buffer.data().data())


def _tell(chat: CarriedChat, teller: Teller, setter: "_Setter") -> None:
    title = Paragraph((Span(clean(teller.title(chat))),), level=1)
    setter.parts([title], scale=_TITLE_SCALE)
    setter.quiet(teller.head(chat))
    if prompt := (chat.settings.system_prompt or "").strip():
        setter.space(Space.XL)
        setter.quiet(teller.speaker(Role.SYSTEM))
        setter.plain(prompt, LIGHT.muted)
    for message in active_branch(chat):
        setter.space(Space.XL)
        if message.memory is not None:
            setter.parts([Rule()])
            setter.quiet(teller.memory())
            if message.memory.summary.strip():
                setter.plain(message.memory.summary, LIGHT.muted)
            setter.space(Space.L)
        _message(message, teller, setter)


def _message(message: CarriedMessage, teller: Teller, setter: "_Setter") -> None:
    for attachment in message.attachments:
        if attachment.is_picture:
            setter.picture(attachment, teller.picture(attachment))
            continue
        setter.quiet(teller.attachment(attachment))
        setter.code(Code(code_text(attachment.text.strip("\n"))))
        setter.space(Space.S)
    if message.reasoning.strip():
        setter.quiet(teller.thinking(message))
        setter.plain(message.reasoning.strip(), LIGHT.muted)
        setter.space(Space.M)
    if message.content.strip():
        match message.role:
            case Role.ASSISTANT:
                setter.parts(parse(message.content))
            case Role.TOOL:
                setter.code(Code(code_text(message.content)))
            case _:
                setter.plain(message.content.strip("\n"), LIGHT.text, ground=LIGHT.raised)
    for call in message.tool_calls:
        setter.space(Space.S)
        setter.code(Code(code_text(f"{call.name}({call.arguments})")))
    if foot := teller.foot(message):
        setter.space(Space.S)
        setter.quiet(foot)


class _Pages:
    """Paper, filled from top to bottom; all lengths are those of the window's pixels."""

    def __init__(self, device: QIODevice, title: str) -> None:
        self._writer = QPdfWriter(device)
        self._writer.setResolution(_DPI)
        self._writer.setTitle(title)
        self._writer.setCreator("Lapis")
        imperial = QLocale().measurementSystem() == QLocale.MeasurementSystem.ImperialUSSystem
        size = QPageSize.PageSizeId.Letter if imperial else QPageSize.PageSizeId.A4
        self._writer.setPageSize(QPageSize(size))
        margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self._writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
        scale = _DPI / _PIXELS
        self.width = self._writer.width() / scale
        self.high = self._writer.height() / scale - _FOOT
        self._title = visible(title)
        self._number = 1
        self.y = 0.0
        self.painter = QPainter(self._writer)
        self.painter.scale(scale, scale)
        self._foot()

    @property
    def left(self) -> float:
        """How much room there is below on this page."""
        return self.high - self.y

    def turn(self) -> None:
        """Begin the next page."""
        self._writer.newPage()
        self._number += 1
        self.y = 0.0
        self._foot()

    def end(self) -> None:
        """Close the file."""
        self.painter.end()

    def _foot(self) -> None:
        font = QFont()
        font.setPixelSize(Size.SMALL)
        line = QRectF(0, self.high + _FOOT - Size.SMALL * 1.4, self.width, Size.SMALL * 1.4)
        self.painter.setFont(font)
        self.painter.setPen(QColor(LIGHT.muted))
        metrics = QFontMetricsF(font)
        shown = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, self.width * 0.8)
        self.painter.drawText(line, Qt.AlignmentFlag.AlignLeft, shown)
        self.painter.drawText(line, Qt.AlignmentFlag.AlignRight, str(self._number))


class _Setter:
    """Sets pieces of text one below the other, over as many pages as they need."""

    def __init__(self, pages: _Pages, typeset: Typeset, check: Callable[[], None]) -> None:
        self._pages = pages
        self._typeset = typeset
        self._check = check
        self._theme = LIGHT

    def space(self, height: float) -> None:
        """Leave room, but never at the top of a page."""
        if self._pages.y:
            self._pages.y = min(self._pages.y + height, self._pages.y + self._pages.left)

    def quiet(self, words: str) -> None:
        """Set one small line."""
        if words:
            part = Paragraph((Span(clean(visible(words))),), small=True)
            self._set(lambda writer: writer.paragraph(part, None))

    def plain(self, text: str, tone: str, *, ground: str = "") -> None:
        """Set `text` as it stands."""
        for lines in _portions(clean(text).split("\n")):
            words = "\n".join(lines)
            self._set(partial(_write_lines, words, tone), ground=ground)

    def code(self, part: Code) -> None:
        """Set a block of code in its colours."""
        reply = None
        if part.language and len(part.text) <= LONGEST_CODE:
            reply = self._typeset(Colour(part.text, part.language))
        runs = reply.lines if isinstance(reply, Coloured) else []
        at = 0
        for lines in _portions(part.text.split("\n")):
            words, coloured = "\n".join(lines), runs[at : at + len(lines)]
            at += len(lines)
            self._set(
                partial(_write_code, words),
                partial(self._colour, coloured),
                ground=self._theme.code,
            )

    def picture(self, attachment: Attachment, words: str) -> None:
        """Set a picture, as large as it is and no larger than the paper; else `words`."""
        self._check()
        found = picture_of(attachment)
        image = QImage() if found is None else decoded(found.data)
        if image.isNull():
            self.quiet(words)
            return
        pages = self._pages
        most = QSizeF(pages.width, min(_PICTURE_HIGH, pages.high))
        size = QSizeF(image.size())
        if size.width() > most.width() or size.height() > most.height():
            size.scale(most, Qt.AspectRatioMode.KeepAspectRatio)
        if size.height() > pages.left:
            pages.turn()
        pages.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        pages.painter.drawImage(QRectF(QPointF(0, pages.y), size), image)
        pages.y += size.height()
        self.space(Space.S)

    def parts(self, parts: Sequence[Part], scale: float = 1.0) -> None:
        """Set what Markdown says."""
        run: list[Paragraph | Rule] = []
        above: Paragraph | Rule | None = None
        for part in [*parts, None]:
            if isinstance(part, Paragraph | Rule) and len(run) < _PARTS_AT_ONCE:
                run.append(part)
                continue
            if run:
                if above is not None:
                    self.space(space_between(run[0], above))
                self._run(run, scale)
                above = run[-1]
            run = []
            match part:
                case Code():
                    self.space(Space.M)
                    self.code(part)
                    above = Paragraph(())
                case Table():
                    self.space(Space.M)
                    self._set(partial(_write_table, part))
                    above = Paragraph(())
                case Paragraph() | Rule():
                    run = [part]
                case _:
                    pass

    def _run(self, run: Sequence[Paragraph | Rule], scale: float) -> None:
        def write(writer: TextWriter) -> None:
            for at, part in enumerate(run):
                writer.paragraph(part, run[at - 1] if at else None)

        self._set(write, scale=scale)

    def _set(
        self,
        write: Callable[[TextWriter], object],
        finish: Callable[[QTextDocument], object] | None = None,
        *,
        ground: str = "",
        scale: float = 1.0,
    ) -> None:
        self._check()
        inset = Space.M if ground else 0
        document = QTextDocument()
        document.setUseDesignMetrics(True)
        document.setDocumentMargin(0)
        document.setIndentWidth(INDENT)
        font = QFont()
        font.setPixelSize(round(Size.BODY * scale))
        document.setDefaultFont(font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        document.setTextWidth(self._pages.width - 2 * inset)
        Formulas(document, self._drawn)
        write(TextWriter(document, self._theme, scale))
        if finish is not None:
            finish(document)
        self._place(document, inset, ground, scale)

    def _drawn(self, order: Draw) -> Drawn | Refused:
        reply = self._typeset(order)
        return reply if isinstance(reply, Drawn) else Refused()

    def _colour(self, runs: Sequence[list[int]], document: QTextDocument) -> None:
        looks = colour_looks(self._theme)
        block = document.firstBlock()
        for line in runs:
            if not block.isValid():
                return
            block.layout().setFormats(colour_ranges(line, looks))
            document.markContentsDirty(block.position(), block.length())
            block = block.next()

    def _place(self, document: QTextDocument, inset: int, ground: str, scale: float) -> None:
        """Draw `document`, cut between its lines where a page ends."""
        pages = self._pages
        edge = Space.S if ground else 0
        whole = document.size().height()
        cuts = _cuts(document, whole)
        start = 0.0
        while start < whole:
            room = pages.left - 2 * edge
            fitting = [cut for cut in cuts if start < cut <= start + room]
            if not fitting and pages.y:
                pages.turn()
                continue
            # A single line higher than a page is cut wherever the page ends.
            end = fitting[-1] if fitting else min(whole, start + room)
            high = end - start
            if ground:
                box = QRectF(0, pages.y, pages.width, high + 2 * edge)
                pages.painter.setPen(Qt.PenStyle.NoPen)
                pages.painter.setBrush(QColor(ground))
                pages.painter.drawRoundedRect(box, Radius.FIELD, Radius.FIELD)
            pages.painter.save()
            pages.painter.translate(inset, pages.y + edge - start)
            area = QRectF(0, start, document.textWidth(), high)
            pages.painter.setClipRect(area.adjusted(-inset, -2, inset, 2))
            paint_ground(pages.painter, document, area, self._theme, scale)
            context = QAbstractTextDocumentLayout.PaintContext()
            context.clip = area
            document.documentLayout().draw(pages.painter, context)
            pages.painter.restore()
            pages.y += high + 2 * edge
            start = end


def _cuts(document: QTextDocument, whole: float) -> list[float]:
    """Return the heights at which no line of text is cut, cells of tables beside each other."""
    boxes = sorted(_lines(document))
    cuts: list[float] = []
    bottom = 0.0
    for top, end in boxes:
        if top >= bottom and bottom:
            cuts.append(top)
        bottom = max(bottom, end)
    return [*cuts, whole]


def _lines(document: QTextDocument) -> Iterator[tuple[float, float]]:
    block = document.firstBlock()
    layout = document.documentLayout()
    while block.isValid():
        place = layout.blockBoundingRect(block)
        lines = block.layout()
        first = lines.position().y() if lines.lineCount() else place.top()
        for number in range(lines.lineCount()):
            line = lines.lineAt(number)
            # Lines of a fixed height overlap by the fraction of a pixel.
            yield first + line.y(), first + line.y() + line.height() - 1
        if not lines.lineCount():
            yield place.top(), place.bottom() - 1
        block = block.next()


def _portions(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(lines), _LINES_AT_ONCE):
        yield lines[at : at + _LINES_AT_ONCE]


def _write_lines(words: str, tone: str, writer: TextWriter) -> None:
    writer.lines(words, tone)


def _write_code(words: str, writer: TextWriter) -> None:
    writer.code(words)


def _write_table(part: Table, writer: TextWriter) -> None:
    writer.table().show(part)
