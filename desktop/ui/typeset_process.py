"""The typesetting process as the window sees it: one order in, one reply out.

Lives in the thread of `Typesetter`, to which the system ties the process.
"""

import os
import subprocess
from typing import BinaryIO, Final, cast

from desktop.base.child_program import NO_WINDOW, child_command
from desktop.base.paths import resources
from desktop.ui.typeset_messages import Order, Reply, encode, read_reply

__all__ = ["TypesetProcess"]

_TYPESETTER: Final = "desktop.ui.typeset_child:main"
_API_KEY = "LAPIS_API_KEY"
_KEPT = frozenset({"PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR", "LANG"})
_PATIENCE = 2.0


class TypesetProcess:
    """A running process; the thread that makes it must outlive it."""

    def __init__(self) -> None:
        """Start it; raises OSError."""
        self._process = subprocess.Popen(
            child_command(_TYPESETTER, os.getpid()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=resources(),
            env=_environment(),
            creationflags=NO_WINDOW,
        )

    def ask(self, order: Order) -> Reply | None:
        """Return the reply, or None when the process ended over the order or spoke no sense."""
        try:
            into = cast("BinaryIO", self._process.stdin)
            into.write(encode(order))
            into.flush()
            return read_reply(cast("BinaryIO", self._process.stdout))
        except (OSError, ValueError):
            return None

    def kill(self) -> None:
        """End it; from any thread. Whoever waits for a reply gets None."""
        self._process.kill()

    def close(self) -> None:
        """End it and give back what it held."""
        self._process.kill()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                cast("BinaryIO", pipe).close()
            except OSError:
                continue


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if (name.upper() in _KEPT or name.startswith(("LC_", "LAPIS_"))) and name != _API_KEY
    }
