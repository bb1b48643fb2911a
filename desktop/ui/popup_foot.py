"""The last line of the popup: what the keys do now, and what can be done with the answer.

Values in, signals out. GUI thread.
"""

from enum import Enum, auto

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.labels import ElidedLabel
from desktop.ui.popup_key_button import KeyButton
from desktop.ui.quick_action_strip import held_key
from desktop.ui.shortcuts import ENTER_KEY
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["ANEW_KEYS", "OPEN_KEYS", "Insertion", "PopupFoot"]

_ASK_KEYS = QKeySequence(ENTER_KEY)
_STOP_KEYS = QKeySequence(Qt.Key.Key_Escape)
_INSERT_KEYS = QKeySequence(Qt.Modifier.CTRL | ENTER_KEY)
_COPY_KEYS = QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_C)
OPEN_KEYS = QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_O)
ANEW_KEYS = QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_N)
_TOLD_MS = 1800
_ICON = 14
_LEAST_HINT = 24


class Insertion(Enum):
    """What would be put into the program one came from."""

    NOTHING = auto()
    ANSWER = auto()
    CODE = auto()
    """The only block of code of the answer."""
    SELECTED = auto()
    """What of the conversation is selected."""


class PopupFoot(QWidget):
    """Says what Enter and Esc do; offers to insert, to copy and to open the conversation."""

    ask_requested = Signal()
    stop_requested = Signal()
    insert_requested = Signal()
    copy_requested = Signal()
    open_requested = Signal()

    def __init__(self) -> None:
        """Start with nothing to offer."""
        super().__init__()
        self._running = False
        self._open_shown = False
        self._insertion = Insertion.NOTHING
        self._can_paste = False
        self._program = ""
        self._kept = True
        self._state = ""
        self._told = ""
        self.hints = ElidedLabel(tone="muted", size="small")
        self._sign = TintedIcon("temporary", _ICON)
        self._has_draft = False
        self._letters = False
        self.ask, self.stop = KeyButton(), KeyButton()
        self.insert, self.copy, self.open = KeyButton(), KeyButton(), KeyButton()
        self._back = QTimer(self, singleShot=True, interval=_TOLD_MS)
        self._back.timeout.connect(lambda: self.tell(""))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.XS, Space.L, Space.S)
        row.setSpacing(Space.XS)
        row.addWidget(self._sign)
        row.addWidget(self.hints, 1)
        for button in (self.stop, self.insert, self.copy, self.open, self.ask):
            row.addWidget(button)
        self.ask.clicked.connect(self.ask_requested)
        self.stop.clicked.connect(self.stop_requested)
        self.insert.clicked.connect(self.insert_requested)
        self.copy.clicked.connect(self.copy_requested)
        self.open.clicked.connect(self.open_requested)
        self._say()

    @property
    def insertion(self) -> Insertion:
        """What would be inserted."""
        return self._insertion

    def set_draft(self, *, there: bool) -> None:
        """Offer to ask, as something is typed or goes along."""
        if there is not self._has_draft:
            self._has_draft = there
            self._say()

    def set_letters(self, *, choose: bool) -> None:
        """Say whether a letter alone chooses an action."""
        if choose is not self._letters:
            self._letters = choose
            self._say()

    def set_conversation(self, *, shown: bool) -> None:
        """Offer to open the conversation in the window, if there is one."""
        self._open_shown = shown
        self._say()

    def set_running(self, running: bool) -> None:
        """Say that Esc stops."""
        self._running = running
        self._say()

    def set_insertion(self, insertion: Insertion) -> None:
        """Offer to copy and to insert this, once there is something."""
        if insertion is not self._insertion:
            self._insertion = insertion
            self._say()

    def set_paste(self, *, can_paste: bool, program: str) -> None:
        """Say whether text can be put into the program one came from, and how that is called."""
        if (can_paste, program) != (self._can_paste, self._program):
            self._can_paste, self._program = can_paste, program
            self._say()

    def set_kept(self, *, kept: bool) -> None:
        """Say it if quick questions leave no trace."""
        self._kept = kept
        self._say()

    def set_state(self, words: str) -> None:
        """Say how the model is where that needs saying, as while it is loaded; empty for nothing."""
        if words != self._state:
            self._state = words
            self._say()

    def tell(self, words: str) -> None:
        """Say for a moment what was done."""
        self._told = words
        if words:
            self._back.start()
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the keys away where there is no room for them."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        has_words = self._insertion is not Insertion.NOTHING
        is_asking = self._has_draft and not self._running
        self.stop.setVisible(self._running)
        self.insert.setVisible(has_words and not is_asking)
        self.copy.setVisible(has_words)
        self.open.setVisible(self._open_shown)
        self.ask.setVisible(is_asking or not self._open_shown)
        self.ask.setEnabled(is_asking)
        self._sign.setVisible(not self._kept)
        self.hints.setText(self._told or " · ".join(filter(None, (self._state, self._hint()))))
        self.hints.set_hint("" if self._kept else self.tr("Quick questions leave no trace"))
        if self._can_paste:
            into = self.tr("Into {program}").format(program=self._program) if self._program else ""
            self.insert.say(self._insert_words(), _INSERT_KEYS, into)
        else:
            hint = self.tr("This desktop lets no program paste into another: paste it yourself")
            self.insert.say(self.tr("Copy and close"), _INSERT_KEYS, hint)
        self.ask.say(self.tr("Ask"), _ASK_KEYS)
        self.stop.say(self.tr("Stop"), _STOP_KEYS)
        self.copy.say(self.tr("Copy"), _COPY_KEYS)
        self.open.say(self.tr("Open in window"), OPEN_KEYS)
        self._fit()

    def _fit(self) -> None:
        buttons = (self.stop, self.insert, self.copy, self.open, self.ask)
        shown = [button for button in buttons if not button.isHidden()]
        wanted = sum(button.whole_width() + Space.XS for button in shown)
        has_room = wanted <= self.width() - Space.XL - Space.L - _LEAST_HINT
        for button in buttons:
            button.show_keys(shown=has_room)

    def _insert_words(self) -> str:
        match self._insertion:
            case Insertion.CODE:
                return self.tr("Insert code")
            case Insertion.SELECTED:
                return self.tr("Insert selection")
            case _:
                return self.tr("Insert")

    def _hint(self) -> str:
        if self._running:
            return "" if self._kept else self.tr("Not kept")
        if self._letters:
            # An input method takes letters for itself, so the other way is told as well.
            words = self.tr("Press a letter for an action, {held}letter while you type")
            return words.format(held=held_key())
        if self._open_shown or not self._kept:
            return self.tr("Esc closes") if self._kept else self.tr("Not kept · Esc closes")
        return self.tr("Shift+Enter breaks the line · Esc closes")
