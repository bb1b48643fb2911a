"""A question in the transcript: a raised bubble at the right. GUI thread."""

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.domain.history import StoredMessage
from desktop.ui.attachment_chips import AttachmentChips
from desktop.ui.folding import beginning
from desktop.ui.leaves_badge import Hosts
from desktop.ui.link_button import LinkButton
from desktop.ui.markdown_parts import code_text
from desktop.ui.message_actions import Action, MessageActions
from desktop.ui.message_editing import MessageEditing
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["QuestionView"]

_SHARE = 0.8
_LONG = 4_000


class QuestionView(QWidget):
    """Shows what a person asked, letter by letter: no Markdown is read from it.

    A long one shows how it begins until `unfold`.
    """

    link_meant = Signal(str, QPointF)
    """Never: the words of a person are no links."""
    edit_submitted = Signal(int, str, bool)
    """(message, text, whether it is to be answered)"""
    sibling_requested = Signal(int, int)
    """(message, -1 or +1)"""
    branch_requested = Signal(int)

    def __init__(self, message: StoredMessage, parent: QWidget | None = None) -> None:
        """Show `message`."""
        super().__init__(parent)
        self._message = message
        self._bubble = QFrame(self)
        self._bubble.setProperty("panel", "bubble")
        self._text = RichText(parent=self._bubble)
        self._text.restyled.connect(self._on_restyled)
        self._beginning = beginning(message.content)
        self._more: LinkButton | None = None
        self._chips: AttachmentChips | None = None
        self._inside = QVBoxLayout(self._bubble)
        self._inside.setContentsMargins(Space.L, Space.S + 1, Space.L, Space.S + 3)
        self._inside.setSpacing(Space.S)
        if message.attachments:
            self._chips = AttachmentChips(message.attachments)
            self._inside.addWidget(self._chips)
        self._inside.addWidget(self._text)
        if message.attachments and not message.content:
            self._text.hide()
        if self._beginning is not None:
            self._more = LinkButton()
            self._more.clicked.connect(self.unfold)
            self._inside.addWidget(self._more)
        self._actions = MessageActions(of_answer=False, parent=self)
        self._actions.set_offers((Action.COPY, Action.EDIT, Action.BRANCH))
        # While the question is edited, too: what follows stays at its distance.
        policy = self._actions.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._actions.setSizePolicy(policy)
        self._actions.chosen.connect(self._on_chosen)
        self._actions.sibling_requested.connect(self._on_sibling_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bubble, 0, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self._actions)
        self._layout = layout
        self._editing: MessageEditing | None = None
        self._say()
        self._write()

    @property
    def message(self) -> StoredMessage:
        """What is shown."""
        return self._message

    @property
    def is_being_edited(self) -> bool:
        """Whether there is text in a field that would be lost with this view."""
        return self._editing is not None and self._editing.is_open

    @property
    def edited_text(self) -> str:
        """What is written in that field."""
        return self._editing.text if self._editing is not None else ""

    @property
    def is_folded(self) -> bool:
        """Whether only the beginning of a long question is shown."""
        return self._beginning is not None

    def texts(self) -> list[RichText]:
        """Return what can be selected and searched, in reading order; see `unfold`."""
        return [] if self.is_being_edited or not self._message.content else [self._text]

    def begin_edit(self, left: str | None = None) -> None:
        """Put a field in the place of the bubble, with the cursor in it; see `MessageEditing`."""
        if self._editing is None:
            self._editing = MessageEditing(
                self, self._layout, self._bubble, self._actions, is_answer=False
            )
            self._editing.submitted.connect(self._on_edit_submitted)
        font, attachments = self._text.font(), self._message.attachments
        self._editing.open(self._message.content, font, attachments, left=left)

    def unfold(self) -> None:
        """Show all of a long question."""
        if self._beginning is not None:
            self._beginning = None
            self._write()
            self._fit()
        if self._more is not None:
            self._more.hide()

    def copy(self) -> None:
        """Put the question into the clipboard, exactly."""
        self._actions.copy(self._message.content)

    def is_streaming(self) -> bool:
        """Tell whether more is expected: never."""
        return False

    def set_place(self, place: int, siblings: int) -> None:
        """Show that this is version `place`, from 1, of `siblings`."""
        self._actions.set_place(place, siblings)

    def set_newest(self, newest: bool) -> None:
        """Nothing about a question depends on it."""

    def set_crashing(self, crashing: bool) -> None:
        """Nothing about a question depends on it."""

    def set_own_template(self, model: str) -> None:
        """Nothing about a question depends on it."""

    def set_chosen(self, model: str) -> None:
        """Nothing about a question depends on it."""

    def set_hosts(self, hosts: Hosts) -> None:
        """Nothing about a question depends on it."""

    def set_larger(self, text: str | None) -> None:
        """Nothing about a question depends on it."""

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._actions.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._actions.set_revealed(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _say(self) -> None:
        self._text.setAccessibleName(self.tr("Your question"))
        if self._more is not None:
            lines = self._message.content.strip().count("\n") + 1
            words = self.tr("Show all ({count} lines)") if lines > 1 else self.tr("Show all")
            self._more.setText(words.format(count=f"{lines:,}"))

    def _on_chosen(self, action: Action) -> None:
        match action:
            case Action.COPY:
                self.copy()
            case Action.EDIT:
                self.begin_edit()
            case Action.BRANCH:
                self.branch_requested.emit(self._message.id)
            case Action.AGAIN:
                pass

    def _on_sibling_requested(self, step: int) -> None:
        self.sibling_requested.emit(self._message.id, step)

    def _on_edit_submitted(self, text: str, ask: bool) -> None:
        self.edit_submitted.emit(self._message.id, text, ask)

    def _on_restyled(self) -> None:
        """Write it in another colour, or another size."""
        self._write()
        self._fit()

    def _write(self) -> None:
        shown = self._message.content
        if self._beginning is not None:
            shown = f"{self._beginning} …"
        shown = code_text(shown)
        self._natural = self._natural_width(shown)
        self._text.clear_text()
        self._text.writer().lines(shown, self._text.theme.text)

    def _natural_width(self, shown: str) -> int:
        """Return the width of the longest line; a long question takes all there is."""
        if len(shown) > _LONG or "\t" in shown:
            return self.maximumWidth()
        metrics = QFontMetricsF(self._text.font())
        widest = max(metrics.horizontalAdvance(line) for line in shown.split("\n"))
        chips = self._chips.natural_width() if self._chips is not None else 0
        return max(math.ceil(widest) + 1, chips)

    def _fit(self) -> None:
        most = int(self.width() * _SHARE) - 2 * Space.L
        width = max(1, min(most, self._natural))
        self._text.setFixedWidth(width)
        if self._chips is not None:
            self._chips.setFixedWidth(width)
