"""Selecting in a transcript with mouse and keys, across messages, and copying what is selected.

Every text in the transcript leaves the mouse to this. The selection is kept by messages and places
in them, so it outlives widgets: each time rows come into sight they are told what of them looks
selected. A copy of very many messages is put together in portions, between two frames.
GUI thread.
"""

import re
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QMenu

from desktop.domain.chat import Role
from desktop.ui.row_frame import RowFrame
from desktop.ui.selection import LAST, SELECTS, Place, Selection

if TYPE_CHECKING:
    from desktop.ui.message_views import MessageView
    from desktop.ui.rich_text import RichText
    from desktop.ui.transcript import Transcript

__all__ = ["TranscriptSelection", "texts_of"]

_SCROLL_MS = 16
_FASTEST = 60
_AT_ONCE = 60
_SLICE_SECONDS = 0.008
_LONGEST_WORDS = 200
_LONGEST_TEXT = 200_000


def texts_of(frame: RowFrame) -> "list[RichText]":
    """Return the texts of a row that can be seen, in the order in which they are read."""
    view = cast("MessageView", frame.view)
    return [text for text in view.texts() if text.isVisibleTo(frame)]


class TranscriptSelection(QObject):
    """Owns what is selected in `transcript`."""

    changed = Signal()
    """Something else is selected, or nothing any more."""
    link_meant = Signal(str, QPointF)
    """(address, global position): a link was clicked."""

    def __init__(self, transcript: "Transcript") -> None:
        """Select nothing."""
        super().__init__(transcript)
        transcript.setProperty(SELECTS, True)
        self._column = transcript
        self._selection: Selection | None = None
        self._held = False
        self._link = ""
        self._pointer = QPoint()
        self._twice_at = 0.0
        self._scrolling = QTimer(self, interval=_SCROLL_MS)
        self._scrolling.timeout.connect(self._on_time_to_scroll)
        self._copying: Iterator[str] | None = None
        self._copied: list[str] = []
        self._copy_timer = QTimer(self, interval=1)
        self._copy_timer.timeout.connect(self._on_time_to_copy)

    @property
    def value(self) -> Selection | None:
        """What is selected, or None."""
        return self._selection if self._selection and not self._selection.is_empty else None

    def clear(self) -> None:
        """Select nothing."""
        had_any, self._selection = self._selection is not None, None
        self.show()
        if had_any:
            self.changed.emit()

    def select_all(self) -> None:
        """Select the whole chat."""
        refs = self._column.rows.refs
        if refs:
            self._select(Place(refs[0].id, 0, 0), Place(refs[-1].id, LAST, LAST))

    def show(self) -> None:
        """Let what is built look as it is selected."""
        rows = self._rows()
        for frame in self._column.frames:
            row = self._column.rows.row_of(frame.message)
            if row is None or row not in rows:
                if frame.property("hasSelected"):
                    frame.setProperty("hasSelected", False)
                    for text in texts_of(frame):
                        text.show_selected(None)
                continue
            frame.setProperty("hasSelected", True)
            for number, text in enumerate(texts_of(frame)):
                text.show_selected(self._span(row, number, text.length))

    def words(self) -> str:
        """Return what is selected within one line, to be searched for; else nothing."""
        rows = self._rows()
        if len(rows) != 1:
            return ""
        text = "".join(self._pieces(rows, markdown=False)).strip()
        return text if "\n" not in text and len(text) <= _LONGEST_WORDS else ""

    def text(self) -> str:
        """Return what is selected, as Markdown, as far as anybody would hand it on."""
        out: list[str] = []
        length = 0
        for piece in self._pieces(self._rows(), markdown=True):
            out.append(piece)
            length += len(piece)
            if length > _LONGEST_TEXT:
                break
        return "\n\n".join(filter(None, out))

    def plain(self) -> str:
        """Return what is selected as it is read, as far as anybody would hand it on."""
        return "\n\n".join(filter(None, self._pieces(self._rows(), markdown=False)))[:_LONGEST_TEXT]

    def copy(self, *, markdown: bool = False) -> None:
        """Put what is selected into the clipboard."""
        rows = self._rows()
        if not rows:
            return
        pieces = self._pieces(rows, markdown=markdown)
        self._copy_timer.stop()
        if len(rows) <= _AT_ONCE:
            QGuiApplication.clipboard().setText("\n\n".join(filter(None, pieces)))
            return
        self._copying, self._copied = pieces, []
        self._copy_timer.start()

    # The mouse.

    def press(self, event: QMouseEvent) -> None:
        """Begin to select; with Shift go on from where it was begun."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        event.accept()
        self._column.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pointer = event.globalPosition().toPoint()
        place = self._place(self._pointer)
        if place is None:
            return
        self._held = True
        self._link = self._link_at(self._pointer)
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        again = time.monotonic() - self._twice_at < QApplication.doubleClickInterval() / 1000
        if shifted and self._selection is not None:
            self._select(self._selection.begin, place)
        elif again:
            self._select_around(place, QTextCursor.SelectionType.BlockUnderCursor)
        else:
            self._select(place, place)

    def press_twice(self, event: QMouseEvent) -> None:
        """Select the word that was double-clicked."""
        place = self._place(event.globalPosition().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self._twice_at = time.monotonic()
            self._select_around(place, QTextCursor.SelectionType.WordUnderCursor)
            self._link = ""
            event.accept()

    def drag(self, event: QMouseEvent) -> None:
        """Select to the pointer; beyond the edges what is shown moves on."""
        if not self._held or self._selection is None:
            event.ignore()
            return
        event.accept()
        moved = event.globalPosition().toPoint()
        if (moved - self._pointer).manhattanLength() < 2:
            return
        self._pointer = moved
        self._extend()
        if self._overshoot() and not self._scrolling.isActive():
            self._scrolling.start()

    def release(self, event: QMouseEvent) -> None:
        """Stop selecting; a link that was clicked is meant."""
        if event.button() != Qt.MouseButton.LeftButton or not self._held:
            event.ignore()
            return
        event.accept()
        self._held = False
        self._scrolling.stop()
        where = event.globalPosition()
        if self.value is None:
            self._selection = self._selection if self._column.rows else None
            if self._link and self._link == self._link_at(where.toPoint()):
                self.link_meant.emit(self._link, where)
        else:
            self._offer()

    def open_menu(self, where: QPoint) -> None:
        """Offer, at a point of the screen, what can be done with the text there."""
        menu = QMenu(self._column)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        link = self._link_at(where)
        if link:
            self._add(menu, self.tr("Copy link")).triggered.connect(
                lambda: QGuiApplication.clipboard().setText(link)
            )
            menu.addSeparator()
        copy = self._add(menu, self.tr("Copy"))
        copy.triggered.connect(lambda: self.copy(markdown=False))
        source = self._add(menu, self.tr("Copy as Markdown"))
        source.triggered.connect(lambda: self.copy(markdown=True))
        for action in (copy, source):
            action.setEnabled(self.value is not None)
        menu.addSeparator()
        self._add(menu, self.tr("Select all")).triggered.connect(self.select_all)
        menu.popup(where)

    @staticmethod
    def _add(menu: QMenu, text: str) -> QAction:
        action = QAction(text, menu)
        menu.addAction(action)
        return action

    def _extend(self) -> None:
        place = self._place(self._pointer)
        if place is not None and self._selection is not None:
            self._select(self._selection.begin, place)

    def _overshoot(self) -> int:
        view = self._column.viewport()
        y = view.mapFromGlobal(self._pointer).y()
        return y if y < 0 else max(0, y - view.height())

    def _on_time_to_scroll(self) -> None:
        beyond = self._overshoot()
        if not beyond or not self._held:
            self._scrolling.stop()
            return
        step = max(-_FASTEST, min(_FASTEST, beyond // 2 + (1 if beyond > 0 else -1)))
        self._column.scroll_to(self._column.place + step)
        self._extend()

    def _select(self, begin: Place, end: Place) -> None:
        self._selection = Selection(begin, end)
        self.show()
        self.changed.emit()

    def _select_around(self, place: Place, kind: QTextCursor.SelectionType) -> None:
        frame = self._column.frame_of(place.message)
        texts = texts_of(frame) if frame is not None else []
        if place.text >= len(texts):
            return
        cursor = QTextCursor(texts[place.text].document())
        cursor.setPosition(place.at)
        cursor.select(kind)
        begin, end = cursor.selectionStart(), cursor.selectionEnd()
        # Qt counts the break before a paragraph to it.
        begin += kind is QTextCursor.SelectionType.BlockUnderCursor and begin > 0
        self._select(Place(place.message, place.text, begin), Place(place.message, place.text, end))

    def _place(self, where: QPoint) -> Place | None:
        """Return the place in the chat nearest to a point of the screen."""
        column = self._column
        if not len(column.rows):
            return None
        inside = column.viewport().mapFromGlobal(where)
        height = column.viewport().height()
        y = max(0, min(inside.y(), height - 1))
        message = column.rows.refs[column.row_under(y)].id
        frame = column.frame_of(message)
        if frame is None or frame.isHidden():
            return Place(message, 0, 0)
        point = frame.mapFrom(column.viewport(), QPoint(inside.x(), y))
        texts = texts_of(frame)
        for number, text in enumerate(texts):
            area = QRect(text.mapTo(frame, QPoint(0, 0)), text.size())
            if point.y() < area.top():
                return Place(message, number, 0)
            if point.y() <= area.bottom():
                return Place(message, number, text.at(QPointF(text.mapFrom(frame, point))))
        last = len(texts) - 1
        return Place(message, last, texts[last].length) if texts else Place(message, 0, 0)

    def _link_at(self, where: QPoint) -> str:
        from desktop.ui.rich_text import RichText

        widget = self._column.childAt(self._column.mapFromGlobal(where))
        text = widget.parentWidget() if widget is not None else None
        if not isinstance(text, RichText):
            return ""
        return text.link_at(QPointF(text.viewport().mapFromGlobal(where)))

    # What is selected.

    def _rows(self) -> range:
        return self._selection.rows(self._column.rows.row_of) if self._selection else range(0)

    def _span(self, row: int, number: int, length: int) -> tuple[int, int] | None:
        if self._selection is None:
            return None
        return self._selection.in_text(self._column.rows.row_of, row, number, length)

    def _pieces(self, rows: range, *, markdown: bool) -> Iterator[str]:
        """Return the text of each message; those between the first and the last are whole.

        They are those on show now, however late the last one is asked for.
        """
        if not rows:
            return iter(())
        ends = [self._part(row, markdown=markdown) for row in sorted({rows[0], rows[-1]})]
        between = [self._column.rows.refs[row].id for row in rows[1:-1]]
        return chain(ends[:1], self._wholes(between, markdown=markdown), ends[1:])

    def _wholes(self, messages: Sequence[int], *, markdown: bool) -> Iterator[str]:
        from desktop.ui.markdown import parse
        from desktop.ui.plain_text import plain_text

        for one in messages:
            for message in self._column.messages_of([one]):
                is_source = markdown or message.role is not Role.ASSISTANT
                yield message.content if is_source else plain_text(parse(message.content))

    def _part(self, row: int, *, markdown: bool) -> str:
        from desktop.ui.text_reading import markdown_between, plain_between

        frame = self._column.build_now(self._column.rows.refs[row].id)
        texts = texts_of(frame) if frame is not None else []
        read = markdown_between if markdown else plain_between
        spans = [self._span(row, number, text.length) for number, text in enumerate(texts)]
        if markdown and all(
            span == (0, text.length) for span, text in zip(spans, texts, strict=True)
        ):
            whole = self._column.messages_of([self._column.rows.refs[row].id])
            return whole[0].content if whole else ""
        return "\n\n".join(
            _as_code(text, read(text.document(), *span), markdown=markdown)
            for span, text in zip(spans, texts, strict=True)
            if span is not None
        )

    def _on_time_to_copy(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        while self._copying is not None and time.perf_counter() < until:
            piece = next(self._copying, None)
            if piece is None:
                self._copying = None
                self._copy_timer.stop()
                QGuiApplication.clipboard().setText("\n\n".join(filter(None, self._copied)))
            else:
                self._copied.append(piece)

    def _offer(self) -> None:
        """Give what was selected to the middle button, where the desktop knows that."""
        clipboard = QGuiApplication.clipboard()
        rows = self._rows()
        if clipboard.supportsSelection() and len(rows) <= _AT_ONCE:
            pieces = filter(None, self._pieces(rows, markdown=False))
            clipboard.setText("\n\n".join(pieces), clipboard.Mode.Selection)


def _as_code(text: "RichText", words: str, *, markdown: bool) -> str:
    from desktop.ui.code_block import CodeBlock

    around = text.parentWidget()
    while markdown and around is not None and not isinstance(around, RowFrame):
        if isinstance(around, CodeBlock):
            longest = max((len(run) for run in re.findall("`{3,}", words)), default=2)
            fence = "`" * (longest + 1)
            return f"{fence}{around.part.language}\n{words}\n{fence}"
        around = around.parentWidget()
    return words
