"""One key on a page: what it does, the combination, what became of it, and a proof that it works.

Values in, signals out. GUI thread.
"""

from typing import Final

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import KeyStatus
from desktop.ui.buttons import IconButton
from desktop.ui.key_caps import KeyCaps
from desktop.ui.key_free import FreeKeys
from desktop.ui.key_recorder import KeyRecorder
from desktop.ui.key_state import KeyState
from desktop.ui.key_view import KeyView, KeyWay
from desktop.ui.key_words import action_hint, action_name, caps_of
from desktop.ui.labels import PlainLabel, restyle
from desktop.ui.switch import Switch
from desktop.ui.tokens import Space

__all__ = ["KeyRow"]

_SIDE: Final = 28


class KeyRow(QWidget):
    """Shows a `KeyView`; what is wished for is told, and shown when it has come true."""

    chosen = Signal(str)
    """(chord)"""
    cleared = Signal()
    reset_requested = Signal()
    recording_changed = Signal(bool)
    """All keys are to be given back for as long as this one listens, or it would not hear them."""
    trial_wanted = Signal()
    trial_cancelled = Signal()
    settings_wanted = Signal()
    """The desktop's own page for keys is to be opened."""
    switched = Signal(bool)
    """Where the desktop keeps the keys: whether there is to be one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._view: KeyView | None = None
        self._name = PlainLabel(wrap=True)
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._caps = KeyCaps()
        self._switch = Switch()
        self._recorder = KeyRecorder()
        self._clear = IconButton("close", side=_SIDE)
        self._reset = IconButton("undo", side=_SIDE)
        self._state = KeyState()
        self._free = FreeKeys()
        self._lay_out()
        self._connect()
        self._say()
        self.setEnabled(False)

    @property
    def words(self) -> str:
        """Everything that is said here, to be searched."""
        return f"{self._name.text()} {self._hint.text()} {self._state.words}"

    def show_key(self, view: KeyView) -> None:
        """Show `view`."""
        self._view = view
        self.setEnabled(True)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._hint)
        # Their places are kept, so that the fields of all rows stand in one column.
        for button in (self._clear, self._reset):
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            button.setSizePolicy(policy)
        upper = QHBoxLayout()
        upper.setSpacing(Space.XS)
        upper.addLayout(words, 1)
        upper.addSpacing(Space.M)
        upper.addWidget(self._caps)
        upper.addWidget(self._switch)
        upper.addWidget(self._recorder)
        upper.addWidget(self._clear)
        upper.addWidget(self._reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(upper)
        # What is said ends where the fields end.
        lower = QVBoxLayout()
        lower.setContentsMargins(0, 0, 2 * (_SIDE + Space.XS), 0)
        lower.setSpacing(Space.S)
        lower.addWidget(self._state)
        lower.addWidget(self._free)
        column.addLayout(lower)

    def _connect(self) -> None:
        self._recorder.recorded.connect(self.chosen)
        self._recorder.cleared.connect(self.cleared)
        self._recorder.refused.connect(self._on_refused)
        self._recorder.recording_changed.connect(self._on_recording)
        self._clear.clicked.connect(self._on_clear_clicked)
        self._reset.clicked.connect(self._on_reset_clicked)
        self._switch.toggled.connect(self.switched)
        self._free.chosen.connect(self._on_free_chosen)
        self._state.trial_wanted.connect(self.trial_wanted)
        self._state.trial_cancelled.connect(self.trial_cancelled)
        self._state.settings_wanted.connect(self.settings_wanted)

    def _show(self) -> None:
        view = self._view
        if view is None:
            return
        is_kept_by_desktop = view.way is KeyWay.DESKTOP
        has_key = view.result.status is not KeyStatus.OFF
        self._recorder.show_chord(view.chord)
        self._recorder.setVisible(view.may_choose)
        self._clear.setVisible(view.way is KeyWay.OURS and bool(view.chord))
        self._reset.setVisible(view.may_choose and bool(view.usual) and view.chord != view.usual)
        self._caps.set_caps(caps_of(view.keys) if view.result.keys else [])
        self._caps.setVisible(is_kept_by_desktop and bool(view.result.keys))
        self._switch.blockSignals(True)
        self._switch.setChecked(has_key)
        self._switch.blockSignals(False)
        self._switch.setVisible(is_kept_by_desktop)
        self._free.show_chords(view.refusal.free if view.refusal is not None else ())
        if not self._recorder.is_recording:
            self._state.show_key(view)
        restyle(self._name, "strong", has_key)
        self._name_parts()

    def _say(self) -> None:
        self._name_parts()
        self._show()

    def _name_parts(self) -> None:
        view = self._view
        if view is None:
            return
        name = action_name(view.action)
        self._name.setText(name)
        self._hint.setText(action_hint(view.action))
        self._recorder.say(name)
        self._switch.setAccessibleName(name)
        self._switch.setAccessibleDescription(self._hint.text())
        self._clear.set_label(self.tr("{name}: no key").format(name=name))
        self._reset.set_label(self.tr("{name}: as it was at first").format(name=name))

    def _on_recording(self, recording: bool) -> None:
        if recording:
            self._free.show_chords(())
            self._state.say_recording()
        self.recording_changed.emit(recording)
        if not recording:
            self._show()

    def _on_refused(self, error: LapisError) -> None:
        self._state.show_error(error)

    def _on_clear_clicked(self) -> None:
        # The button is about to go.
        self._recorder.setFocus()
        self.cleared.emit()

    def _on_reset_clicked(self) -> None:
        self._recorder.setFocus()
        self.reset_requested.emit()

    def _on_free_chosen(self, chord: str) -> None:
        self._recorder.setFocus()
        self.chosen.emit(chord)
