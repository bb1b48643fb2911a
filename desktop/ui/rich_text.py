"""The one widget that shows words of models and of people with looks.

Qt's rich text opens files and network paths that its content names. Here nothing is ever parsed:
text is set run by run. And should a resource be asked for all the same, the answer is an empty
picture, because Qt opens the name by itself when it gets nothing. GUI thread.
"""

import math
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from desktop.ui.text_ground import INDENT, paint_ground
from desktop.ui.text_writer import TextWriter
from desktop.ui.tokens import Tokens, tokens_of

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


class RichText(QTextBrowser):
    """As high as its text, without scroll bars of its own; links only report that they are meant.

    What is shown comes through `writer`; `restyled` is emitted when the theme changed and the
    owner has to write everything again.
    """

    link_meant = Signal(str, QPointF)
    """(address, global position)"""
    restyled = Signal()

    def __init__(self, *, wrap: bool = True, parent: QWidget | None = None) -> None:
        """Show nothing yet; without `wrap`, lines are as long as they are."""
        super().__init__(parent)
        self._theme = tokens_of(self.palette())
        self._wrap = wrap
        self._has_links = False
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff if wrap else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(INDENT)
        self.setWordWrapMode(
            QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
            if wrap
            else QTextOption.WrapMode.NoWrap
        )
        self.document().contentsChanged.connect(self._keep_cursor_at_start)
        self.anchorClicked.connect(self._on_anchor_clicked)
        self.document().documentLayout().documentSizeChanged.connect(self._fit_height)

    @property
    def theme(self) -> Tokens:
        """The tokens that what is shown was written in."""
        return self._theme

    def writer(self) -> TextWriter:
        """Return what writes at the end of the text, in the theme of now."""
        return TextWriter(self.document(), self._theme)

    def set_has_links(self, there: bool) -> None:
        """Let the Tab key come here only where there is something to choose."""
        self._has_links = there
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
        if event.key() in _SCROLL_KEYS and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)

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
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.StyleChange}:
            theme = tokens_of(self.palette())
            if theme is not self._theme:
                self._theme = theme
                self.restyled.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-self.horizontalScrollBar().value(), 0)
        area = QRectF(event.rect()).translated(self.horizontalScrollBar().value(), 0)
        paint_ground(painter, self.document(), area, self._theme)
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
