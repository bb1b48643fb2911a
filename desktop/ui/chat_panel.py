"""The panel at the right of the talk: how this one chat is held. Values in, signals out. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.chat_ground import ChatGround
from desktop.ui.chat_knobs import ChatKnobs
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.page_scroll import PageScroll
from desktop.ui.persona_button import PersonaButton
from desktop.ui.tokens import Space

__all__ = ["ChatPanel"]

_WIDE = 320
_LINE = 22


class ChatPanel(QFrame):
    """Shows `ChatSettings`; what a person does with them comes back as signals."""

    changed = Signal(object)
    """(ChatSettings)"""
    persona_chosen = Signal(str)
    """(id, empty for none)"""
    reset_requested = Signal()
    undo_requested = Signal()
    """The settings of before the last persona or reset are wanted again."""
    save_requested = Signal()
    """Keep these settings as a persona."""
    manage_requested = Signal()
    """The page of all personas is wanted."""
    closed = Signal()
    """Esc, or the button."""
    shown = Signal(bool)
    """It came, or went."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden, with nothing set."""
        super().__init__(parent)
        self.setProperty("panel", "side")
        self.setFixedWidth(_WIDE)
        self._title = PlainLabel(size="title")
        self._close = IconButton("close")
        self._when = PlainLabel(tone="muted", size="small", wrap=True)
        self.persona = PersonaButton()
        self.knobs = ChatKnobs()
        self._undo = LinkButton()
        self._undo_line = QWidget()
        self._reset = LinkButton()
        self._save = TextButton()
        self._scroll = PageScroll(_WIDE, side=Space.L)
        self._lay_out()
        self.knobs.changed.connect(self.changed)
        self.knobs.prompt.textChanged.connect(self._on_typed)
        self.persona.chosen.connect(self._on_persona_chosen)
        self.persona.manage_requested.connect(self.manage_requested)
        self._close.clicked.connect(self.closed)
        self._reset.clicked.connect(self._on_reset_clicked)
        self._undo.clicked.connect(self.undo_requested)
        self._save.clicked.connect(self._on_save_clicked)
        self._retranslate()
        self.offer_undo(offered=False)
        self.hide()

    def show_settings(
        self,
        settings: ChatSettings,
        ground: ChatGround,
        personas: Sequence[Persona],
        persona: Persona | None,
    ) -> None:
        """Show `settings` upon `ground`, and who of `personas` the chat is held with."""
        self.persona.show_persona(personas, persona)
        self.knobs.show_settings(settings, ground)
        self.show_anything_set(settings)

    def show_anything_set(self, settings: ChatSettings) -> None:
        """Offer what makes sense for `settings`."""
        anything = settings != ChatSettings()
        self._reset.setEnabled(anything)
        self._save.setEnabled(anything)

    def offer_undo(self, *, offered: bool) -> None:
        """Offer to take back what replaced several settings at once."""
        self._undo_line.setVisible(offered)

    def take_focus(self) -> None:
        """Let the keyboard begin at the persona."""
        self.persona.setFocus(Qt.FocusReason.OtherFocusReason)

    def sizeHint(self) -> QSize:
        return QSize(_WIDE, super().sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does, and tell coming and going."""
        if event.type() in {QEvent.Type.ShowToParent, QEvent.Type.HideToParent}:
            self.shown.emit(event.type() == QEvent.Type.ShowToParent)
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the panel."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.L, Space.S, Space.M, Space.S)
        top.addWidget(self._title, 1)
        top.addWidget(self._close)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedHeight(1)
        edge = QFrame()
        edge.setProperty("panel", "line")
        edge.setFixedWidth(1)
        column = self._scroll.column
        undo = QHBoxLayout(self._undo_line)
        undo.setContentsMargins(0, 0, 0, 0)
        undo.addStrut(_LINE)
        undo.addWidget(self._undo)
        undo.addStretch(1)
        column.addWidget(self._when)
        column.addWidget(self.persona)
        column.addWidget(self._undo_line)
        column.addWidget(self.knobs)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        foot.addWidget(self._save)
        foot.addStretch(1)
        foot.addWidget(self._reset)
        rest = QVBoxLayout()
        rest.setContentsMargins(0, 0, 0, 0)
        rest.setSpacing(0)
        rest.addLayout(top)
        rest.addWidget(line)
        rest.addWidget(self._scroll, 1)
        below = QFrame()
        below.setProperty("panel", "line")
        below.setFixedHeight(1)
        rest.addWidget(below)
        rest.addLayout(foot)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(edge)
        whole.addLayout(rest, 1)

    def _on_typed(self) -> None:
        # Before it is told: a button must not need two presses.
        self._reset.setEnabled(True)
        self._save.setEnabled(True)

    def _on_persona_chosen(self, persona: str) -> None:
        self.knobs.flush()
        self.persona_chosen.emit(persona)

    def _on_reset_clicked(self) -> None:
        self.knobs.flush()
        self.reset_requested.emit()

    def _on_save_clicked(self) -> None:
        self.knobs.flush()
        self.save_requested.emit()

    def _retranslate(self) -> None:
        self._title.setText(self.tr("This chat"))
        self.setAccessibleName(self.tr("Settings of this chat"))
        self._close.set_label(self.tr("Close (Esc)"))
        self._when.setText(self.tr("Changes hold for this chat, from the next question on."))
        self._undo.setText(self.tr("Bring back the settings of before"))
        self._reset.setText(self.tr("Reset all"))
        self._save.setText(self.tr("Save as persona…"))
