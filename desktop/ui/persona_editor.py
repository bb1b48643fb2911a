"""A persona to be read or changed: who it is, and what a chat with it begins with. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.services.library_checks import LONGEST_ABOUT, LONGEST_NAME
from desktop.ui.chat_ground import ChatGround
from desktop.ui.chat_knobs import ChatKnobs
from desktop.ui.sign_button import SignButton
from desktop.ui.tokens import Space

__all__ = ["PersonaEditor"]

_PAUSE_MS = 500


class PersonaEditor(QWidget):
    """Tells each change at once; typing, when it pauses. A name is never empty."""

    changed = Signal(object)
    """(Persona)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a persona."""
        super().__init__(parent)
        self._persona: Persona | None = None
        self._sign = SignButton("person")
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._about = QLineEdit()
        self._about.setMaxLength(LONGEST_ABOUT)
        self.knobs = ChatKnobs()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        words = QVBoxLayout()
        words.setSpacing(Space.S)
        words.addWidget(self._name)
        words.addWidget(self._about)
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        head.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        column.addLayout(head)
        column.addWidget(self.knobs)
        for field in (self._name, self._about):
            field.textEdited.connect(self._pause.start)
            field.editingFinished.connect(self.flush)
        self._pause.timeout.connect(self._take)
        self._sign.chosen.connect(self._take)
        self.knobs.changed.connect(self._take)
        self._retranslate()

    def show_item(self, persona: Persona, ground: ChatGround) -> None:
        """Show `persona`; call `flush` before it is another one."""
        self._persona = persona
        read_only = persona.built_in
        for field, text in ((self._name, persona.name), (self._about, persona.about)):
            field.setReadOnly(read_only)
            if field.text() != text and not self._pause.isActive():
                field.setText(text)
                field.setCursorPosition(0)
        self._sign.show_sign(persona.icon)
        self._sign.setEnabled(not read_only)
        self.knobs.show_settings(persona.settings, ground)
        self.knobs.set_read_only(read_only=read_only)

    def begin(self) -> None:
        """Let the typing begin with the name."""
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        self._name.selectAll()

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        self.knobs.flush()
        if self._pause.isActive():
            self._take()

    def forget(self) -> None:
        """Drop what was typed: what it was typed for is no more."""
        self._pause.stop()
        self.knobs.show_settings(ChatSettings(), ChatGround())
        self._persona = None

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _take(self) -> None:
        self._pause.stop()
        if self._persona is None or self._persona.built_in:
            return
        persona = replace(
            self._persona,
            name=" ".join(self._name.text().split()) or self._persona.name,
            about=" ".join(self._about.text().split()),
            icon=self._sign.sign,
            settings=self.knobs.settings,
        )
        if persona != self._persona:
            self._persona = persona
            self.changed.emit(persona)

    def _retranslate(self) -> None:
        for field, words in (
            (self._name, self.tr("Name")),
            (self._about, self.tr("What it is for, in a line")),
        ):
            field.setPlaceholderText(words)
            field.setAccessibleName(words)
