"""The field a question is typed into: grows with its text, speaks with input methods.

Shared by the window's composer and the popup. GUI thread.
"""

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QImage,
    QInputMethodEvent,
    QKeyEvent,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextLayout,
)
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

__all__ = [
    "FIELD_LIMIT",
    "ComposerField",
    "dropped_model",
    "picture_of",
    "takes_dropped",
]

FIELD_LIMIT = 16_000
"""Characters the field holds; laying out more would stop the window for a blink and longer."""
_MODEL_SUFFIX = ".gguf"
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")


def dropped_model(data: QMimeData) -> Path | None:
    """Return the model file among dropped things, if there is one."""
    for url in data.urls():
        path = Path(url.toLocalFile()) if url.isLocalFile() else None
        if path is not None and path.suffix.lower() == _MODEL_SUFFIX:
            return path
    return None


def dropped_files(data: QMimeData) -> list[Path]:
    """Return the files of this computer among dropped things, model files left out."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() != _MODEL_SUFFIX]


def takes_dropped(data: QMimeData) -> bool:
    """Return whether what is held above a window can be let go there: models, files, pictures."""
    return dropped_model(data) is not None or bool(dropped_files(data)) or has_picture(data)


def has_picture(data: QMimeData) -> bool:
    """Return whether copied or dropped things are a picture, and not a text that has one beside.

    Programs for texts and tables copy a picture of them, too; the address of a picture, which
    browsers give along, is no text.
    """
    if not data.hasImage():
        return False
    return not data.hasFormat("text/plain") or (data.hasUrls() and " " not in data.text().strip())


def picture_of(data: QMimeData) -> bytes | QImage | None:
    """Return a picture as it was copied: undecoded where that can be had, which takes long."""
    for form in _PICTURES:
        if data.hasFormat(form):
            raw = bytes(data.data(form).data())
            if raw:
                return raw
    image = data.imageData()
    return image if isinstance(image, QImage) and not image.isNull() else None


class Helper(Protocol):
    """Somebody who may take keys before the field does, such as an open menu."""

    def take_key(self, event: QKeyEvent) -> bool:
        """Use the key and return True, or leave it to the field."""
        ...


class Layer(Protocol):
    """Something that is drawn over the text and has a say in its context menu."""

    def paint(self, event: QPaintEvent) -> None:
        """Draw upon the viewport, after the text."""
        ...

    def open_menu(self, event: QContextMenuEvent) -> bool:
        """Open a menu of its own and return True, or leave it to the field."""
        ...


class ComposerField(QPlainTextEdit):
    """Plain text, one to `lines` lines high."""

    submitted = Signal()
    escaped = Signal()
    focus_changed = Signal(bool)
    model_dropped = Signal(object)
    """(Path)"""
    files_dropped = Signal(object)
    """(list of Path): files dropped or pasted."""
    picture_pasted = Signal(object)
    """(bytes of a file, or QImage): a picture itself, pasted or dropped."""
    long_text_pasted = Signal(str)
    """A paste that is too long for the field; it was not inserted."""
    line_height_changed = Signal()

    def __init__(self, lines: int, parent: QWidget | None = None) -> None:
        """Start empty and one line high."""
        super().__init__(parent)
        self._lines = lines
        self._composing = False
        self._line = (0.0, 0)
        self._helpers: list[Helper] = []
        self._layer: Layer | None = None
        self.setTabChangesFocus(True)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.viewport().setBackgroundRole(QPalette.ColorRole.NoRole)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.textChanged.connect(self._fit)
        self._fit()

    @property
    def has_lines(self) -> bool:
        """Whether the text takes more than one line as it is laid out now."""
        return round(self.document().size().height()) > 1

    @property
    def line_height(self) -> int:
        """Return the height of a line as one is expected: in Chinese more than the font says."""
        return self._line[1]

    def setPlaceholderText(self, placeholderText: str) -> None:  # noqa: N803
        """Say what is expected here; its line is as high as the one that is typed will be."""
        super().setPlaceholderText(placeholderText)
        self._fit()

    def ask_first(self, helper: Helper) -> None:
        """Offer every key to `helper` first, unless an input method composes."""
        self._helpers.append(helper)

    @property
    def layer(self) -> Layer | None:
        """What is drawn over the text."""
        return self._layer

    def set_layer(self, layer: Layer) -> None:
        """Let `layer` draw over the text."""
        self._layer = layer

    def sizeHint(self) -> QSize:
        """Ask for the height of the text as it is now."""
        return QSize(super().sizeHint().width(), self._wanted_height())

    def minimumSizeHint(self) -> QSize:
        """Be content with one line."""
        return QSize(0, self._wanted_height())

    def event(self, event: QEvent) -> bool:
        """Keep Esc away from the window's shortcuts while an input method composes."""
        if (
            self._composing
            and event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and self._is_taken(event)
        ):
            # Before Qt moves the focus with it.
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends, Shift+Enter breaks the line, Esc is for the owner.

        While an input method composes, Enter only settles the composition.
        """
        if self._is_taken(event):
            event.accept()
            return
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                if self._composing:
                    QGuiApplication.inputMethod().commit()
                elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                    self.insertPlainText("\n")
                    self.ensureCursorVisible()
                elif not event.isAutoRepeat():
                    self.submitted.emit()
            case Qt.Key.Key_Escape:
                # While it composes it belongs to the input method, and to nobody around.
                if not self._composing:
                    self.escaped.emit()
            case _:
                super().keyPressEvent(event)
                return
        event.accept()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember whether a composition is open."""
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell the frame around."""
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell the frame around; a composition ends with the focus."""
        super().focusOutEvent(event)
        self._composing = False
        self.focus_changed.emit(False)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._layer is not None:
            self._layer.paint(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._layer is None or not self._layer.open_menu(event):
            super().contextMenuEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take text, files and pictures."""
        has_files = dropped_model(source) is not None or bool(dropped_files(source))
        return source.hasText() or has_files or has_picture(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Insert pasted or dropped text, hand over files and pictures, and keep long texts out."""
        path = dropped_model(source)
        if path is not None:
            self.model_dropped.emit(path)
            return
        files = dropped_files(source)
        if files:
            self.files_dropped.emit(files)
            return
        if has_picture(source):
            self.picture_pasted.emit(picture_of(source))
            return
        text = source.text()
        if self.document().characterCount() + len(text) > FIELD_LIMIT:
            self.long_text_pasted.emit(text)
            return
        self.insertPlainText(text)
        self.ensureCursorVisible()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the lines elsewhere."""
        super().resizeEvent(event)
        self._fit()

    def _is_taken(self, event: QKeyEvent) -> bool:
        return not self._composing and any(helper.take_key(event) for helper in self._helpers)

    def _wanted_height(self) -> int:
        """Return the height of the lines to be seen; Chinese ones are taller than the font says."""
        height, left = float(self.viewportMargins().top()), self._lines
        block = self.document().firstBlock()
        while block.isValid() and left > 0:
            lines = max(1, block.lineCount())
            share = min(lines, left) / lines
            height += share * self.blockBoundingRect(block).height()
            left -= lines
            block = block.next()
        return max(round(height), self.line_height) + 2

    def _measure(self) -> None:
        """Look how far the letters of a line like the expected one go up, and how high it is."""
        layout = QTextLayout(self.placeholderText() or " ", self.font())
        layout.beginLayout()
        line = layout.createLine()
        line.setLeadingIncluded(True)
        layout.endLayout()
        measured = line.ascent(), max(round(line.height()), self.fontMetrics().lineSpacing())
        if measured != self._line:
            self._line = measured
            self.line_height_changed.emit()

    def _lowered(self) -> int:
        """Return how much lower the first line is to stand than by itself.

        Letters and Chinese signs, typed one after the other, stand on the same line then, as what
        is expected does; Qt puts the taller ones of another font lower.
        """
        first = self.document().firstBlock()
        self.blockBoundingRect(first)
        layout = first.layout()
        if layout.lineCount() == 0 or not (first.length() > 1 or layout.preeditAreaText()):
            return 0
        return max(0, round(self._line[0] - layout.lineAt(0).ascent()))

    def _fit(self) -> None:
        self._measure()
        lowered = self._lowered()
        if self.viewportMargins().top() != lowered:
            self.setViewportMargins(0, lowered, 0, 0)
        shown = round(self.document().size().height())
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if shown > self._lines else policy.ScrollBarAlwaysOff
        )
        if self.height() != self._wanted_height():
            self.setFixedHeight(self._wanted_height())
