"""What stands around the keys that work in any program, put together. GUI thread.

Made in the second part of the start; the widgets that show keys are made when they are wanted.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from desktop.base.paths import Paths
from desktop.domain.hotkey import KeyAction
from desktop.services.hotkey import desktop_of, toggle_command
from desktop.services.hotkey_state import HotkeyState, write_hotkeys
from desktop.ui.errands import Errands
from desktop.ui.key_by_hand import ByHand
from desktop.ui.key_desk import KeyDesk
from desktop.ui.key_notice import KeyNotice
from desktop.ui.preferences import Preferences

if TYPE_CHECKING:
    from desktop.ui.hotkeys import Hotkeys

__all__ = ["KeyRoom"]

_LANE: Final = "state of keys"
_SETTLED_MS: Final = 1000


class KeyRoom(QObject):
    """Has the desk for pages that show keys; speaks at the start, and leaves word for the doctor."""

    def __init__(
        self,
        hotkeys: "Hotkeys",
        preferences: Preferences,
        paths: Paths,
        data_dir: Path | None,
        announce: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        """`data_dir` is the folder that Lapis was told to use, if it was."""
        super().__init__(parent)
        self._hotkeys = hotkeys
        self._preferences = preferences
        self._left = paths.hotkeys
        self._word: HotkeyState | None = None
        self._errands = Errands(self)
        by_hand = ByHand(
            desktop_of(os.environ), lambda: toggle_command(data_dir), self._errands, self
        )
        self.desk = KeyDesk(hotkeys, by_hand, preferences, self)
        KeyNotice(hotkeys, announce, self)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._leave_word)
        hotkeys.result_changed.connect(lambda _action, _result: self._settled.start())
        self.desk.worked.connect(self._on_worked)
        self._settled.start()

    def tell_called(self) -> None:
        """Take in that `lapis --toggle-popup` came from outside."""
        self.desk.tell_called()

    def close(self) -> None:
        """End what works in the background, before the keys are given back; idempotent."""
        self._settled.stop()
        self.desk.close()
        self._errands.close()

    def _on_worked(self, action: KeyAction) -> None:
        if action is KeyAction.ASK:
            self._settled.start()

    def _leave_word(self) -> None:
        if self._hotkeys.is_paused:
            return
        ask = self.desk.view(KeyAction.ASK)
        state = HotkeyState(
            self._hotkeys.mechanism_name,
            {action: self.desk.result(action) for action in KeyAction},
            is_proved=bool(ask.proved_on),
        )
        if state == self._word:
            return
        self._word = state
        path = self._left
        self._errands.run(
            _LANE, lambda _errand: write_hotkeys(path, state), lambda _: None, lambda _: None
        )
