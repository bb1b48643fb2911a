"""A block of code: its language, what can be done with it, and the code in colours. GUI thread."""

from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.base.files import replaced
from desktop.ui.buttons import IconButton
from desktop.ui.code_colours import CodeColours
from desktop.ui.code_languages import file_name, language_name
from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import PlainLabel
from desktop.ui.markdown_parts import Code
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["CodeBlock"]

_BUTTON = 28


class CodeBlock(QFrame):
    """Shows one `Code`; `show_code` may be called again while the code grows."""

    def __init__(self, part: Code, parent: QWidget | None = None) -> None:
        """Show `part`."""
        super().__init__(parent)
        self.setProperty("panel", "code")
        self._part = Code("")
        self._language = PlainLabel(tone="muted", size="small")
        self._wrap = IconButton("wrap", side=_BUTTON)
        self._wrap.setCheckable(True)
        self._wrap.toggled.connect(self._on_wrap_toggled)
        self._save = IconButton("download", side=_BUTTON)
        self._save.clicked.connect(self._choose_file)
        self._copy = CopyButton(side=_BUTTON)
        self._copy.clicked.connect(lambda: self._copy.copy(self._part.text))
        self._text = RichText(wrap=False)
        self._text.restyled.connect(self._write_all)
        self._colours = CodeColours(self._text)

        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.XS, Space.XS, 0)
        head.setSpacing(0)
        head.addWidget(self._language, 1)
        for button in (self._wrap, self._save, self._copy):
            head.addWidget(button)
        body = QVBoxLayout()
        body.setContentsMargins(Space.L, 0, Space.S, Space.M)
        body.addWidget(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        layout.addLayout(body)
        self._say()
        self.show_code(part)

    @property
    def text(self) -> RichText:
        """The code itself, for selecting."""
        return self._text

    @property
    def part(self) -> Code:
        """What is shown."""
        return self._part

    def show_code(self, part: Code) -> None:
        """Show `part`; what was only added to is only added to."""
        before, self._part = self._part, part
        if part.language != before.language or not before.text:
            self._say_language()
        if part.text.startswith(before.text) and before.text:
            if len(part.text) > len(before.text):
                self._text.writer().code(part.text[len(before.text) :])
        else:
            self._colours.forget()
            self._text.clear_text()
            self._text.writer().code(part.text)
        self._colours.show(part.text, part.language, settled=False)

    def settle(self) -> None:
        """Colour the whole once more; no more will come."""
        self._colours.show(self._part.text, self._part.language, settled=True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
            self._say_language()

    def _say(self) -> None:
        self._wrap.set_label(self.tr("Wrap long lines"))
        self._save.set_label(self.tr("Save as…"))
        self._copy.set_label(self.tr("Copy code"))

    def _say_language(self) -> None:
        self._language.set_tone("muted")
        self._language.setText(language_name(self._part.language) or self.tr("Code"))

    def _write_all(self) -> None:
        self._text.clear_text()
        self._text.writer().code(self._part.text)
        self._colours.repaint()

    def _on_wrap_toggled(self, wrap: bool) -> None:
        self._text.set_wrap(wrap)

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Save code"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(file_name(self._part.language))
        dialog.fileSelected.connect(self._save_to)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _save_to(self, name: str) -> None:
        try:
            with replaced(Path(name)) as stream:
                stream.write(f"{self._part.text}\n".encode())
        except OSError as error:
            self._language.set_tone("bad")
            reason = error.strerror or type(error).__name__
            self._language.setText(self.tr("Not saved: {reason}").format(reason=reason))
        else:
            self._say_language()
