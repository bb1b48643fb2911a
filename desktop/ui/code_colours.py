"""The colours of one block of code, which follow its text.

They are found in another process and laid over the text as it stands, line by line and in portions,
so neither long code nor a code that grows holds the window up. New lines are coloured by themselves
at first; when the code has grown by half it is coloured again as a whole, which is right where a
string or comment spans lines. GUI thread.
"""

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextLayout

from desktop.ui.code_roles import LONGEST_CODE, ROLES
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Tokens
from desktop.ui.typesetter import typesetter

__all__ = ["CodeColours", "colour_looks", "colour_ranges"]

_GROWTH = 1.5
_PORTION_SECONDS = 0.004
_LINES_AT_ONCE = 16


class CodeColours(QObject):
    """Keeps the colours of `text` in step with `show`."""

    def __init__(self, text: RichText) -> None:
        """Colour nothing yet."""
        super().__init__(text)
        self._text = text
        self._code = ""
        self._language = ""
        self._lines: list[list[int]] = []
        self._whole = 0
        self._sure = 0
        self._ticket = 0
        self._settled = False
        self._asked_from = 0
        self._asked_length = 0
        self._work: Iterator[None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_time)
        typesetter().coloured.connect(self._on_coloured)

    def show(self, code: str, language: str, *, settled: bool) -> None:
        """Colour `code`; what it begins with is coloured already if it was shown before."""
        if language != self._language or not code.startswith(self._code):
            self.forget()
        self._code, self._language, self._settled = code, language, settled
        if not self._ticket:
            self._order()

    def forget(self) -> None:
        """Know of no colours; the text has none."""
        typesetter().cancel(self._ticket)
        self._lines, self._whole, self._sure, self._ticket = [], 0, 0, 0
        self._code = ""
        self._stop()

    def repaint(self) -> None:
        """Lay the colours that are known over a text that was written anew."""
        self._start(range(len(self._lines)))

    def _order(self) -> None:
        """Ask for what is not coloured yet, or for all of it once more."""
        length = len(self._code)
        if not self._language or length > LONGEST_CODE or length <= self._whole:
            return
        end = length if self._settled else self._code.rfind("\n") + 1
        is_whole = self._settled or end > self._whole * _GROWTH
        start = 0 if is_whole else self._sure
        if end <= start:
            return
        self._asked_from = self._code.count("\n", 0, start)
        self._asked_length = end
        self._ticket = typesetter().colour(self._code[start:end].rstrip("\n"), self._language)
        if is_whole:
            self._whole = end

    def _on_coloured(self, ticket: int, lines: list[list[int]]) -> None:
        if ticket != self._ticket or not ticket:
            return
        self._ticket = 0
        start = self._asked_from
        old = self._lines[start : start + len(lines)]
        changed = [start + at for at, line in enumerate(lines) if at >= len(old) or old[at] != line]
        self._lines[start : start + len(lines)] = lines
        missing = self._code.count("\n", 0, self._asked_length) - len(self._lines)
        self._lines += [[] for _ in range(missing)]
        self._sure = self._code.rfind("\n", 0, self._asked_length) + 1
        self._start(changed)
        self._order()

    def _start(self, numbers: list[int] | range) -> None:
        if self._work is not None:
            # What was under way may not be done yet: all of it, then.
            numbers = range(len(self._lines))
        self._work = self._laying(list(numbers))
        self._on_time()

    def _stop(self) -> None:
        self._work = None
        self._timer.stop()

    def _on_time(self) -> None:
        end = time.perf_counter() + _PORTION_SECONDS
        while self._work is not None and time.perf_counter() < end:
            if next(self._work, StopIteration) is StopIteration:
                self._stop()
        if self._work is not None:
            self._timer.start()

    def _laying(self, numbers: list[int]) -> Iterator[None]:
        """Lay the colours of some lines over the text, a few at a time."""
        looks = colour_looks(self._text.theme)
        document = self._text.document()
        for at in range(0, len(numbers), _LINES_AT_ONCE):
            cursor = QTextCursor(document)
            cursor.beginEditBlock()
            for number in numbers[at : at + _LINES_AT_ONCE]:
                block = document.findBlockByNumber(number)
                if block.isValid() and number < len(self._lines):
                    block.layout().setFormats(colour_ranges(self._lines[number], looks))
                    document.markContentsDirty(block.position(), block.length())
            cursor.endEditBlock()
            yield


def colour_looks(theme: Tokens) -> dict[int, QTextCharFormat]:
    """Return how each role of `ROLES`, by its number, looks in a theme."""
    looks = {}
    for number, role in enumerate(ROLES):
        if role:
            looks[number] = QTextCharFormat()
            looks[number].setForeground(QColor(getattr(theme.syntax, role)))
    return looks


def colour_ranges(
    line: list[int], looks: dict[int, QTextCharFormat]
) -> list[QTextLayout.FormatRange]:
    """Return the looks of a line's runs, as `Coloured` gives them."""
    ranges = []
    for start, length, role in zip(line[::3], line[1::3], line[2::3], strict=True):
        one = QTextLayout.FormatRange()
        one.start = start
        one.length = length
        one.format = looks[role]
        ranges.append(one)
    return ranges
