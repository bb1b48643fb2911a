"""Puts a field in the place of a message and takes it away again. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from desktop.domain.history import Attachment
from desktop.ui.message_editor import MessageEditor

__all__ = ["MessageEditing"]


class MessageEditing(QObject):
    """Stands between a view and its editor, of which there is one only while somebody writes.

    What was written comes back when the same message is edited again: Esc is pressed by mistake as
    easily as any other key.
    """

    submitted = Signal(str, bool)
    """(text, whether it is to be answered)"""

    def __init__(
        self,
        view: QWidget,
        layout: QVBoxLayout,
        shown: QWidget,
        actions: QWidget,
        *,
        is_answer: bool,
    ) -> None:
        """Wait; `shown` is what the field replaces in `layout`, `actions` go for that time too."""
        super().__init__(view)
        self._view = view
        self._layout = layout
        self._shown = shown
        self._actions = actions
        self._is_answer = is_answer
        self._was_seen = True
        self._left = ""
        self._editor: MessageEditor | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody writes."""
        return self._editor is not None

    @property
    def text(self) -> str:
        """What is written in the field; empty where there is none."""
        return self._editor.text if self._editor is not None else ""

    def open(
        self,
        text: str,
        font: QFont,
        attachments: Sequence[Attachment] = (),
        *,
        left: str | None = None,
    ) -> None:
        """Let somebody change `text`, beside which `attachments` stay; the field has the cursor.

        `font` is that of the text as it is read. With `left`, what was written before, nobody has
        asked for it just now, and the cursor stays where it is.
        """
        if left is not None:
            self._left = left
        if self._editor is None:
            self._editor = MessageEditor(
                text, self._left, attachments=attachments, is_answer=self._is_answer
            )
            self._editor.field.setFont(font)
            self._editor.submitted.connect(self._on_submitted)
            self._editor.cancelled.connect(self._on_cancelled)
            self._was_seen = not self._shown.isHidden()
            self._layout.insertWidget(self._layout.indexOf(self._shown), self._editor)
            self._shown.hide()
            self._actions.hide()
            self._editor.show()
        if left is None:
            self._editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_submitted(self, text: str, ask: bool) -> None:
        # Where it cannot be kept now, it is still here.
        self._left = text
        self._close()
        self.submitted.emit(text, ask)

    def _on_cancelled(self, text: str) -> None:
        self._left = text
        self._close()

    def _close(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        self._give_focus_back(editor)
        self._layout.removeWidget(editor)
        editor.hide()
        editor.deleteLater()
        self._shown.setVisible(self._was_seen)
        self._actions.show()

    def _give_focus_back(self, editor: MessageEditor) -> None:
        """Leave the keyboard at the message; Qt would take it to the first button of the window."""
        row, now = self._view.parentWidget(), QApplication.focusWidget()
        if row is not None and now is not None and editor.isAncestorOf(now):
            row.setFocus(Qt.FocusReason.OtherFocusReason)
