"""What can be known of the program in front, and done for it, whatever the system.

All methods may block for the time they name, so they run outside the GUI thread, one at a time.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

LONGEST_SELECTION: Final = 256 * 1024
"""Bytes of selected text that are read."""


class Pasted(StrEnum):
    """What became of text for the program in front."""

    PASTED = "pasted"
    FOCUS_MOVED = "focus moved"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class FrontWindow:
    """A window of another program: its handle, and the program's own name, lower case."""

    handle: int
    program: str = ""
    is_terminal: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected text, none also where its owner did not answer in time; `is_cut` if there was more.

    `is_elsewhere`: it is known to be selected in another program than the one in front, where it
    may have been left long ago.
    """

    text: str = ""
    is_cut: bool = False
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied last, as far as it is known; nothing of what is marked as a secret.

    With `is_unread` there is text that nobody has asked its owner for yet.
    """

    text: str = ""
    has_picture: bool = False
    is_unread: bool = False


class Front(Protocol):
    """The program in front. Nothing is raised."""

    @property
    def can_read(self) -> bool:
        """Whether selected text can be read without doing anything to the program."""
        ...

    @property
    def can_copy(self) -> bool:
        """Whether it can be had by pressing the keys for copying, while the program has the focus."""
        ...

    @property
    def can_paste(self) -> bool:
        """Whether text can be put into another program."""
        ...

    def current(self) -> FrontWindow | None:
        """Return the window that has the keyboard; at most 20 ms."""
        ...

    def selection(self, time_ms: int = 0) -> Selection:
        """Return what is selected; at most 250 ms. `time_ms`: of the key, as the system counts."""
        ...

    def copy_selection(self) -> Selection:
        """Have the program copy its selection, and restore the clipboard; at most 600 ms."""
        ...

    def give_focus(self, window: FrontWindow) -> bool:
        """Give the keyboard back to `window`; at most a second, and whether it has it."""
        ...

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the program's keys for pasting what is on the clipboard, once it has the keyboard.

        Whoever calls it has put the text there and hidden its own windows. Nothing is pressed if
        another window than `window` has the keyboard after a second.
        """
        ...

    def close(self) -> None:
        """Give back what is held; idempotent."""
        ...


@runtime_checkable
class ClipboardKeeper(Front, Protocol):
    """A `Front` for systems on which what was copied is held by a program that may be hung.

    Elsewhere whoever draws the windows can read it at once.
    """

    def clipboard(self) -> dict[str, bytes]:
        """Return what was copied, by MIME type, so that it can be put back; at most a second."""
        ...
