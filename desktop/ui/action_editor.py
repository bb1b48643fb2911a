"""A quick action to be read or changed: its key, and what a model is told to do. GUI thread."""

from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.quick_action import QuickAction
from desktop.services.prompt_variables import LANGUAGE
from desktop.services.quick_actions import TARGET
from desktop.ui.action_key import ActionKey
from desktop.ui.action_variants import ActionVariants
from desktop.ui.item_editor import ItemEditor
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space
from desktop.ui.variable_text import VariableText

__all__ = ["ActionEditor"]

_LEAST_LINES = 6
_VARIABLES = (LANGUAGE, TARGET)


class ActionEditor(ItemEditor[QuickAction]):
    """Tells a QuickAction, whose instruction is never empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without an action."""
        super().__init__("spark", parent)
        self._key = ActionKey()
        self._key_note = PlainLabel(tone="muted", size="small", wrap=True)
        self._key_in_force = ""
        self._text = VariableText(_VARIABLES, _LEAST_LINES)
        self.variants = ActionVariants()
        self._lay_out()
        self._listen(self._key)
        self._text.edited.connect(self._pause.start)
        self._text.left.connect(self.flush)
        self.variants.edited.connect(self._pause.start)
        self.variants.finished.connect(self._take)
        self._retranslate()

    def show_item(self, action: QuickAction) -> None:
        """Show `action`; call `flush` before it is another one."""
        self._item = action
        read_only = action.built_in
        self._show_head(action.icon, action.name, read_only=read_only)
        self._key.setReadOnly(read_only)
        self._text.set_read_only(read_only=read_only)
        if self._pause.isActive():
            return
        self._key.show_key(action.key)
        self._text.show_text(action.instruction)
        self.variants.show_variants(action.variants, read_only=read_only)

    def show_key(self, key: str) -> None:
        """Say which key the action really has; empty for none, as another one may have its own."""
        self._key_in_force = key
        wanted = "" if self._item is None else self._item.key
        self._key.setPlaceholderText(key)
        is_other = bool(wanted and key) and wanted != key
        self._key_note.setVisible(is_other)
        if is_other:
            words = self.tr("An action before it has the key {key}. This one has {other}.")
            self._key_note.setText(words.format(key=wanted, other=key))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        head.addWidget(self._sign)
        head.addWidget(self._name, 1)
        head.addWidget(self._key)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addLayout(head)
        column.addWidget(self._key_note)
        column.addWidget(self._text)
        column.addWidget(self.variants)

    def _typed(self, before: QuickAction) -> QuickAction:
        text = self._text.text
        return replace(
            super()._typed(before),
            key=self._key.key,
            instruction=text if text.strip() else before.instruction,
            variants=self.variants.variants,
        )

    def _retranslate(self) -> None:
        super()._retranslate()
        self._text.say(
            self.tr("Instruction"),
            self.tr(
                "Say what is to be done with “the text below”: what you have selected follows "
                "behind it. What is always the same comes first, so that the answer begins sooner."
            ),
            {
                LANGUAGE: self.tr("The language of Lapis"),
                TARGET: self.tr("The language to translate into: yours, or your other one"),
            },
        )
        self.show_key(self._key_in_force)
