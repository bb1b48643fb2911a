"""A message while it is being changed, in the place where it stands. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.domain.history import Attachment
from desktop.ui.attachment_chips import AttachmentChips
from desktop.ui.buttons import TextButton
from desktop.ui.composer_field import ComposerField
from desktop.ui.escape import claims_escape
from desktop.ui.labels import ElidedLabel, restyle, set_tooltip
from desktop.ui.shortcuts import ENTER_KEY, native
from desktop.ui.tokens import Space

__all__ = ["MessageEditor"]

_LINES = 24
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class MessageEditor(QFrame):
    """A field with the text, and what to do with it.

    In a question, Enter sends as in the composer; in an answer, which has paragraphs, Enter breaks
    the line and Ctrl+Enter saves.
    """

    submitted = Signal(str, bool)
    """(text, whether it is to be answered)"""
    cancelled = Signal(str)
    """(text as it was left)"""

    def __init__(
        self,
        text: str,
        left: str = "",
        *,
        attachments: Sequence[Attachment] = (),
        is_answer: bool,
    ) -> None:
        """Begin with `text`, or with what was `left` of an earlier change, which can be undone.

        `attachments` are shown; they go with the new version too.
        """
        super().__init__()
        self.setProperty("panel", "composer")
        self._before = text
        self._is_answer = is_answer
        self._has_attachments = bool(attachments)
        self.field = ComposerField(_LINES, self)
        self.field.setPlainText(text)
        if left and left != text:
            cursor = QTextCursor(self.field.document())
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(left)
        self.field.moveCursor(QTextCursor.MoveOperation.End)
        if is_answer:
            self.field.ask_first(self)
        self._about = ElidedLabel(tone="muted", size="small")
        self._cancel = TextButton(kind="quiet")
        self._save = TextButton(kind="primary" if is_answer else "normal")
        self._send = TextButton(kind="primary")
        foot = QHBoxLayout()
        foot.setSpacing(Space.S)
        foot.addWidget(self._about, 1)
        foot.addWidget(self._cancel)
        foot.addWidget(self._save)
        foot.addWidget(self._send)
        if is_answer:
            self._send.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.S, Space.S)
        column.setSpacing(Space.S)
        if attachments:
            column.addWidget(AttachmentChips(attachments))
        column.addWidget(self.field)
        column.addLayout(foot)
        self.setFocusProxy(self.field)
        self.field.submitted.connect(self._on_submitted)
        self.field.escaped.connect(self.cancel)
        self.field.textChanged.connect(self._show_buttons)
        self.field.focus_changed.connect(self._on_focus_changed)
        self.field.long_text_pasted.connect(self.field.insertPlainText)
        self._cancel.clicked.connect(self.cancel)
        self._save.clicked.connect(self._on_save)
        self._send.clicked.connect(self._on_send)
        self._show_buttons()
        self._say()

    @property
    def text(self) -> str:
        """What is written now."""
        return self.field.toPlainText()

    def cancel(self) -> None:
        """Leave the message as it was; the owner is told what is lost."""
        self.cancelled.emit(self.text)

    def take_key(self, event: QKeyEvent) -> bool:
        """Break the line by Enter alone, as the field's first helper."""
        if event.key() not in _ENTER or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self.field.insertPlainText("\n")
        self.field.ensureCursorVisible()
        return True

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Esc cancel from the buttons, too; the field has words of its own for it."""
        if event.key() == Qt.Key.Key_Escape and not self.field.hasFocus():
            self.cancel()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_submitted(self) -> None:
        if self._is_answer:
            self._on_save()
        else:
            self._on_send()

    def _on_send(self) -> None:
        if self._is_enough():
            self.submitted.emit(self.text.strip(), True)

    def _on_save(self) -> None:
        text = self.text.strip()
        if text == self._before.strip():
            self.cancel()
        elif self._is_enough():
            self.submitted.emit(text, False)

    def _on_focus_changed(self, focused: bool) -> None:
        restyle(self, "active", focused)

    def _show_buttons(self) -> None:
        for button in (self._save, self._send):
            button.setEnabled(self._is_enough())

    def _is_enough(self) -> bool:
        """Tell whether there is anything to keep; an attachment may stand alone."""
        return self._has_attachments or bool(self.text.strip())

    def _say(self) -> None:
        self._about.setText(self.tr("The version before stays."))
        self._cancel.setText(self.tr("Cancel"))
        self._save.setText(self.tr("Save"))
        self._send.setText(self.tr("Send"))
        set_tooltip(self._cancel, native(Qt.Key.Key_Escape))
        if self._is_answer:
            self.field.setAccessibleName(self.tr("Edit answer"))
            set_tooltip(self._save, native(Qt.Modifier.CTRL | ENTER_KEY))
        else:
            self.field.setAccessibleName(self.tr("Edit question"))
            set_tooltip(self._save, self.tr("Keep it without asking for an answer"))
            set_tooltip(self._send, native(ENTER_KEY))
