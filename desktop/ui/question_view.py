"""A question in the transcript: a raised bubble at the right. GUI thread."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QEnterEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.history import StoredMessage
from desktop.ui.copy_button import CopyButton
from desktop.ui.markdown_parts import code_text
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["QuestionView"]

_SHARE = 0.8
_LONG = 4_000


class QuestionView(QWidget):
    """Shows what a person asked, letter by letter: no Markdown is read from it."""

    def __init__(self, message: StoredMessage, parent: QWidget | None = None) -> None:
        """Show `message`."""
        super().__init__(parent)
        self._message = message
        bubble = QFrame()
        bubble.setProperty("panel", "bubble")
        self._text = RichText()
        self._text.restyled.connect(self._write)
        inside = QVBoxLayout(bubble)
        inside.setContentsMargins(Space.L, Space.S + 1, Space.L, Space.S + 3)
        inside.addWidget(self._text)
        self._copy = CopyButton()
        self._copy.set_seen(False)
        self._copy.clicked.connect(self._on_copy_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addStretch(1)
        layout.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addWidget(bubble)
        self._say()
        self._write()
        self._natural = self._natural_width()

    @property
    def message(self) -> StoredMessage:
        """What is shown."""
        return self._message

    def set_newest(self, newest: bool) -> None:
        """Nothing about a question depends on it."""

    def set_crashing(self, crashing: bool) -> None:
        """Nothing about a question depends on it."""

    def set_own_template(self, model: str) -> None:
        """Nothing about a question depends on it."""

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._copy.set_seen(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._copy.set_seen(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _say(self) -> None:
        self._text.setAccessibleName(self.tr("Your question"))
        self._copy.set_label(self.tr("Copy question"))

    def _on_copy_clicked(self) -> None:
        self._copy.copy(self._message.content)

    def _write(self) -> None:
        self._text.clear_text()
        self._text.writer().lines(code_text(self._message.content), self._text.theme.text)

    def _natural_width(self) -> int:
        """Return the width of the longest line; a long question takes all there is."""
        if len(self._message.content) > _LONG:
            return self.maximumWidth()
        document = self._text.document()
        document.setTextWidth(-1)
        return int(document.idealWidth()) + 1

    def _fit(self) -> None:
        most = int(self.width() * _SHARE) - 2 * Space.L
        self._text.setFixedWidth(max(1, min(most, self._natural)))
