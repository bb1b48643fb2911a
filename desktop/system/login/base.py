"""What every way of starting at login does, whatever the system calls it.

Nothing is written without a person's click. The state is read back each time, for people remove
such entries elsewhere too. All calls block, the Flatpak ones until a person has answered: they
belong into an errand, one at a time.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from desktop.domain.text import Text


class LoginState(StrEnum):
    """Whether Lapis starts when the person logs in."""

    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"
    """It was turned on here, and the system or the person turned it off elsewhere."""
    UNSUPPORTED = "unsupported"


class LoginItem(Protocol):
    """The entry of Lapis among the programs that start with the session."""

    def state(self) -> LoginState:
        """Return what is so now; raises nothing."""
        ...

    def command(self) -> tuple[str, ...]:
        """Return the words that the entry starts; empty where there is none, or none to be read."""
        ...

    def turn_on(self, command: Sequence[str]) -> None:
        """Have `command`, a program and its arguments, started at login; raises StorageError.

        StorageError also if the system, or the person asked by it, does not allow it.
        """
        ...

    def turn_off(self) -> None:
        """Take the entry away; raises StorageError. Without one nothing happens."""
        ...

    def advice(self) -> Text | None:
        """Return what else a person has to do for it to be so, in the state that it has now."""
        ...


class NoLoginItem:
    """For systems that offer nothing of the kind."""

    def state(self) -> LoginState:
        """Return UNSUPPORTED."""
        return LoginState.UNSUPPORTED

    def command(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def turn_on(self, command: Sequence[str]) -> None:
        """Do nothing: nobody offers it in this state."""

    def turn_off(self) -> None:
        """Do nothing: there is no entry."""

    def advice(self) -> Text | None:
        """Return where else it can be done."""
        return Text("Add Lapis to the programs that your system starts when you log in.")
