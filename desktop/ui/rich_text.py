"""The one widget that shows words of models and of people with looks.

Qt's rich text opens files and network paths that its content names. Here nothing is ever parsed:
text is set run by run. And should a resource be asked for all the same, the answer is an empty
picture, because Qt opens the name by itself when it gets nothing. GUI thread.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QSizePolicy, QTextBrowser, QTextEdit, QWidget

from desktop.ui.selection import SELECTS
from desktop.ui.text_formats import INDENT
from desktop.ui.text_ground import paint_ground
from desktop.ui.text_writer import TextWriter
from desktop.ui.tokens import COMPACT_LINE_HEIGHT, LINE_HEIGHT, Tokens, tokens_of
from desktop.ui.zoom import COMPACT, DEFAULT_ZOOM, ZOOM, text_scale, zoomed_font

__all__ = ["RichText"]

_SCROLL_KEYS = frozenset(
    {
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_Space,
    }
)
_LOOK_EVENTS = frozenset(
    {QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange}
)


class RichText(QTextBrowser):
    """As high as its text, without scroll bars of its own; links only report that they are meant.

    What is shown comes through `writer`; `restyled` is emitted when the theme or the size of the
    font changed and the owner has to write everything again. Within a widget that has the property
    `SELECTS`, pressing, dragging and copying are left to that widget, which says what is to look
    selected.
    """

    link_meant = Signal(str, QPointF)
    """(address, global position)"""
    restyled = Signal()

    def __init__(self, *, wrap: bool = True, parent: QWidget | None = None) -> None:
        """Show nothing yet; without `wrap`, lines are as long as they are."""
        super().__init__(parent)
        self._theme = tokens_of(self.palette())
        self._scale = text_scale(self.font())
        self._line = LINE_HEIGHT
        self._own_size = -1
        self._selected: tuple[int, int] | None = None
        self._hits: Sequence[tuple[int, int]] = ()
        self._current = -1
        self._wrap = wrap
        self._has_links = False
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(INDENT)
        self.set_wrap(wrap)
        self.document().contentsChanged.connect(self._keep_cursor_at_start)
        self.anchorClicked.connect(self._on_anchor_clicked)
        self.document().documentLayout().documentSizeChanged.connect(self._fit_height)
        # The layout tells of it a moment later only: by then it is painted.
        self.document().contentsChanged.connect(self._fit_height)

    @property
    def theme(self) -> Tokens:
        """The tokens that what is shown was written in."""
        return self._theme

    def writer(self) -> TextWriter:
        """Return what writes at the end of the text, in the theme of now."""
        return TextWriter(self.document(), self._theme, self._scale, self._line)

    def set_has_links(self, there: bool) -> None:
        """Let the Tab key come here only where there is something to choose."""
        self._has_links = there
        self.setAccessibleName(self.tr("Text with links") if there else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if there else Qt.FocusPolicy.ClickFocus)

    def clear_text(self) -> None:
        """Show nothing."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.removeSelectedText()
        cursor.setBlockFormat(QTextBlockFormat())
        self.set_has_links(False)

    def clear_selection(self) -> None:
        """Select nothing."""
        cursor = self.textCursor()
        cursor.clearSelection()
        self.setTextCursor(cursor)

    def set_wrap(self, wrap: bool) -> None:
        """Break lines to the width, or let them be as long as they are."""
        self._wrap = wrap
        policy = Qt.ScrollBarPolicy
        bar = policy.ScrollBarAlwaysOff if wrap else policy.ScrollBarAsNeeded
        self.setHorizontalScrollBarPolicy(bar)
        mode = QTextOption.WrapMode
        self.setWordWrapMode(mode.WrapAtWordBoundaryOrAnywhere if wrap else mode.NoWrap)

    def set_sideways(self, sideways: bool) -> None:
        """Break lines to a fixed width (`setLineWrapColumnOrWidth`) instead of that of the widget.

        What is wider is moved sideways.
        """
        self._wrap = not sideways
        policy, mode = Qt.ScrollBarPolicy, QTextEdit.LineWrapMode
        bar = policy.ScrollBarAsNeeded if sideways else policy.ScrollBarAlwaysOff
        self.setHorizontalScrollBarPolicy(bar)
        self.setLineWrapMode(mode.FixedPixelWidth if sideways else mode.WidgetWidth)

    @property
    def length(self) -> int:
        """How many characters there are, as Qt counts."""
        return max(0, self.document().characterCount() - 1)

    def at(self, point: QPointF) -> int:
        """Return the place in the text that is nearest to a point of the viewport."""
        inside = point + QPointF(self.horizontalScrollBar().value(), 0)
        found = self.document().documentLayout().hitTest(inside, Qt.HitTestAccuracy.FuzzyHit)
        return max(0, min(found, self.length))

    def link_at(self, point: QPointF) -> str:
        """Return the address under a point of the viewport, or nothing."""
        return self.anchorAt(point.toPoint())

    def show_selected(self, span: tuple[int, int] | None) -> None:
        """Let the characters between two places look selected."""
        if span != self._selected:
            self._selected = span
            self._show_marks()

    def show_hits(self, hits: Sequence[tuple[int, int]], current: int = -1) -> None:
        """Light up places where searched words stand, the one numbered `current` more."""
        if (hits, current) != (self._hits, self._current):
            self._hits, self._current = hits, current
            self._show_marks()

    def _show_marks(self) -> None:
        marks = []
        for number, span in enumerate(self._hits):
            look = QTextCharFormat()
            is_current = number == self._current
            look.setBackground(QColor(self._theme.hit_now if is_current else self._theme.hit))
            look.setForeground(QColor(self._theme.text))
            if is_current:
                look.setFontUnderline(True)
            marks.append(self._mark(span, look))
        if self._selected is not None:
            look = QTextCharFormat()
            look.setBackground(QColor(self._theme.selection))
            marks.append(self._mark(self._selected, look))
        self.setExtraSelections(marks)

    def _mark(self, span: tuple[int, int], look: QTextCharFormat) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(span[0], self.length))
        cursor.setPosition(min(span[1], self.length), QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor
        mark.format = look
        return mark

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:
        return _nothing()

    def doSetSource(
        self,
        _name: QUrl | str,
        _kind: QTextDocument.ResourceType = ...,
    ) -> None:
        """Stay: no address is ever shown in here."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def wheelEvent(self, event: QWheelEvent) -> None:
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if not self._wrap and (sideways or shifted):
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        scrolls = event.key() in _SCROLL_KEYS and not event.modifiers()
        copies = event.matches(QKeySequence.StandardKey.Copy) or event.matches(
            QKeySequence.StandardKey.SelectAll
        )
        if scrolls or (copies and self._is_selected_around()):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Leave Ctrl+C to the widget that does the selecting."""
        if event.type() == QEvent.Type.ShortcutOverride and self._is_selected_around():
            event.ignore()
            return False
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._leave_or(event, super().mousePressEvent)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() == Qt.MouseButton.NoButton:
            super().mouseMoveEvent(event)
        else:
            self._leave_or(event, super().mouseMoveEvent)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._leave_or(event, super().mouseReleaseEvent)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._leave_or(event, super().mouseDoubleClickEvent)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._is_selected_around():
            event.ignore()
        else:
            super().contextMenuEvent(event)

    def _leave_or(self, event: QMouseEvent, do: Callable[[QMouseEvent], None]) -> None:
        if self._is_selected_around():
            event.ignore()
        else:
            do(event)

    def _is_selected_around(self) -> bool:
        return self._around() is not None

    def _around(self) -> QWidget | None:
        """Return the widget that does the selecting."""
        around = self.parentWidget()
        while around is not None and not around.property(SELECTS):
            around = around.parentWidget()
        return around

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.follow_zoom()

    def follow_zoom(self) -> None:
        """Take what the widget around sets with `ZOOM` for the type, `COMPACT` for the lines.

        Qt hands a font down only where no style sheet of the application stands between.
        """
        around = self._around()
        percent = around.property(ZOOM) if around is not None else None
        font = zoomed_font(QApplication.font(), percent or DEFAULT_ZOOM)
        if font.pixelSize() != self._own_size:
            self._own_size = font.pixelSize()
            self.setFont(font)
        self._follow_look()

    def _follow_look(self) -> None:
        """Have everything written again if it looks otherwise now; what is hidden, once it shows.

        A change of look comes as several events, and is written once.
        """
        if not self.isVisible():
            return
        around = self._around()
        is_compact = around is not None and bool(around.property(COMPACT))
        line = COMPACT_LINE_HEIGHT if is_compact else LINE_HEIGHT
        look = tokens_of(self.palette()), text_scale(self.font()), line
        if look != (self._theme, self._scale, self._line):
            self._theme, self._scale, self._line = look
            self.restyled.emit()
            self._show_marks()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in {
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        }:
            self.clear_selection()

    def dropEvent(self, event: QDropEvent) -> None:
        event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in _LOOK_EVENTS:
            self._follow_look()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-self.horizontalScrollBar().value(), 0)
        area = QRectF(event.rect()).translated(self.horizontalScrollBar().value(), 0)
        paint_ground(painter, self.document(), area, self._theme, self._scale, self._line)
        painter.end()
        super().paintEvent(event)

    def _height(self) -> int:
        bar = self.horizontalScrollBar()
        extra = bar.sizeHint().height() if not self._wrap and bar.maximum() > 0 else 0
        return math.ceil(self.document().size().height()) + extra

    def _fit_height(self) -> None:
        if self.height() != self._height():
            self.setFixedHeight(self._height())

    def _keep_cursor_at_start(self) -> None:
        """Undo what writing into an empty text does: the cursor goes along, and the view with it."""
        cursor = self.textCursor()
        if cursor.position() and not cursor.hasSelection():
            self.setTextCursor(QTextCursor(self.document()))

    def _on_anchor_clicked(self, address: QUrl) -> None:
        where = self.cursorRect().bottomLeft()
        href = bytes(address.toEncoded().data()).decode()
        self.link_meant.emit(href, self.viewport().mapToGlobal(QPointF(where)))
        self.clear_selection()


def _nothing() -> QImage:
    image = QImage(1, 1, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    return image
