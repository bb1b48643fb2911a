"""Between the keys of the system and whatever shows them: what was tried, what is proved.

One for the whole window, made in the second part of the start. GUI thread.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.hotkey import USUAL, KeyAction, KeyResult, KeyStatus, usual_chord
from desktop.domain.text import Text
from desktop.system.hotkey.suggestions import candidates
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
_HAD: Final = frozenset({KeyStatus.BOUND, KeyStatus.PENDING, KeyStatus.UNVERIFIED, KeyStatus.OFF})
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
        self,
        hotkeys: "Hotkeys",
        by_hand: "ByHand",
        preferences: Preferences,
        parent: QObject | None = None,
        *,
        platform: str = sys.platform,
    ) -> None:
        """Follow `hotkeys`, and `by_hand` where no mechanism has keys."""
        super().__init__(parent)
        self._platform = platform
        self.by_hand = by_hand
        self._hotkeys = hotkeys
        self._preferences = preferences
        self._refusals: dict[KeyAction, Refusal] = {}
        self._worked_on: dict[KeyAction, tuple[str, str]] = {}
        self._before_recording: Mapping[KeyAction, KeyResult] | None = None
        # Once a desktop said that it has no keys for programs, that holds until it gives one.
        self._has_refused_all = False
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
        for result in hotkeys.results.values():
            self._learn(result)

    @property
    def way(self) -> KeyWay:
        """Who binds keys here."""
        if self._hotkeys.mechanism_name == "manual" or self._has_refused_all:
            return KeyWay.BY_HAND
        return KeyWay.OURS if self._hotkeys.can_choose_keys else KeyWay.DESKTOP

    def view(self, action: KeyAction) -> KeyView:
        """Return what there is to show of the key of `action`."""
        way = self.way
        shown = KeyView(
            action,
            way,
            self._hotkeys.mechanism_name,
            self._hotkeys.chord(action),
            usual_chord(action, self._platform),
            self._results[action],
            self._refusals.get(action),
            trial=self._trial if self._tried is action else _NONE,
            may_choose=way is KeyWay.OURS or (way is KeyWay.BY_HAND and self.by_hand.can_write),
            is_paused=self._hotkeys.is_paused,
        )
        return replace(shown, proved_on=self._proved_on(action, shown.keys))

    def result(self, action: KeyAction) -> KeyResult:
        """Return what became of the key of `action`, with the keys themselves named."""
        result = self._results[action]
        return replace(result, keys=result.keys or self._hotkeys.chord(action))

    def serve(self, row: "KeyRow", action: KeyAction) -> None:
        """Show the key of `action` in `row` from now on, and do what is wished for there."""
        row.chosen.connect(lambda chord: self.change(action, chord))
        row.cleared.connect(lambda: self.change(action, ""))
        row.reset_requested.connect(lambda: self.change(action, USUAL))
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
        if not chord and self.way is KeyWay.BY_HAND:
            # There is nothing to give back.
            return self._results[action]
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
        if recording and self._before_recording is None:
            self.end_trial()
            # What is on show stays until they are back.
            self._before_recording = dict(self._hotkeys.results)
            self._hotkeys.hold(True)
        elif not recording and self._before_recording is not None:
            self._hotkeys.hold(False)
            self._before_recording = None
            self.changed.emit()

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

    def close(self) -> None:
        """Ask for no key any more, and keep a proof that waits for its moment; idempotent."""
        self._before_recording = None
        self._second.stop()
        if self._remember.isActive():
            self._remember.stop()
            self._keep_proof()

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
            if chord and other is not action and self._hotkeys.chord(other) == chord:
                name = action_name(other)
                return KeyResult(
                    KeyStatus.INVALID,
                    reason=Text("It already belongs to: {name}.", {"name": name}),
                )
        return None

    def _switch(self, action: KeyAction, *, on: bool) -> None:
        """Ask the desktop for a key, or give it back."""
        wish = usual_chord(action, self._platform) or candidates(action, self._platform)[0]
        self.change(action, wish if on else "")

    @property
    def _results(self) -> Mapping[KeyAction, KeyResult]:
        return self._before_recording or self._hotkeys.results

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

    def _on_result_changed(self, action: KeyAction, result: KeyResult) -> None:
        self._learn(result)
        if self._before_recording is not None:
            return
        if self._tried is action and not self.view(action).may_work:
            self.end_trial()
        self.changed.emit()

    def _learn(self, result: KeyResult) -> None:
        if result.status is KeyStatus.UNSUPPORTED:
            self._has_refused_all = True
        elif result.status not in {KeyStatus.OFF, KeyStatus.FAILED}:
            self._has_refused_all = False


class _Showing(QObject):
    """Ends with its row: what is told later reaches no widget that is gone."""

    def __init__(self, desk: KeyDesk, row: "KeyRow", action: KeyAction) -> None:
        super().__init__(row)
        self._desk, self._row, self._action = desk, row, action

    def show(self) -> None:
        """Show how the key stands now."""
        self._row.show_key(self._desk.view(self._action))
