"""What every mechanism for keys does, whatever the system calls it.

All calls come from the GUI thread and return within milliseconds. No mechanism has a thread: whoever
owns it watches `fileno` for something to read and then calls `pump`.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, runtime_checkable

from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text

Activated: TypeAlias = Callable[[KeyAction, str, int], None]
"""(action, activation token or "", time of the event as the system counts it in milliseconds or 0)"""
Changed: TypeAlias = Callable[[KeyAction, KeyResult], None]

NOT_TYPED: Final = KeyResult(
    KeyStatus.INVALID, reason=Text("No key of this keyboard layout types it.")
)
OURS_ALREADY: Final = KeyResult(KeyStatus.TAKEN, reason=Text("Another key of Lapis is the same."))


def nobody(*_news: object) -> None:
    """Stand in for whoever listens, until there is somebody."""


class Mechanism(Protocol):
    """One way to have keys. Nothing is raised: what goes wrong is a `KeyResult`."""

    @property
    def name(self) -> str:
        """Its name for logs and the examination: "x11", "portal", "windows", "macos", "manual"."""
        ...

    @property
    def can_choose_keys(self) -> bool:
        """Whether chords are ours to choose; else the desktop asks the person, or keeps them."""
        ...

    def start(self, activated: Activated, changed: Changed) -> None:
        """Begin. `activated` is called for each press, not for its repeats; `changed` for news."""
        ...

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Give `action` this chord in place of its earlier one; PENDING: `changed` follows.

        An earlier chord stays if the new one is taken or invalid.
        """
        ...

    def unbind(self, action: KeyAction) -> None:
        """Give its chord back."""
        ...

    def is_free(self, chord: Chord) -> bool | None:
        """Return whether the chord could be had, without keeping it; None where nobody can tell."""
        ...

    def fileno(self) -> int | None:
        """Return what to watch for reading; None for nothing."""
        ...

    def pump(self) -> float | None:
        """Do what has come; return the seconds until it wants to be called anyway, None for never."""
        ...

    def configure(self, activation_token: str = "") -> bool:
        """Open the desktop's own page for these keys; False where there is none."""
        ...

    def close(self) -> None:
        """Give everything back; idempotent."""
        ...


@runtime_checkable
class MessageTaker(Protocol):
    """A mechanism whose keys come among the messages of the GUI thread (Windows)."""

    def take(self, message: int) -> bool:
        """Do what the message at this address (a `MSG`) asks for; whether it was one of ours."""
        ...
