"""Showing a file in the desktop's own file manager, marked where that can be done. GUI thread.

Linux: `org.freedesktop.FileManager1.ShowItems` (freedesktop.org's file manager interface); without
it, and elsewhere, the folder is opened.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher
from PySide6.QtGui import QDesktopServices

__all__ = ["show_in_folder"]

_SERVICE: Final = "org.freedesktop.FileManager1"
_PATH: Final = "/org/freedesktop/FileManager1"
_PATIENCE_MS: Final = 5000


def show_in_folder(path: Path, owner: QObject) -> None:
    """Show `path` in its folder; returns at once. `owner` lives as long as the answer may take."""
    match sys.platform:
        case "darwin":
            subprocess.Popen(["open", "-R", str(path)])
        case "win32":
            # Explorer has its own way with quotes: this is the one that it understands.
            subprocess.Popen(f'explorer.exe /select,"{path}"')
        case _:
            _show_on_bus(path, owner)


def _show_on_bus(path: Path, owner: QObject) -> None:
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        _open_folder(path)
        return
    call = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    watcher = QDBusPendingCallWatcher(bus.asyncCall(call, _PATIENCE_MS), owner)

    def end() -> None:
        if watcher.isError():
            _open_folder(path)
        watcher.deleteLater()

    watcher.finished.connect(end)


def _open_folder(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
