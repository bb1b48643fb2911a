"""A quick action to be read or changed: its key, and what a model is told to do. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.quick_action import QuickAction
from desktop.services.library_checks import LONGEST_NAME, LONGEST_TEXT
from desktop.services.prompt_variables import LANGUAGE
from desktop.services.quick_actions import TARGET
from desktop.ui.action_key import ActionKey
from desktop.ui.action_variants import ActionVariants
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.growing_field import GrowingField
from desktop.ui.labels import PlainLabel, set_tooltip
from desktop.ui.setting_row import SettingRow
from desktop.ui.sign_button import SignButton
from desktop.ui.tokens import Space

__all__ = ["ActionEditor"]

_PAUSE_MS = 500
_LEAST_LINES = 6
_MOST_LINES = 24
_VARIABLES = (LANGUAGE, TARGET)


class ActionEditor(QWidget):
    """Tells what was typed when that pauses. A name and an instruction are never empty."""

    changed = Signal(object)
    """(QuickAction)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without an action."""
        super().__init__(parent)
        self._action: QuickAction | None = None
        self._sign = SignButton("spark")
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._key = ActionKey()
        self._key_note = PlainLabel(tone="muted", size="small", wrap=True)
        self._key_in_force = ""
        self._row = SettingRow(None, stacked=True)
        self._text = GrowingField(_LEAST_LINES, _MOST_LINES)
        self._holes = QWidget()
        self._buttons = {name: TextButton(f"{{{{{name}}}}}") for name in _VARIABLES}
        self.variants = ActionVariants()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._retranslate()

    def show_item(self, action: QuickAction) -> None:
        """Show `action`; call `flush` before it is another one."""
        self._action = action
        read_only = action.built_in
        for field in (self._name, self._key, self._text):
            field.setReadOnly(read_only)
        self._sign.show_sign(action.icon)
        self._sign.setEnabled(not read_only)
        self._holes.setVisible(not read_only)
        if self._pause.isActive():
            return
        if self._name.text() != action.name:
            self._name.setText(action.name)
            self._name.setCursorPosition(0)
        self._key.show_key(action.key)
        self._text.show_text(action.instruction)
        self.variants.show_variants(action.variants, read_only=read_only)

    def show_key(self, key: str) -> None:
        """Say which key the action really has; empty for none, as another one may have its own."""
        self._key_in_force = key
        wanted = "" if self._action is None else self._action.key
        self._key.setPlaceholderText(key)
        is_other = bool(wanted and key) and wanted != key
        self._key_note.setVisible(is_other)
        if is_other:
            words = self.tr("An action before it has the key {key}. This one has {other}.")
            self._key_note.setText(words.format(key=wanted, other=key))

    def begin(self) -> None:
        """Let the typing begin with the name."""
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        self._name.selectAll()

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        if self._pause.isActive():
            self._take()

    def forget(self) -> None:
        """Drop what was typed: what it was typed for is no more."""
        self._pause.stop()
        self._action = None

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        head.addWidget(self._sign)
        head.addWidget(self._name, 1)
        head.addWidget(self._key)
        flow = FlowLayout(self._holes, beside=Space.XS, between=Space.XS)
        for button in self._buttons.values():
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addLayout(head)
        column.addWidget(self._key_note)
        column.addWidget(self._row)
        column.addWidget(self._text)
        column.addWidget(self._holes)
        column.addWidget(self.variants)

    def _connect(self) -> None:
        for field in (self._name, self._key):
            field.textEdited.connect(self._pause.start)
            field.editingFinished.connect(self.flush)
        self._text.textChanged.connect(self._pause.start)
        self._text.left.connect(self.flush)
        self.variants.edited.connect(self._pause.start)
        self.variants.finished.connect(self._take)
        self._sign.chosen.connect(self._take)
        self._pause.timeout.connect(self._take)
        for name, button in self._buttons.items():
            button.clicked.connect(lambda _checked, name=name: self._insert(name))

    def _insert(self, name: str) -> None:
        self._text.insertPlainText(f"{{{{{name}}}}}")
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(self) -> None:
        self._pause.stop()
        if self._action is None or self._action.built_in:
            return
        text = self._text.toPlainText()[:LONGEST_TEXT]
        action = replace(
            self._action,
            name=" ".join(self._name.text().split()) or self._action.name,
            key=self._key.key,
            icon=self._sign.sign,
            instruction=text if text.strip() else self._action.instruction,
            variants=self.variants.variants,
        )
        if action != self._action:
            self._action = action
            self.changed.emit(action)

    def _retranslate(self) -> None:
        name = self.tr("Name")
        self._name.setPlaceholderText(name)
        self._name.setAccessibleName(name)
        text = self.tr("Instruction")
        self._text.setAccessibleName(text)
        self._row.say(
            text,
            self.tr(
                "Say what is to be done with “the text below”: what you have selected follows "
                "behind it. What is always the same comes first, so that the answer begins sooner."
            ),
        )
        self.show_key(self._key_in_force)
        hints = {
            LANGUAGE: self.tr("The language of Lapis"),
            TARGET: self.tr("The language to translate into: yours, or your other one"),
        }
        for variable, button in self._buttons.items():
            set_tooltip(button, hints[variable])
            button.setAccessibleDescription(hints[variable])
