"""What a model really gets to read, or why that cannot be shown. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.ui.fold_button import FoldButton
from desktop.ui.labels import PlainLabel
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Size, Space, resized
from desktop.ui.translation import say

__all__ = ["TemplatePreview"]

_TALL = 190
_LIMIT = 20_000


class TemplatePreview(QWidget):
    """Folded at first; asks for its text when it is opened, and shows what comes."""

    opened = Signal()

    def __init__(self) -> None:
        """Start folded and empty."""
        super().__init__()
        self._error: LapisError | None = None
        self._fold = FoldButton()
        self._about = PlainLabel(tone="muted", size="small", wrap=True)
        self._text = QPlainTextEdit(readOnly=True)
        self._text.setProperty("panel", "code")
        self._text.setFixedHeight(_TALL)
        self._text.setTabChangesFocus(True)
        font = resized(self.font(), Size.SMALL)
        font.setFamilies(list(mono_families()))
        self._text.setFont(font)
        self._notice = NoticeCard(())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._about)
        column.addWidget(self._text)
        column.addWidget(self._notice)
        self._fold.toggled.connect(self._on_toggled)
        self._show()

    @property
    def is_open(self) -> bool:
        """Whether somebody looks."""
        return self._fold.isChecked()

    def set_preview(self, found: str | LapisError) -> None:
        """Show the text, or the reason why there is none."""
        self._error = found if isinstance(found, LapisError) else None
        if isinstance(found, str):
            self._text.setPlainText(found[:_LIMIT])
        self._show()

    def text(self) -> str:
        """Return the text that is shown."""
        return self._text.toPlainText()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _on_toggled(self, is_open: bool) -> None:
        self._show()
        if is_open:
            self.opened.emit()

    def _show(self) -> None:
        self._fold.setText(self.tr("Preview"))
        self._about.setText(
            self.tr("A short chat as this model would read it, with its control marks.")
        )
        self._about.setVisible(self.is_open)
        self._text.setVisible(self.is_open and self._error is None)
        self._text.setAccessibleName(self.tr("Preview"))
        self._notice.setVisible(self.is_open and self._error is not None)
        if self._error is not None:
            self._notice.show_words(say(self._error.title), say(self._error.hint), Look.ERROR)
