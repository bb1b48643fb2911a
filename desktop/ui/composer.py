"""Where a question is written: the field, what goes along as chips, and the buttons.

Values in, signals out: it clears itself only when its owner has saved the question. GUI thread.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.model import InstalledModel
from desktop.services.context import Draft
from desktop.services.context_estimate import estimated_tokens
from desktop.services.drafts import draft_of, read_draft
from desktop.ui.buttons import IconButton, PressedOnce
from desktop.ui.composer_chips import ComposerChips
from desktop.ui.composer_field import FIELD_LIMIT, ComposerField, takes_dropped
from desktop.ui.labels import restyle
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.sight_line import SightLine
from desktop.ui.tokens import Space

__all__ = ["Composer"]

_LINES = 8
_DRAFT_MS = 300
_LONG_DRAFT_MS = 2000
_LONG = 50_000
_HUGE_DRAFT_MS = 10_000
_HUGE = 2_000_000
_NARROW = 480
# The role that is light upon dark in the light theme and the other way round in the dark one.
_ON_ACCENT = QPalette.ColorRole.ToolTipText


class Composer(QFrame):
    """One draft at a time. `question` is what would be sent, `draft` the same to be kept."""

    submitted = Signal(object)
    """(Draft)"""
    stop_requested = Signal()
    draft_changed = Signal(str)
    """(draft), shortly after the typing pauses, and at most twice a second."""
    edited = Signal()
    """Another text, or something else that goes along."""
    model_dropped = Signal(object)
    """(Path)"""
    files_dropped = Signal(object)
    """(list of Path): to be read and given to `attach`."""
    picture_pasted = Signal(object)
    """(bytes of a file, QImage, or None): a picture to be made ready and given to `attach`."""
    files_wanted = Signal()
    """The person wants to choose files."""
    other_model_wanted = Signal()
    """The person wants a model that sees the pictures that go along."""
    prompts_wanted = Signal()
    """The person wants to see the saved prompts."""

    def __init__(
        self,
        *,
        lines: int = _LINES,
        framed: bool = True,
        tools: bool = True,
        sends: bool = True,
        chips: ComposerChips | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Start empty, with nothing running; it grows to `lines` lines, then scrolls.

        `tools` are the buttons for files and prompts; without `sends` there is no button to send,
        as its owner has one. `chips` are placed by whoever gives them;
        without any the composer has its own, above the field.
        """
        super().__init__(parent)
        self._inset = Space.L if framed else Space.S
        self._is_framed = framed
        if framed:
            self.setProperty("panel", "composer")
        self.setAcceptDrops(True)
        self._has_tools = tools
        self._running = False
        self._about_guide = False
        self._expected = ""
        self._quiet = False
        self._button_shown: bool | None = None
        self.field = ComposerField(lines, self)
        self._has_chips = chips is None
        self._chips = chips or ComposerChips(estimated_tokens, self)
        self._sight = SightLine(self._chips)
        self._sight.other_wanted.connect(self.other_model_wanted)
        self._files = IconButton("plus", parent=self)
        self._prompts = IconButton("slash", parent=self)
        for tool in (self._files, self._prompts):
            tool.setVisible(tools)
        self._leaves = LeavesBadge(words=False, parent=self)
        self._button = _SendButton("send", tint=_ON_ACCENT, parent=self)
        self._button.setProperty("kind", "primary")
        self._button.setVisible(sends)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row = QHBoxLayout()
        self._is_tall = False
        self._draft_timer = QTimer(self, singleShot=True)
        self._lay_out()
        self.field.submitted.connect(self._on_submitted)
        self.field.escaped.connect(self.stop_requested)
        self.field.textChanged.connect(self._on_changed)
        self.field.focus_changed.connect(self._on_focus_changed)
        self.field.model_dropped.connect(self.model_dropped)
        self.field.files_dropped.connect(self.files_dropped)
        self.field.picture_pasted.connect(self.picture_pasted)
        self.field.long_text_pasted.connect(self._on_long_text_pasted)
        self._chips.changed.connect(self._on_changed)
        self._files.clicked.connect(self.files_wanted)
        self._prompts.clicked.connect(self.prompts_wanted)
        self._button.clicked.connect(self._on_button_clicked)
        self._draft_timer.timeout.connect(self._tell_draft)
        self._retranslate()

    def question(self) -> Draft:
        """Return what would be sent."""
        return Draft(self.field.toPlainText().strip(), self._chips.attachments())

    def draft(self) -> str:
        """Return what is typed and goes along, to be given to `set_draft` later."""
        return draft_of(self.field.toPlainText(), self._chips.attachments())

    def set_draft(self, draft: str) -> None:
        """Show a kept draft in place of the current one; nothing is told but `edited`."""
        typed, attachments = read_draft(draft)
        self.set_question(typed, attachments)

    def set_question(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Show a question in place of the current draft; nothing is told but `edited`."""
        if len(text) > FIELD_LIMIT:
            attachments = (*attachments, Attachment(AttachmentKind.PASTE, "", text))
            text = ""
        self._draft_timer.stop()
        # What is read for a question that was left goes with no other.
        self._chips.stop_reading()
        self._quiet = True
        self.field.setPlainText(text)
        self._chips.set_attachments(attachments)
        self._quiet = False
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self._show_button()
        self._fit()
        self.edited.emit()

    def submit(self) -> None:
        """Send what is there, as Enter does."""
        self._on_submitted()

    def attach(self, attachment: Attachment) -> None:
        """Let `attachment` go with the question."""
        self._chips.add(attachment)

    @property
    def chips(self) -> ComposerChips:
        """What goes along, and what is being read to do so: nothing is sent before that is there."""
        return self._chips

    @property
    def sight(self) -> SightLine:
        """The line that `show_sight` fills, to be placed by whoever places the chips."""
        return self._sight

    def add_tool(self, widget: QWidget) -> None:
        """Place `widget` before the button that sends."""
        self._row.insertWidget(self._row.count() - 1, widget, 0, Qt.AlignmentFlag.AlignBottom)

    def set_running(self, running: bool) -> None:
        """Turn the button into Stop while an answer runs."""
        self._running = running
        self._show_button()

    def set_about_guide(self, about_guide: bool) -> None:
        """Say in the placeholder what the chosen model can be asked."""
        if about_guide is not self._about_guide:
            self._about_guide = about_guide
            self._retranslate()

    def show_leaving(self, host: str) -> None:
        """Say that the question goes to `host`; empty: it stays here."""
        self._leaves.show_host(host)

    def show_sight(self, model: InstalledModel | None, sees: Callable[[], bool | None]) -> None:
        """Say so where `model` does not see, and pictures are to go along; as in `SightLine`."""
        self._sight.set_model(model, sees)

    def set_placeholder(self, words: str) -> None:
        """Say in the empty field what is expected in it; empty: a question, as ever."""
        self._expected = words
        self._retranslate()

    def focus_field(self) -> None:
        """Put the cursor into the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and pictures beside the field, too."""
        if takes_dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand the files over."""
        event.acceptProposedAction()
        self.field.insertFromMimeData(event.mimeData())

    def _lay_out(self) -> None:
        self._row.setSpacing(Space.XS)
        self._row.addStretch(1)
        self._body.setSpacing(Space.XS)
        self._body.addWidget(self.field, 1)
        self._body.addLayout(self._row)
        self._row.addWidget(self._leaves, 0, Qt.AlignmentFlag.AlignVCenter)
        for button in (self._files, self._prompts, self._button):
            self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(self._inset, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        if self._has_chips:
            column.addWidget(self._chips)
            column.addWidget(self._sight)
        column.addLayout(self._body)
        self.setFocusProxy(self.field)

    def _on_submitted(self) -> None:
        question = self.question()
        if self._is_written() and not (self._running or self._chips.is_reading):
            self.submitted.emit(question)

    def _on_button_clicked(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self._on_submitted()

    def _on_long_text_pasted(self, text: str) -> None:
        self.attach(Attachment(AttachmentKind.PASTE, "", text))

    def _fit(self) -> None:
        """Give a text of several lines the whole width, with the buttons below it.

        It stays so until the field is empty again: the lines would jump otherwise.
        """
        has_text = not self.field.document().isEmpty()
        is_tall = self._has_tools and (
            self.width() < _NARROW or (has_text and (self._is_tall or self.field.has_lines))
        )
        if is_tall != self._is_tall:
            self._is_tall = is_tall
            way = QBoxLayout.Direction
            self._body.setDirection(way.TopToBottom if is_tall else way.LeftToRight)

    def _on_changed(self) -> None:
        self._show_button()
        self._fit()
        if self._quiet:
            return
        self.edited.emit()
        if not self._draft_timer.isActive():
            self._draft_timer.start(self._draft_pause())

    def _draft_pause(self) -> int:
        """Return after how long a draft is kept: the whole of it is written each time."""
        size = sum(len(each.text) for each in self._chips.attachments())
        if size > _HUGE:
            return _HUGE_DRAFT_MS
        return _LONG_DRAFT_MS if size > _LONG else _DRAFT_MS

    def _tell_draft(self) -> None:
        self.draft_changed.emit(self.draft())

    def _on_focus_changed(self, focused: bool) -> None:
        if self._is_framed:
            restyle(self, "active", focused)

    def _show_button(self) -> None:
        if self._button_shown is not self._running:
            self._button_shown = self._running
            self._button.set_icon("stop" if self._running else "send")
            self._button.set_label(self.tr("Stop") if self._running else self.tr("Send"))
        can_send = self._is_written() and not self._chips.is_reading
        self._button.setEnabled(self._running or can_send)

    def _is_written(self) -> bool:
        return bool(self._chips.attachments()) or bool(self.field.toPlainText().strip())

    def _retranslate(self) -> None:
        usual = self.tr("Ask about Lapis…") if self._about_guide else self.tr("Ask anything…")
        self.field.setPlaceholderText(self._expected or usual)
        # Qt paints another placeholder only when it was not showing one before.
        self.field.viewport().update()
        self.field.setAccessibleName(self.tr("Your question"))
        self._files.set_label(self.tr("Let files go with the question"))
        self._prompts.set_label(self.tr("Saved prompts (/)"))
        self._button_shown = None
        self._show_button()


class _SendButton(PressedOnce, IconButton):
    """A second press would stop what the first one has sent, or send what it was to stop."""
