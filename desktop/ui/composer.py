"""Where a question is written: the field, long pastes as chips, and the button that sends or stops.

Values in, signals out: it clears itself only when its owner has saved the question. GUI thread.
"""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.composer_field import FIELD_LIMIT, ComposerField, dropped_model
from desktop.ui.labels import restyle
from desktop.ui.paste_chip import PasteChips
from desktop.ui.tokens import Space

__all__ = ["Composer"]

_LINES = 8
_DRAFT_MS = 300
_LONG_DRAFT_MS = 2000
# The role that is light upon dark in the light theme and the other way round in the dark one.
_ON_ACCENT = QPalette.ColorRole.ToolTipText
_PART = "\x1d"


class Composer(QFrame):
    """One draft at a time. `text` is the question, `draft` the same in a form to be kept."""

    submitted = Signal(str)
    stop_requested = Signal()
    draft_changed = Signal(str)
    """(draft), shortly after the typing pauses, and at most twice a second."""
    model_dropped = Signal(object)
    """(Path)"""

    def __init__(
        self, *, lines: int = _LINES, framed: bool = True, parent: QWidget | None = None
    ) -> None:
        """Start empty, with nothing running; it grows to `lines` lines, then scrolls."""
        super().__init__(parent)
        self._inset = Space.L if framed else Space.S
        if framed:
            self.setProperty("panel", "composer")
        self.setAcceptDrops(True)
        self._running = False
        self._about_guide = False
        self._quiet = False
        self._button_shown: bool | None = None
        self.field = ComposerField(lines, self)
        self._chips = PasteChips(self)
        self._button = IconButton("send", tint=_ON_ACCENT, parent=self)
        self._button.setProperty("kind", "primary")
        self._draft_timer = QTimer(self, singleShot=True)
        self._lay_out()
        self.field.submitted.connect(self._on_submitted)
        self.field.escaped.connect(self.stop_requested)
        self.field.textChanged.connect(self._on_changed)
        self.field.focus_changed.connect(self._on_focus_changed)
        self.field.model_dropped.connect(self.model_dropped)
        self.field.long_text_pasted.connect(self._on_long_text_pasted)
        self._chips.changed.connect(self._on_changed)
        self._button.clicked.connect(self._on_button_clicked)
        self._draft_timer.timeout.connect(self._tell_draft)
        self._retranslate()

    def text(self) -> str:
        """Return the question: what is typed, then the long pastes."""
        parts = [self.field.toPlainText().strip(), *(part.strip() for part in self._chips.texts())]
        return "\n\n".join(part for part in parts if part)

    def draft(self) -> str:
        """Return what is typed and pasted, to be given to `set_draft` later."""
        typed = self.field.toPlainText()
        return _PART.join([typed, *self._chips.texts()]) if typed or self._chips.texts() else ""

    def set_draft(self, draft: str) -> None:
        """Show a kept draft in place of the current one; nothing is signalled."""
        typed, *pasted = draft.split(_PART)
        if len(typed) > FIELD_LIMIT:
            typed, pasted = "", [typed, *pasted]
        self._draft_timer.stop()
        self._quiet = True
        self.field.setPlainText(typed)
        self._chips.set_texts(pasted)
        self._quiet = False
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self._show_button()

    def set_running(self, running: bool) -> None:
        """Turn the button into Stop while an answer runs."""
        self._running = running
        self._show_button()

    def set_about_guide(self, about_guide: bool) -> None:
        """Say in the placeholder what the chosen model can be asked."""
        self._about_guide = about_guide
        self._retranslate()

    def focus_field(self) -> None:
        """Put the cursor into the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files beside the field, too."""
        if dropped_model(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand the model file over."""
        path = dropped_model(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.model_dropped.emit(path)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.field, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(self._inset, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self._chips)
        column.addLayout(row)
        self.setFocusProxy(self.field)

    def _on_submitted(self) -> None:
        text = self.text()
        if text and not self._running:
            self.submitted.emit(text)

    def _on_button_clicked(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self._on_submitted()

    def _on_long_text_pasted(self, text: str) -> None:
        self._chips.add(text)

    def _on_changed(self) -> None:
        self._show_button()
        if not self._quiet and not self._draft_timer.isActive():
            self._draft_timer.start(_LONG_DRAFT_MS if self._chips.texts() else _DRAFT_MS)

    def _tell_draft(self) -> None:
        self.draft_changed.emit(self.draft())

    def _on_focus_changed(self, focused: bool) -> None:
        restyle(self, "active", focused)

    def _show_button(self) -> None:
        if self._button_shown is not self._running:
            self._button_shown = self._running
            self._button.set_icon("stop" if self._running else "send")
            self._button.set_label(self.tr("Stop") if self._running else self.tr("Send"))
        written = bool(self._chips.texts()) or bool(self.field.toPlainText().strip())
        self._button.setEnabled(self._running or written)

    def _retranslate(self) -> None:
        self.field.setPlaceholderText(
            self.tr("Ask about Lapis…") if self._about_guide else self.tr("Ask anything…")
        )
        # Qt paints another placeholder only when it was not showing one before.
        self.field.viewport().update()
        self.field.setAccessibleName(self.tr("Your question"))
        self._button_shown = None
        self._show_button()
