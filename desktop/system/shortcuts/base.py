"""What every way to write a shortcut of the desktop does.

All of it may block for seconds, so it runs outside the GUI thread, one at a time.
"""

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final, Protocol

from desktop.domain.errors import UserFixable
from desktop.domain.hotkey import Chord, KeyResult, KeyStatus
from desktop.domain.text import Text

NAME: Final = "Lapis"
"""What the shortcut is called in the settings of the desktop."""

FLAG: Final = "--toggle-popup"
"""Stands in every command of ours: by it a shortcut is known again."""

_SECONDS: Final = 10.0

WRITTEN: Final = KeyResult(
    KeyStatus.UNVERIFIED, "", Text("The desktop has it now. Press the keys to see that they work.")
)


class ShortcutRefused(UserFixable):
    """The desktop's settings cannot be read or changed."""


class ShortcutWriter(Protocol):
    """One way; raises ShortcutRefused."""

    def is_there(self) -> bool:
        """Whether it can be used here; looks for programs and files only."""
        ...

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Have `command` run at `chord`, in place of an earlier shortcut of ours."""
        ...

    def remove(self) -> None:
        """Take our shortcut away; nothing where there is none."""
        ...


def taken(by: str) -> KeyResult:
    """Return that somebody else has the keys."""
    return KeyResult(KeyStatus.TAKEN, "", Text("{name} has these keys already.", {"name": by}))


def refused(why: str) -> ShortcutRefused:
    """Return what is raised when a program of the desktop says no."""
    return ShortcutRefused(
        Text("The shortcut could not be written"),
        Text("{reason} Add it by hand in the settings of your desktop.", {"reason": why}),
    )


def has_program(name: str) -> bool:
    """Whether a program of the desktop is installed."""
    return shutil.which(name) is not None


def run(*words: str) -> str:
    """Run a program of the desktop and return what it prints; raises ShortcutRefused."""
    code, out = attempt(words)
    if code:
        raise refused(f"{words[0]}: {out.strip() or code}.")
    return out


def attempt(words: Sequence[str]) -> tuple[int, str]:
    """Run a program; return its exit code, and what it prints or complains of."""
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise refused(f"{words[0]}: {error}.") from error
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr
