"""The keys of the person, bound as the settings say. GUI thread."""

import logging
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal

from desktop.domain.hotkey import (
    USUAL,
    BadChord,
    Chord,
    KeyAction,
    KeyResult,
    KeyStatus,
    parse_chord,
    usual_chord,
)
from desktop.domain.settings import KeySettings, Settings
from desktop.domain.text import Text, verbatim
from desktop.system.hotkey.base import Mechanism
from desktop.system.hotkey.factory import loader
from desktop.system.hotkey.suggestions import candidates
from desktop.ui.hotkey_pump import HotkeyPump
from desktop.ui.preferences import Preferences
from desktop.ui.translation import say

__all__ = ["Hotkeys"]

_OFF: Final = KeyResult(KeyStatus.OFF)
# A key with one of these is kept in the settings; with any other it was not to be had.
_HAD: Final = frozenset({KeyStatus.BOUND, KeyStatus.PENDING, KeyStatus.UNVERIFIED})
_KEPT: Final = _HAD | {KeyStatus.OFF}
_LOADING_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Hotkeys(QObject):
    """Binds keys, follows the settings, and tells which key was pressed."""

    activated = Signal(object, str, int)
    """(KeyAction, activation token or "", time in ms or 0): emitted while the system waits."""
    result_changed = Signal(object, object)
    """(KeyAction, KeyResult): something else became of a key than was known."""

    _loaded = Signal()

    def __init__(
        self,
        mechanism: Mechanism,
        preferences: Preferences,
        parent: QObject | None = None,
        *,
        platform: str = sys.platform,
    ) -> None:
        """Bind nothing yet."""
        super().__init__(parent)
        self._mechanism = mechanism
        self._preferences = preferences
        self._platform = platform
        self._pump = HotkeyPump(mechanism, self)
        self._results = dict.fromkeys(KeyAction, _OFF)
        self._bound: dict[KeyAction, str] = {}
        self._loading: threading.Thread | None = None
        self._is_started = False
        self._is_paused = self._is_held = False
        self._is_closed = False
        self._loaded.connect(self._begin, Qt.ConnectionType.QueuedConnection)

    @property
    def results(self) -> Mapping[KeyAction, KeyResult]:
        """What became of each key; OFF for those that are not wanted."""
        return MappingProxyType(self._results)

    @property
    def mechanism_name(self) -> str:
        """How keys are had here: "x11", "portal", "windows", "macos", "manual"."""
        return self._mechanism.name

    @property
    def can_choose_keys(self) -> bool:
        """Whether chords are chosen in Lapis; else in the desktop's own settings, or nowhere."""
        return self._mechanism.can_choose_keys

    @property
    def is_paused(self) -> bool:
        """Whether the person wants no keys for a while."""
        return self._is_paused

    @property
    def _are_away(self) -> bool:
        return self._is_paused or self._is_held

    def start(self) -> None:
        """Bind what the settings say, and follow them from now on.

        Where a library has to be loaded first, another thread does it and the keys come after.
        """
        if self._is_started or self._loading is not None or self._is_closed:
            return
        load = loader(self._mechanism.name)
        if load is None:
            self._begin()
            return

        def work() -> None:
            load()
            self._loaded.emit()

        self._loading = threading.Thread(target=work, name="keys-loading", daemon=True)
        self._loading.start()

    def chord(self, action: KeyAction) -> str:
        """Return the chord that `action` is to have, "" for none."""
        return self._resolved(action, _kept(self._preferences.value.keys, action))

    def change(self, action: KeyAction, chord_text: str) -> KeyResult:
        """Try another chord ("" for none, USUAL for the system's own); kept if it could be had.

        If not, everything stays as it was. While paused it is only looked at whether it is free.
        """
        self._begin()
        wanted = self._resolved(action, chord_text)
        result = self._ask(action, wanted) if wanted else _OFF
        if result.status not in _KEPT:
            self._go_back(action)
            return result
        if not wanted:
            self._bind(action, "")
        elif not self._are_away:
            self._bound[action] = wanted
            self._tell(action, result)
        self._preferences.change(lambda settings: _with(settings, action, chord_text))
        return result

    def suggestions(self, action: KeyAction, count: int = 3) -> tuple[str, ...]:
        """Return chords that are free at this moment."""
        if not self._is_started or not self.can_choose_keys:
            return ()
        ours = {self.chord(each) for each in KeyAction}
        found: list[str] = []
        for text in candidates(action, self._platform):
            if len(found) == count:
                break
            if text not in ours and self._mechanism.is_free(parse_chord(text)):
                found.append(text)
        self._pump.look()
        return tuple(found)

    def retry(self) -> None:
        """Ask again for keys that others had: nobody tells when they become free."""
        again = {KeyStatus.TAKEN, KeyStatus.FAILED}
        for action in KeyAction:
            if self._results[action].status in again and not self._are_away:
                self._bind(action, self.chord(action))

    def set_paused(self, paused: bool) -> None:
        """Give all keys back because the person wants none, or take them again."""
        self._is_paused = paused
        self._bring()

    def hold(self, held: bool) -> None:
        """Give all keys back for a moment, in which they mean something else; no pause ends by it."""
        self._is_held = held
        self._bring()

    def configure(self, activation_token: str = "") -> bool:
        """Open the desktop's own page for these keys; False where there is none."""
        opened = self._mechanism.configure(activation_token)
        self._pump.look()
        return opened

    def close(self) -> None:
        """Give everything back; idempotent."""
        self._is_closed = True
        if self._loading is not None:
            self._loading.join(_LOADING_SECONDS)
        self._pump.close()
        self._mechanism.close()

    def _begin(self) -> None:
        if self._is_started or self._is_closed:
            return
        self._is_started = True
        self._mechanism.start(self._on_activated, self._on_result)
        self._pump.look()
        self._preferences.changed.connect(self._on_settings_changed)
        self._bring()

    def _bring(self) -> None:
        """Have the keys that there are to be now."""
        if self._is_started:
            self._bind_all(dict.fromkeys(KeyAction, "") if self._are_away else self._wanted())

    def _wanted(self) -> dict[KeyAction, str]:
        return {action: self.chord(action) for action in KeyAction}

    def _resolved(self, action: KeyAction, text: str) -> str:
        return usual_chord(action, self._platform) if text == USUAL else text

    def _read(self, action: KeyAction, text: str) -> Chord | KeyResult:
        """Return the chord, or why it cannot be had whatever the system says."""
        try:
            chord = parse_chord(text)
        except BadChord as error:
            return KeyResult(KeyStatus.INVALID, reason=error.hint)
        if any(each is not action and _same(self.chord(each), chord) for each in KeyAction):
            reason = Text("Another key of Lapis is the same.")
            return KeyResult(KeyStatus.TAKEN, reason=reason)
        return chord

    def _ask(self, action: KeyAction, text: str) -> KeyResult:
        chord = self._read(action, text)
        if isinstance(chord, KeyResult):
            return chord
        if self._are_away:
            is_taken = self._mechanism.is_free(chord) is False
            return KeyResult(KeyStatus.TAKEN) if is_taken else _OFF
        # The desktop may show these words: they are said in the language of the person.
        result = self._mechanism.bind(action, chord, verbatim(say(_description(action))))
        self._pump.look()
        return result

    def _go_back(self, action: KeyAction) -> None:
        """Want what was wanted before; a key that was had is had still."""
        if self._results[action].status not in _HAD and not self._are_away:
            self._mechanism.unbind(action)
            self._bind(action, self._bound.get(action, ""))

    def _bind_all(self, wanted: Mapping[KeyAction, str]) -> None:
        """Give back first what has to change, so that two actions can swap their keys."""
        changed = {action for action, text in wanted.items() if text != self._bound.get(action, "")}
        for action in changed & self._bound.keys():
            del self._bound[action]
            self._mechanism.unbind(action)
        for action, text in wanted.items():
            if action in changed:
                self._bind(action, text)

    def _bind(self, action: KeyAction, text: str) -> None:
        """Have this chord and no other; "" for none."""
        if self._bound.get(action, text) != text:
            del self._bound[action]
            self._mechanism.unbind(action)
        result = _OFF
        if text:
            self._bound[action] = text
            result = self._ask(action, text)
        self._pump.look()
        self._tell(action, result)

    def _tell(self, action: KeyAction, result: KeyResult) -> None:
        if self._results[action] != result:
            self._results[action] = result
            way = self._mechanism.name
            _log.info("key of %s: %s, by %s", action.value, result.status.value, way)
            self.result_changed.emit(action, result)

    def _on_result(self, action: KeyAction, result: KeyResult) -> None:
        # An answer to what is not wanted any more may still be on its way.
        if action in self._bound:
            self._tell(action, result)

    def _on_activated(self, action: KeyAction, token: str, time_ms: int) -> None:
        if not self._are_away:
            self.activated.emit(action, token, time_ms)

    def _on_settings_changed(self, _settings: Settings) -> None:
        self._bring()


def _kept(keys: KeySettings, action: KeyAction) -> str:
    text: str = getattr(keys, action.value)
    return text


def _with(settings: Settings, action: KeyAction, text: str) -> Settings:
    return replace(settings, keys=replace(settings.keys, **{action.value: text}))


def _same(text: str, chord: Chord) -> bool:
    try:
        return bool(text) and parse_chord(text) == chord
    except BadChord:
        return False


def _description(action: KeyAction) -> Text:
    match action:
        case KeyAction.ASK:
            return Text("Ask a quick question")
        case KeyAction.ASK_SELECTED:
            return Text("Ask about the selected text")
        case KeyAction.NEW_CHAT:
            return Text("Begin a new chat")
        case KeyAction.SHOW:
            return Text("Show the window of Lapis")
        case KeyAction.STOP:
            return Text("Stop the answer")
