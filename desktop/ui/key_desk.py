"""Between the keys of the system and whatever shows them: what was tried, what is proved.

One for the whole window, made in the second part of the start. GUI thread.
"""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.ui.key_view import TRIAL_SECONDS, KeyView, KeyWay, Refusal, Trial, TrialState
from desktop.ui.key_words import action_name
from desktop.ui.preferences import Preferences

if TYPE_CHECKING:
    from desktop.ui.hotkeys import Hotkeys
    from desktop.ui.key_by_hand import ByHand
    from desktop.ui.key_row import KeyRow

__all__ = ["KeyDesk"]

_SECOND_MS: Final = 1000
_REMEMBER_MS: Final = 2000
_HAD: Final = frozenset(
    {KeyStatus.BOUND, KeyStatus.PENDING, KeyStatus.UNVERIFIED, KeyStatus.OFF}
)
# What a desktop is asked for where it alone says what is free; it may give others.
_WISHES: Final = {
    KeyAction.ASK: "Ctrl+Alt+Space",
    KeyAction.ASK_SELECTED: "Ctrl+Alt+Shift+Space",
    KeyAction.NEW_CHAT: "Ctrl+Alt+Shift+N",
    KeyAction.SHOW: "Ctrl+Alt+Shift+L",
    KeyAction.STOP: "Ctrl+Alt+Shift+Period",
}
# They would leave the page on which they are tried out.
_LEAVING: Final = frozenset({KeyAction.NEW_CHAT, KeyAction.SHOW})
_NONE: Final = Trial()


class KeyDesk(QObject):
    """Makes `KeyView`s, and does what their rows wish for."""

    changed = Signal()
    """Something about some key is different."""
    worked = Signal(object)
    """(KeyAction): a real press of its key has come."""

    def __init__(
        self, hotkeys: "Hotkeys", by_hand: "ByHand", preferences: Preferences, parent: QObject
    ) -> None:
        """Follow `hotkeys`, and `by_hand` where no mechanism has keys."""
        super().__init__(parent)
        self.by_hand = by_hand
        self._hotkeys = hotkeys
        self._preferences = preferences
        self._refusals: dict[KeyAction, Refusal] = {}
        self._worked_on: dict[KeyAction, tuple[str, str]] = {}
        self._tried: KeyAction | None = None
        self._trial = _NONE
        self._second = QTimer(self, interval=_SECOND_MS)
        self._second.timeout.connect(self._on_second)
        self._remember = QTimer(self, singleShot=True, interval=_REMEMBER_MS)
        self._remember.timeout.connect(self._keep_proof)
        hotkeys.activated.connect(lambda action, _token, _time: self._on_pressed(action))
        hotkeys.result_changed.connect(self._on_result_changed)
        preferences.changed.connect(lambda _settings: self.changed.emit())
        by_hand.changed.connect(self.changed)

    @property
    def way(self) -> KeyWay:
        """Who binds keys here."""
        results = self._hotkeys.results.values()
        if any(result.status is KeyStatus.UNSUPPORTED for result in results):
            return KeyWay.BY_HAND
        if self._hotkeys.mechanism_name == "manual":
            return KeyWay.BY_HAND
        return KeyWay.OURS if self._hotkeys.can_choose_keys else KeyWay.DESKTOP

    def view(self, action: KeyAction) -> KeyView:
        """Return what there is to show of the key of `action`."""
        way = self.way
        shown = KeyView(
            action,
            way,
            self._hotkeys.mechanism_name,
            self._chord(action),
            self._usual(action),
            self._hotkeys.results[action],
            self._refusals.get(action),
            trial=self._trial if self._tried is action else _NONE,
            may_choose=way is KeyWay.OURS or (way is KeyWay.BY_HAND and self.by_hand.can_write),
        )
        return replace(shown, proved_on=self._proved_on(action, shown.keys))

    def serve(self, row: "KeyRow", action: KeyAction) -> None:
        """Show the key of `action` in `row` from now on, and do what is wished for there."""
        row.chosen.connect(lambda chord: self.change(action, chord))
        row.cleared.connect(lambda: self.change(action, ""))
        row.reset_requested.connect(lambda: self.change(action, self._usual(action)))
        row.switched.connect(lambda on: self._switch(action, on=on))
        row.recording_changed.connect(self.set_recording)
        row.trial_wanted.connect(lambda: self.begin_trial(action))
        row.trial_cancelled.connect(self.end_trial)
        row.settings_wanted.connect(self.open_desktop_settings)
        show = _Showing(self, row, action)
        self.changed.connect(show.show)
        show.show()

    def change(self, action: KeyAction, chord: str) -> KeyResult:
        """Give `action` the key `chord`, or none for ""; what cannot be had leaves the old one."""
        self.end_trial()
        result = self._clash(action, chord) or self._bind(action, chord)
        if result.status in _HAD:
            self._refusals.pop(action, None)
        else:
            is_other_free = result.status in {KeyStatus.TAKEN, KeyStatus.INVALID}
            free = self._hotkeys.suggestions(action) if is_other_free else ()
            self._refusals[action] = Refusal(chord, result, free)
        self.changed.emit()
        return result

    def set_recording(self, recording: bool) -> None:
        """Give all keys back while a combination is chosen: pressed then, they mean the field."""
        if recording:
            self.end_trial()
        self._hotkeys.set_paused(recording)

    def refresh(self) -> None:
        """Look again at what could not be had: the keys are about to be seen."""
        self._refusals.clear()
        self.end_trial()
        self._hotkeys.retry()
        self.by_hand.refresh()
        self.changed.emit()

    def begin_trial(self, action: KeyAction) -> None:
        """Wait some seconds for a real press of the key."""
        self._refusals.pop(action, None)
        self._tried, self._trial = action, Trial(TrialState.RUNNING, TRIAL_SECONDS)
        self._second.start()
        self.changed.emit()

    def end_trial(self) -> None:
        """Wait no longer, and forget what came of it."""
        self._second.stop()
        if self._tried is not None:
            self._tried, self._trial = None, _NONE
            self.changed.emit()

    def swallows(self, action: KeyAction) -> bool:
        """Return whether a press only proves that the key works, and is to do nothing else."""
        return self._second.isActive() and self._tried is action and action in _LEAVING

    def tell_called(self) -> None:
        """Take in that the quick question was called by its command: so a key bound to it works."""
        if self.way is KeyWay.BY_HAND:
            self._on_pressed(KeyAction.ASK)

    def open_desktop_settings(self) -> None:
        """Open the desktop's own page for these keys."""
        self._hotkeys.configure()

    def _bind(self, action: KeyAction, chord: str) -> KeyResult:
        if self.way is not KeyWay.BY_HAND:
            return self._hotkeys.change(action, chord)
        # Kept all the same: it is what the desktop will be asked for.
        self._preferences.change(
            lambda settings: replace(settings, keys=replace(settings.keys, **{action.value: chord}))
        )
        return KeyResult(KeyStatus.OFF)

    def _clash(self, action: KeyAction, chord: str) -> KeyResult | None:
        """Return a refusal if another action of Lapis has the key."""
        for other in KeyAction:
            if chord and other is not action and self._chord(other) == chord:
                name = action_name(other)
                return KeyResult(
                    KeyStatus.INVALID,
                    reason=Text("It already belongs to: {name}.", {"name": name}),
                )
        return None

    def _switch(self, action: KeyAction, *, on: bool) -> None:
        """Ask the desktop for a key, or give it back."""
        wish = self._usual(action) or next(iter(self._hotkeys.suggestions(action, 1)), "")
        self.change(action, (wish or _WISHES[action]) if on else "")

    def _chord(self, action: KeyAction) -> str:
        return self._hotkeys.chord(action)

    def _usual(self, action: KeyAction) -> str:
        return self._hotkeys.usual(action)

    def _proved_on(self, action: KeyAction, keys: str) -> str:
        known, day = self._worked_on.get(action, ("", ""))
        if known and known == keys:
            return day
        kept = self._preferences.value.keys
        return kept.proved_on if action is KeyAction.ASK and keys and kept.proved == keys else ""

    def _on_pressed(self, action: KeyAction) -> None:
        keys = self.view(action).keys
        is_news = self._worked_on.get(action, ("", ""))[0] != keys
        if is_news:
            self._worked_on[action] = (keys, time.strftime("%Y-%m-%d"))
        if is_news and action is KeyAction.ASK:
            # Not now: whoever pressed the key waits for the quick question.
            self._remember.start()
        if self._tried is action and self._trial.state is not TrialState.WORKED:
            self._trial = Trial(TrialState.WORKED)
            # Whoever else hears of this press asks `swallows` in the same turn.
            QTimer.singleShot(0, self, self._stop_counting)
        if is_news or self._tried is action:
            QTimer.singleShot(0, self, self.changed.emit)
        self.worked.emit(action)

    def _stop_counting(self) -> None:
        if self._trial.state is not TrialState.RUNNING:
            self._second.stop()

    def _keep_proof(self) -> None:
        keys, day = self._worked_on.get(KeyAction.ASK, ("", ""))
        kept = self._preferences.value.keys
        if keys and kept.proved != keys:
            self._preferences.change(
                lambda settings: replace(
                    settings, keys=replace(settings.keys, proved=keys, proved_on=day)
                )
            )

    def _on_second(self) -> None:
        if self._trial.state is not TrialState.RUNNING:
            return
        left = self._trial.left - 1
        self._trial = Trial(TrialState.RUNNING, left) if left else Trial(TrialState.MISSED)
        if not left:
            self._second.stop()
        self.changed.emit()

    def _on_result_changed(self, action: KeyAction, _result: KeyResult) -> None:
        if self._tried is action and not self.view(action).may_work:
            self.end_trial()
        self.changed.emit()


class _Showing(QObject):
    """Ends with its row: what is told later reaches no widget that is gone."""

    def __init__(self, desk: KeyDesk, row: "KeyRow", action: KeyAction) -> None:
        super().__init__(row)
        self._desk, self._row, self._action = desk, row, action

    def show(self) -> None:
        """Show how the key stands now."""
        self._row.show_key(self._desk.view(self._action))
