"""What the system says when it is asked: small files, and programs that come with it. Any thread.

Nothing here raises or waits long: a driver that hangs must cost an answer, not the program.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from desktop.base.child_program import NO_WINDOW

ASKING_SECONDS: Final = 2.0
_MOST: Final = 1 << 20


def system_text(path: Path) -> str:
    """Return a small system file without its line end; empty when it cannot be read."""
    try:
        with path.open("rb") as stream:
            said = stream.read(_MOST)
    except OSError:
        return ""
    return said.decode(errors="replace").strip("\0\n\r\t ")


def system_number(path: Path) -> int | None:
    """Return the number in a small system file, None where there is none."""
    text = system_text(path)
    return int(text) if text.isascii() and text.isdigit() else None


def is_there(path: Path) -> bool:
    """Return whether there is a file or folder, as far as this account may know."""
    try:
        return path.exists()
    except OSError:
        return False


def listed(folder: Path, pattern: str) -> list[Path]:
    """Return what matches below `folder`, in order; nothing where it cannot be looked through."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def answer_of(command: Sequence[str], seconds: float = ASKING_SECONDS) -> str:
    """Return what a program of the system prints; empty where it is not there, fails or hangs.

    The first word is a full path. It is ended after `seconds`, and left behind if it cannot be: one
    that waits for a driver heeds no signal.
    """
    try:
        asked = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            creationflags=NO_WINDOW,
        )
    except (OSError, ValueError):
        return ""
    with contextlib.ExitStack() as end:
        if asked.stdout is not None:
            end.callback(asked.stdout.close)
        try:
            said, _ = asked.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                asked.kill()
                asked.wait(0.1)
            if sys.platform == "win32" and asked.returncode is None:
                # A thread of `communicate` still reads, and closes it then; to close would be to wait.
                end.pop_all()
            return ""
        except OSError:
            return ""
    return said[:_MOST].decode(errors="replace") if asked.returncode == 0 else ""
