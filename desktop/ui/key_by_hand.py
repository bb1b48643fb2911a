"""Where no program can have keys: the command that the desktop is to run, and who writes it there.

GUI thread; the desktop's own programs are run in an errand.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.services.hotkey import Binding, Desktop, binding
from desktop.ui.errands import Errands

__all__ = ["ByHand"]

_LANE: Final = "desktop shortcut"
_FLAG: Final = "--toggle-popup"
_FLAGS: Final = {
    KeyAction.ASK: _FLAG,
    KeyAction.NEW_CHAT: "--new-chat",
    KeyAction.SHOW: "--show",
}


class ByHand(QObject):
    """What a person does in the settings of the desktop, or has done at a click."""

    changed = Signal()

    def __init__(
        self,
        desktop: Desktop,
        make_command: Callable[[], str],
        errands: Errands,
        parent: QObject | None = None,
    ) -> None:
        """`make_command` is `services.hotkey.toggle_command`, which looks at the disk."""
        super().__init__(parent)
        self._desktop = desktop
        self._make_command = make_command
        self._made = ""
        self._errands = errands
        self._can_write: bool | None = None
        self.is_busy = False
        self.result: KeyResult | None = None
        self.problem: LapisError | None = None

    @property
    def _command(self) -> str:
        self._made = self._made or self._make_command()
        return self._made

    @property
    def can_write(self) -> bool:
        """Whether the desktop's shortcut can be written for the person."""
        if self._can_write is None:
            from desktop.services.hotkey import can_write

            self._can_write = can_write(self._desktop)
        return self._can_write

    def recipe(self, chord: str) -> Binding:
        """Return how the quick question is bound by hand to `chord`; "" for the usual one."""
        return binding(self._desktop, self._command, chord)

    def command(self, action: KeyAction) -> str:
        """Return the command that does what the key of `action` would do; "" if there is none."""
        flag = _FLAGS.get(action)
        return self._command.replace(_FLAG, flag, 1) if flag is not None else ""

    def write(self, chord: str) -> None:
        """Have the desktop run the command at `chord`; `changed` follows."""
        from desktop.services.hotkey import write_shortcut

        command = self._command
        self._begin()
        self._errands.run(
            _LANE,
            lambda _errand: write_shortcut(self._desktop, chord, command),
            self._on_done,
            self._on_failed,
        )

    def remove(self) -> None:
        """Have the desktop forget it; `changed` follows."""
        from desktop.services.hotkey import remove_shortcut

        def work() -> KeyResult:
            remove_shortcut(self._desktop)
            return KeyResult(KeyStatus.OFF)

        self._begin()
        self._errands.run(_LANE, lambda _errand: work(), self._on_done, self._on_failed)

    def refresh(self) -> None:
        """Forget what came of the last attempt."""
        if not self.is_busy:
            self.result = self.problem = None

    def _begin(self) -> None:
        self.is_busy, self.result, self.problem = True, None, None
        self.changed.emit()

    def _on_done(self, result: KeyResult) -> None:
        self.is_busy, self.result = False, result
        self.changed.emit()

    def _on_failed(self, problem: LapisError) -> None:
        self.is_busy, self.problem = False, problem
        self.changed.emit()
