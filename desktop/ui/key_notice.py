"""A word at the start if the key for quick questions could not be had. GUI thread."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.ui.key_words import native

if TYPE_CHECKING:
    from desktop.ui.hotkeys import Hotkeys

__all__ = ["KeyNotice"]

# What somebody can do something about. A desktop that has no keys for programs, or is asking the
# person, is told of where keys are chosen.
_TOLD: Final = frozenset({KeyStatus.TAKEN, KeyStatus.INVALID})
_NOT_KNOWN: Final = frozenset({KeyStatus.OFF, KeyStatus.PENDING})


class KeyNotice(QObject):
    """Speaks once at most; what comes of choosing another key is said where it is chosen."""

    def __init__(
        self, hotkeys: "Hotkeys", announce: Callable[[str], None], parent: QObject | None = None
    ) -> None:
        """Wait for the first answer about the key, and `announce` it if it is a bad one."""
        super().__init__(parent)
        self._hotkeys = hotkeys
        self._announce = announce
        self._is_done = False
        hotkeys.result_changed.connect(self._on_result)
        self._on_result(KeyAction.ASK, hotkeys.results[KeyAction.ASK])

    def _on_result(self, action: KeyAction, result: KeyResult) -> None:
        if self._is_done or action is not KeyAction.ASK or result.status in _NOT_KNOWN:
            return
        self._is_done = True
        keys = native(self._hotkeys.chord(KeyAction.ASK))
        if result.status is KeyStatus.TAKEN:
            words = self.tr("Another program already uses {keys}. Settings → Keys offers others.")
            self._announce(words.format(keys=keys))
        elif result.status in _TOLD:
            words = self.tr(
                "{keys} cannot be used on this keyboard. Settings → Keys offers others."
            )
            self._announce(words.format(keys=keys))
