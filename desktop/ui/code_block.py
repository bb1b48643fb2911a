"""A block of code: its language, a button that copies it, and the code in colours. GUI thread."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.copy_button import CopyButton
from desktop.ui.highlight import highlight, language_name
from desktop.ui.labels import PlainLabel
from desktop.ui.markdown_parts import Code
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["CodeBlock"]

_GROWTH = 1.5


class CodeBlock(QFrame):
    """Shows one `Code`; `show_code` may be called again while the code grows."""

    def __init__(self, part: Code, parent: QWidget | None = None) -> None:
        """Show `part`."""
        super().__init__(parent)
        self.setProperty("panel", "code")
        self._part = Code("")
        self._coloured = 0
        self._language = PlainLabel(tone="muted", size="small")
        self._copy = CopyButton(self.tr("Copy code"))
        self._copy.clicked.connect(lambda: self._copy.copy(self._part.text))
        self._text = RichText(wrap=False)
        self._text.restyled.connect(self._write_all)

        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.XS, Space.XS, 0)
        head.addWidget(self._language, 1)
        head.addWidget(self._copy)
        body = QVBoxLayout()
        body.setContentsMargins(Space.L, 0, Space.S, Space.M)
        body.addWidget(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        layout.addLayout(body)
        self.show_code(part)

    @property
    def text(self) -> RichText:
        """The code itself, for selecting."""
        return self._text

    def show_code(self, part: Code) -> None:
        """Show `part`; what was only added to is only added to.

        New lines are coloured by themselves at first; when the code has grown by half it is
        coloured again as a whole, which is right where a string or comment spans lines.
        """
        before, self._part = self._part, part
        self._language.setText(language_name(part.language) or self.tr("Code"))
        grew = part.language == before.language and part.text.startswith(before.text)
        if not grew or not before.text or len(part.text) > self._coloured * _GROWTH:
            self._write_all()
            return
        line = before.text.rfind("\n") + 1
        writer = self._text.writer()
        writer.cut_last_line()
        writer.code(highlight(part.text[line:], part.language))

    def settle(self) -> None:
        """Colour the whole once more; no more will come."""
        if self._coloured != len(self._part.text):
            self._write_all()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._copy.set_label(self.tr("Copy code"))
            self._language.setText(language_name(self._part.language) or self.tr("Code"))

    def _write_all(self) -> None:
        self._coloured = len(self._part.text)
        self._text.clear_text()
        self._text.writer().code(highlight(self._part.text, self._part.language))
