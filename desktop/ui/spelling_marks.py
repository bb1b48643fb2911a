"""Waves under misspelt words in a field, drawn over the text and never part of it.

The document is left alone: no format, nothing to undo, nothing that an input method would meet.
When the typing pauses the whole text is handed over, and what comes back is kept in step with
further typing until the next pause. GUI thread.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Protocol, cast

from PySide6.QtCore import QObject, QPointF, QRect, QTimer, SignalInstance
from PySide6.QtGui import (
    QContextMenuEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextLayout,
    QTextLine,
)

from desktop.services.spelling_words import Word, moved
from desktop.ui.composer_field import ComposerField
from desktop.ui.spelling_menu import SpellingMenu
from desktop.ui.spelling_wave import Look, Wave
from desktop.ui.tokens import tokens_of

__all__ = ["Checker", "SpellingMarks"]

_PAUSE_MS = 300
_LONGEST_STROKE = 24
"""What changes more characters at once was not typed."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Checker(Protocol):
    """Who knows what is misspelt; see `SpellingDesk`."""

    @property
    def is_on(self) -> bool: ...
    @property
    def checked(self) -> SignalInstance: ...
    @property
    def suggested(self) -> SignalInstance: ...
    @property
    def changed(self) -> SignalInstance: ...
    def check(self, who: object, text: str) -> None: ...
    def suggest(self, word: str) -> None: ...
    def add(self, word: str) -> None: ...
    def ignore(self, word: str) -> None: ...


class SpellingMarks(QObject):
    """The marks of one field, for as long as it lives."""

    def __init__(self, field: ComposerField, checker: Checker) -> None:
        """Look at what is written there already."""
        super().__init__(field)
        self._field = field
        self._checker = checker
        self._text = _as_qt_counts(field.toPlainText())
        self._words: tuple[Word, ...] = ()
        self._typed_at = -1
        self._is_asked = False
        self._is_asked_again = False
        self._wave = Wave()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self._menu = SpellingMenu(field, checker)
        field.set_layer(self)
        field.textChanged.connect(self._on_text_changed)
        field.cursorPositionChanged.connect(self._on_cursor_moved)
        field.focus_changed.connect(self._on_focus_changed)
        checker.checked.connect(self._on_checked)
        checker.changed.connect(self._ask)
        self._ask()

    @property
    def words(self) -> tuple[Word, ...]:
        """The misspelt words that are marked now; places are counted as Qt does."""
        return tuple(word for word in self._words if not self._is_being_typed(word))

    def paint(self, event: QPaintEvent) -> None:
        """Draw a wave under each misspelt word in sight."""
        if not self._words:
            return
        field, area = self._field, event.rect()
        painter = QPainter(field.viewport())
        colour, ratio = tokens_of(field.palette()).bad, field.viewport().devicePixelRatioF()
        self._wave.use(Look(colour, field.fontMetrics().height(), ratio))
        offset = field.contentOffset()
        block = field.firstVisibleBlock()
        while block.isValid():
            box = field.blockBoundingGeometry(block).translated(offset)
            if box.top() > area.bottom():
                break
            if box.bottom() >= area.top():
                self._paint_block(painter, block, box.topLeft(), area)
            block = block.next()
        painter.end()

    def open_menu(self, event: QContextMenuEvent) -> bool:
        """Offer what may be done with the misspelt word there; False if there is none."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        field = self._field
        cursor = field.textCursor() if by_key else field.cursorForPosition(event.pos())
        where = field.cursorRect(cursor)
        word = self._word_at(cursor.position())
        if word is None or (field.textCursor().hasSelection() and by_key):
            return False
        if not by_key and event.pos().y() > where.bottom():
            return False
        inside = where.bottomLeft() if by_key else event.pos()
        self._menu.open(word, inside, field.viewport().mapToGlobal(inside))
        return True

    def _word_at(self, place: int) -> Word | None:
        return next((word for word in self._words if word.begin <= place <= word.end), None)

    def _paint_block(
        self, painter: QPainter, block: QTextBlock, corner: QPointF, area: QRect
    ) -> None:
        layout, first = block.layout(), block.position()
        composed_at = layout.preeditAreaPosition()
        composed = len(_as_qt_counts(layout.preeditAreaText()))
        for line in _lines_in(layout, area.top() - corner.y(), area.bottom() - corner.y()):
            begin, end = line.textStart(), line.textStart() + line.textLength()
            at = bisect_right(self._words, first + begin - composed, key=lambda word: word.end)
            for word in self._words[at:]:
                start, stop = word.begin - first, word.end - first
                if composed and start > composed_at:
                    start, stop = start + composed, stop + composed
                elif composed and stop >= composed_at:
                    continue
                if start >= end:
                    break
                # A word that is longer than a line goes on in the next one.
                start, stop = max(start, begin), min(stop, end)
                if start >= stop or self._is_being_typed(word):
                    continue
                left, right = sorted((_x(line, start), _x(line, stop)))
                baseline = corner.y() + line.y() + line.ascent()
                self._wave.draw(painter, corner.x() + left, corner.x() + right, baseline)

    def _is_being_typed(self, word: Word) -> bool:
        return word.begin < self._typed_at <= word.end

    def _on_text_changed(self) -> None:
        text = _as_qt_counts(self._field.toPlainText())
        if text == self._text:
            # An input method composes, or only looks changed.
            return
        place = self._field.textCursor().position()
        # A text that is set leaves the cursor at its beginning, where nobody has typed.
        by_hand = place > 0 and self._field.hasFocus()
        is_stroke = abs(len(text) - len(self._text)) <= _LONGEST_STROKE
        self._typed_at = place if by_hand and is_stroke else -1
        had_words = bool(self._words)
        self._words = moved(self._words, self._text, text)
        self._text = text
        if had_words:
            self._field.viewport().update()
        if self._checker.is_on:
            self._pause.start()

    def _on_cursor_moved(self) -> None:
        if self._typed_at not in {-1, self._field.textCursor().position()}:
            self._stop_typing()

    def _on_focus_changed(self, has_focus: bool) -> None:
        if not has_focus:
            self._stop_typing()

    def _stop_typing(self) -> None:
        self._typed_at = -1
        self._field.viewport().update()

    def _ask(self) -> None:
        if not self._checker.is_on or not self._text.strip():
            self._show(())
        elif self._is_asked:
            self._is_asked_again = True
        else:
            self._is_asked = True
            self._checker.check(self, self._text)

    def _on_checked(self, who: object, text: str, words: tuple[Word, ...]) -> None:
        if who is not self:
            return
        self._is_asked = False
        if self._checker.is_on:
            self._show(words if text == self._text else moved(words, text, self._text))
        else:
            self._show(())
        if self._is_asked_again:
            self._is_asked_again = False
            self._pause.start()

    def _show(self, words: tuple[Word, ...]) -> None:
        if words != self._words:
            self._words = words
            self._field.viewport().update()


def _as_qt_counts(text: str) -> str:
    """Return `text` with blanks for each half of what Qt counts as two characters."""
    return _ASTRAL.sub("\u3000\u3000", text)


def _lines_in(layout: QTextLayout, top: float, bottom: float) -> Iterator[QTextLine]:
    """Yield the lines that are to be seen, in a block of which most may be out of sight."""
    numbers = range(layout.lineCount())
    first = bisect_right(numbers, top, key=lambda number: layout.lineAt(number).y()) - 1
    for number in numbers[max(0, first) :]:
        line = layout.lineAt(number)
        if line.y() > bottom:
            return
        yield line


def _x(line: QTextLine, place: int) -> float:
    """Return where a cursor at `place` stands; Qt's answer, a pair, is declared as anything."""
    x, _place = cast("tuple[float, int]", line.cursorToX(place))
    return x
