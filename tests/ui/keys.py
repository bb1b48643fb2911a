"""Keys that obey a script: the contract of `system.hotkey.base.Mechanism` without any system."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from desktop.config.store import SettingsStore
from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.services.hotkey import Desktop
from desktop.system.hotkey.base import Activated, Changed
from desktop.ui.errands import Errands
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.key_by_hand import ByHand
from desktop.ui.key_desk import KeyDesk
from desktop.ui.preferences import Preferences

COMMAND = "lapis --toggle-popup"


class ScriptedKeys:
    """`taken` are chords of other programs; `answers` what becomes of an action, whatever chord."""

    def __init__(self, *, name: str = "scripted", can_choose_keys: bool = True) -> None:
        self.name = name
        self.can_choose_keys = can_choose_keys
        self.taken: set[str] = set()
        self.answers: dict[KeyAction, KeyResult] = {}
        self.bound: dict[KeyAction, str] = {}
        self.asked: list[tuple[KeyAction, str]] = []
        self.configured = 0
        self.closed = False
        self._activated: Activated = lambda _action, _token, _time: None
        self._changed: Changed = lambda _action, _result: None

    def press(self, chord: str) -> None:
        """Press the keys, wherever the person is."""
        for action in [action for action, one in self.bound.items() if one == chord]:
            self._activated(action, "", 1)

    def tell(self, action: KeyAction, result: KeyResult) -> None:
        """Tell what became of a key, late."""
        self.answers[action] = result
        self._changed(action, result)

    def start(self, activated: Activated, changed: Changed) -> None:
        self._activated, self._changed = activated, changed

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        del description
        text = str(chord)
        self.asked.append((action, text))
        if action in self.answers:
            result = self.answers[action]
            if result.status in {KeyStatus.BOUND, KeyStatus.UNVERIFIED}:
                self.bound[action] = text
            return result
        if text in self.taken:
            return KeyResult(KeyStatus.TAKEN)
        self.bound[action] = text
        return KeyResult(KeyStatus.BOUND)

    def unbind(self, action: KeyAction) -> None:
        self.bound.pop(action, None)

    def is_free(self, chord: Chord) -> bool | None:
        if not self.can_choose_keys:
            return None
        return str(chord) not in self.taken and str(chord) not in self.bound.values()

    def fileno(self) -> int | None:
        return None

    def pump(self) -> float | None:
        return None

    def configure(self, activation_token: str = "") -> bool:
        del activation_token
        self.configured += 1
        return True

    def close(self) -> None:
        self.closed = True


class KeyPlace:
    """Scripted keys with everything that stands on them, for one desktop."""

    def __init__(
        self, folder: Path, keys: ScriptedKeys | None = None, desktop: Desktop = Desktop.OTHER
    ) -> None:
        self.keys = keys or ScriptedKeys()
        self.preferences = Preferences(SettingsStore(folder / "settings.json"))
        self.errands = Errands()
        self.hotkeys = Hotkeys(self.keys, self.preferences, platform="linux")
        self.by_hand = ByHand(desktop, lambda: COMMAND, self.errands)
        self.desk = KeyDesk(self.hotkeys, self.by_hand, self.preferences, platform="linux")

    def start(self) -> "KeyPlace":
        """Bind what the settings say."""
        self.hotkeys.start()
        return self

    @property
    def results(self) -> Mapping[KeyAction, KeyResult]:
        """What became of each key."""
        return self.hotkeys.results

    def close(self) -> None:
        """End everything."""
        self.hotkeys.close()
        self.errands.close()


@contextmanager
def key_place(
    folder: Path, keys: ScriptedKeys | None = None, desktop: Desktop = Desktop.OTHER
) -> Iterator[KeyPlace]:
    """Give scripted keys, not started yet."""
    place = KeyPlace(folder, keys, desktop)
    yield place
    place.close()
