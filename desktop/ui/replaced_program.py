"""Notices that a package manager has renewed or removed the Lapis that runs. GUI thread.

The program reads its parts when it needs them first, and after that from files of another version,
or of none. So one that was renewed asks to be started again, before anything fails, and one that
was removed ends. Nothing is watched where an image is run, or on Windows, whose installer ends Lapis
first.
"""

import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from desktop.backends.explain import explain_replaced
from desktop.ui.banner import Banner, Topic

__all__ = ["ReplacedProgram", "own_program"]

# A package manager takes a while for all its files.
_SETTLED_MS: Final = 3000


def own_program() -> Path | None:
    """Return the program that runs, None from source and where it is not replaced under us."""
    is_packed = getattr(sys, "frozen", False) and sys.platform != "win32"
    return Path(sys.executable) if is_packed else None


class ReplacedProgram(QObject):
    """Watches `program`: that it is another one now is said on `banner`, once.

    `removed` says that there is none any more.
    """

    removed = Signal()

    def __init__(
        self, program: Path, banner: Banner, parent: QObject, settled_ms: int = _SETTLED_MS
    ) -> None:
        """Take what is there now for the one that runs."""
        super().__init__(parent)
        self._program = program
        self._banner = banner
        self._known = _identity(program)
        self._settled = QTimer(self, singleShot=True, interval=settled_ms)
        self._settled.timeout.connect(self._look)
        self._watcher = QFileSystemWatcher([str(program)], self)
        self._watcher.fileChanged.connect(self._on_changed)

    def _on_changed(self, _path: str) -> None:
        self._settled.start()

    def _look(self) -> None:
        now = _identity(self._program)
        if now is None and _is_gone(self._program):
            self.removed.emit()
        if now in {None, self._known}:
            return
        self._known = now
        # A file that took the place of another is not watched any more.
        self._watcher.addPath(str(self._program))
        told = explain_replaced()
        self._banner.show_notice(Topic.REPLACED, told.title, told.hint)


def _identity(program: Path) -> tuple[int, int, int] | None:
    """Return what differs when a file is replaced; None if there is none."""
    try:
        found = program.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_gone(program: Path) -> bool:
    """Return whether it was removed, and not only is out of reach for a while."""
    try:
        program.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
