"""A persona to be read or changed: who it is, and what a chat with it begins with. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.services.library_checks import LONGEST_ABOUT
from desktop.ui.chat_ground import ChatGround
from desktop.ui.chat_knobs import ChatKnobs
from desktop.ui.item_editor import ItemEditor, name_line
from desktop.ui.tokens import Space

__all__ = ["PersonaEditor"]


class PersonaEditor(ItemEditor[Persona]):
    """Tells each change of a setting at once, as a Persona."""

    def __init__(self) -> None:
        """Start without a persona."""
        super().__init__("person")
        self._about = QLineEdit()
        self._about.setMaxLength(LONGEST_ABOUT)
        self.knobs = ChatKnobs()
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
        self._listen(self._about)
        self.knobs.changed.connect(self._take)
        self._retranslate()

    def show_item(self, persona: Persona, ground: ChatGround) -> None:
        """Show `persona`; call `flush` before it is another one."""
        self._item = persona
        read_only = persona.built_in
        self._show_head(persona.icon, persona.name, read_only=read_only)
        self._show_line(self._about, persona.about, read_only=read_only)
        self.knobs.show_settings(persona.settings, ground)
        self.knobs.set_read_only(read_only=read_only)

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        self.knobs.flush()
        super().flush()

    def forget(self) -> None:
        """Drop what was typed: what it was typed for is no more."""
        super().forget()
        self.knobs.show_settings(ChatSettings(), ChatGround())

    def _typed(self, before: Persona) -> Persona:
        return replace(
            super()._typed(before),
            about=" ".join(self._about.text().split()),
            settings=self.knobs.settings,
        )

    def _retranslate(self) -> None:
        super()._retranslate()
        name_line(self._about, self.tr("What it is for, in a line"))
