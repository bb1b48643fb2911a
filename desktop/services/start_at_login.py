"""Starting with the session: the command that is started, and the entry kept right. Any thread.

Nothing here is done without a person's click, but for one thing: an entry that a person made, whose
program has moved away since (an AppImage that was replaced), is made to start the one that runs.
All calls block; `system/login/base` says for how long.
"""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from desktop.domain.text import Text
from desktop.system.login.base import LoginItem, LoginState
from desktop.system.own_command import app_image

__all__ = ["LoginState", "StartAtLogin", "start_command"]


class StartAtLogin:
    """Whether Lapis starts with the session, for the settings and the menu."""

    def __init__(self, item: LoginItem, command: Sequence[str]) -> None:
        self._item = item
        self._command = tuple(command)

    def state(self) -> LoginState:
        """Return what is so now."""
        return self._item.state()

    def advice(self) -> Text | None:
        """Return what a person has to do elsewhere, None for nothing."""
        return self._item.advice()

    def turn(self, *, on: bool) -> LoginState:
        """Do as the person said, and return what is so then; raises StorageError."""
        if on:
            self._item.turn_on(self._command)
        else:
            self._item.turn_off()
        return self._item.state()

    def mend(self) -> bool:
        """Have an entry that is on start this Lapis if its own is gone; raises StorageError.

        Returns whether that was so. An entry that starts another Lapis which is there stays.
        """
        if self._item.state() is not LoginState.ON:
            return False
        started = self._item.command()
        if not started or shutil.which(started[0]) is not None:
            return False
        self._item.turn_on(self._command)
        return True


def start_command(
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    data_dir: Path | None = None,
    executable: str = sys.executable,
    *,
    frozen: bool = getattr(sys, "frozen", False),
) -> tuple[str, ...]:
    """Return the words that start this Lapis with its tray icon only.

    `data_dir` if it was told to use one; `frozen`: whether `executable` is Lapis and no Python. Full
    paths: nobody's shell has set anything up at login.
    """
    words = [*_program(environment, platform, Path(executable), frozen=frozen), "--background"]
    if data_dir is not None:
        words += ["--data-dir", str(data_dir.absolute())]
    return tuple(words)


def _program(
    environment: Mapping[str, str], platform: str, executable: Path, *, frozen: bool
) -> list[str]:
    image = app_image(environment, executable) if platform == "linux" else ""
    if image:
        return [image]
    suffix = ".exe" if platform == "win32" else ""
    beside = executable.with_name(f"lapis-gui{suffix}")
    if beside.is_file():
        return [str(beside)]
    if frozen:
        return [str(executable)]
    # The interpreter with no terminal window, where Windows has one.
    quiet = executable.with_name("pythonw.exe")
    python = quiet if platform == "win32" and quiet.is_file() else executable
    return [str(python), "-m", "desktop"]
