"""What became of a key in a sentence, and the way to a proof: "Press it now". GUI thread."""

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import KeyStatus
from desktop.ui.buttons import TextButton
from desktop.ui.command_line import CommandLine
from desktop.ui.key_view import TRIAL_SECONDS, KeyView, KeyWay, TrialState
from desktop.ui.key_words import StateWords, state_of
from desktop.ui.labels import PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["KeyState"]

_ICON: Final = 16
_BAR: Final = 110
_ASKED_OF_DESKTOP: Final = frozenset(
    {KeyStatus.DENIED, KeyStatus.UNVERIFIED, KeyStatus.BOUND, KeyStatus.TAKEN}
)


class KeyState(QWidget):
    """Takes no room for a key that nobody wants."""

    trial_wanted = Signal()
    trial_cancelled = Signal()
    settings_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Say nothing yet."""
        super().__init__(parent)
        self._view: KeyView | None = None
        self._error: LapisError | None = None
        self._is_recording = False
        self._sign = TintedIcon("info", _ICON)
        self._words = PlainLabel(size="small", wrap=True)
        self._left = PlainLabel(tone="accent", size="small")
        self._try, self._cancel, self._open = TextButton(), TextButton(), TextButton()
        for button in (self._try, self._cancel, self._open):
            button.setProperty("type", "small")
        self._bar = QProgressBar()
        self._bar.setProperty("thick", True)
        self._bar.setProperty("tone", "accent")
        self._bar.setTextVisible(False)
        self._bar.setRange(0, TRIAL_SECONDS)
        self._bar.setFixedWidth(_BAR)
        self._line = CommandLine()
        self._lay_out()
        self._try.clicked.connect(self.trial_wanted)
        self._cancel.clicked.connect(self.trial_cancelled)
        self._open.clicked.connect(self.settings_wanted)
        self._say()
        self.hide()

    @property
    def words(self) -> str:
        """What is said, empty for nothing."""
        return "" if self.isHidden() else self._words.text()

    def show_key(self, view: KeyView) -> None:
        """Say what became of the key of `view`."""
        self._view, self._error, self._is_recording = view, None, False
        self._show()

    def say_recording(self) -> None:
        """Say how a combination is chosen."""
        self._error, self._is_recording = None, True
        self._show()

    def show_error(self, error: LapisError) -> None:
        """Say why what was pressed cannot be a key."""
        self._error = error
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._words, 1)
        line.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._left)
        for button in (self._open, self._try, self._cancel):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(line)
        column.addWidget(self._line)

    def _say(self) -> None:
        self._try.setText(self.tr("Press it now"))
        self._cancel.setText(self.tr("Cancel"))
        self._open.setText(self.tr("Desktop's settings…"))
        self._open.setAccessibleName(self.tr("Open the desktop's settings for keys"))
        self._line.say(self.tr("Line for the configuration"), self.tr("Copy the line"))
        self._show()

    def _show(self) -> None:
        state, view = self._state(), self._view
        had_focus = self._try.hasFocus() or self._cancel.hasFocus()
        self.setVisible(state is not None)
        is_quiet = self._is_recording or self._error is not None
        is_running = view is not None and view.trial.state is TrialState.RUNNING and not is_quiet
        may_try = view is not None and view.may_work and not is_quiet and not is_running
        self._try.setVisible(may_try)
        self._cancel.setVisible(is_running)
        self._open.setVisible(
            view is not None
            and view.way is KeyWay.DESKTOP
            and view.result.status in _ASKED_OF_DESKTOP
            and not is_running
        )
        self._bar.setVisible(is_running)
        reason = view.result.reason if view is not None and not is_quiet else None
        line = str(reason.values.get("line", "")) if reason is not None else ""
        self._line.show_words(line)
        self._line.setVisible(bool(line))
        self._left.setVisible(is_running)
        if had_focus:
            (self._cancel if is_running else self._try).setFocus(Qt.FocusReason.OtherFocusReason)
        if view is not None and is_running:
            self._bar.setValue(view.trial.left)
            self._left.setText(self.tr("{n} s").format(n=view.trial.left))
        if state is not None:
            self._sign.set_icon(state.icon, state.sign)
            self._words.setText(state.words)
            self._words.setAccessibleName(state.words)
            self._words.set_tone(state.tone)

    def _state(self) -> StateWords | None:
        error = self._error
        if error is not None:
            words = self.tr("{title}. {hint}").format(title=say(error.title), hint=say(error.hint))
            return StateWords(words, "warning", "warn", "warn")
        if self._is_recording:
            words = self.tr(
                "Hold Ctrl, Alt or another such key, and press one more. Esc leaves it."
            )
            return StateWords(words, "keyboard", "accent", "muted")
        return state_of(self._view) if self._view is not None else None
