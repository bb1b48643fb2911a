"""No way to have keys: the desktop runs a command instead, and a person tells it to. Any thread."""

from typing import Final

from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.base import Activated, Changed


class NoKeys:
    """`Mechanism` that binds nothing."""

    name: Final = "manual"
    can_choose_keys: Final = False

    def start(self, activated: Activated, changed: Changed) -> None:
        """Do nothing: there will be no news."""

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Return that it cannot be done."""
        del action, chord, description
        return KeyResult(KeyStatus.UNSUPPORTED)

    def unbind(self, action: KeyAction) -> None:
        """Do nothing."""

    def is_free(self, chord: Chord) -> bool | None:
        """Return None: nobody can tell."""
        del chord
        return None

    def fileno(self) -> int | None:
        """Return None: there is nothing to watch."""

    def pump(self) -> float | None:
        """Return None: there is nothing to do."""

    def configure(self, activation_token: str = "") -> bool:
        """Return False: the desktop has no page for keys of ours."""
        del activation_token
        return False

    def close(self) -> None:
        """Do nothing."""
