"""How far the downloads are, on the icon in the taskbar or dock, where the platform draws that.

Linux: the signal `com.canonical.Unity.LauncherEntry.Update`, which the docks of GNOME (Ubuntu, Dash
to Dock), KDE and elementary read (wiki.ubuntu.com/Unity/LauncherAPI). Elsewhere Qt's badge with the
number of downloads. GUI thread.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QGuiApplication

__all__ = ["TaskbarProgress", "badge", "launcher_progress", "taskbar_progress"]

_INTERFACE: Final = "com.canonical.Unity.LauncherEntry"
_PATH: Final = "/com/canonical/unity/launcherentry/1"
_STEP: Final = 0.005

Show = Callable[[float, int], None]
"""(share from 0 to 1, number of downloads); a number of 0 takes the picture away."""


class TaskbarProgress:
    """Shows a share, and draws anew only what can be seen to be different."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._shown = (0.0, 0)

    def set_progress(self, share: float, downloads: int) -> None:
        """Show that `downloads` are at `share` (0 to 1) of all their bytes; 0 of them: nothing."""
        share = min(1.0, max(0.0, share)) if downloads else 0.0
        seen, count = self._shown
        if count != downloads or abs(share - seen) >= _STEP:
            self._shown = (share, downloads)
            self._show(share, downloads)


def taskbar_progress(app: QGuiApplication, platform: str) -> TaskbarProgress:
    """Return what this `platform` (`sys.platform`) can draw."""
    if platform == "linux":
        return TaskbarProgress(launcher_progress(QDBusConnection.sessionBus()))
    return TaskbarProgress(badge(app))


def launcher_progress(bus: QDBusConnection) -> Show:
    """Return what sends the signal of Linux docks over `bus`; without a bus nothing happens."""

    def show(share: float, downloads: int) -> None:
        if not bus.isConnected():
            return
        message = QDBusMessage.createSignal(_PATH, _INTERFACE, "Update")
        message.setArguments(
            [
                f"application://{QGuiApplication.desktopFileName()}.desktop",
                {"progress": share, "progress-visible": downloads > 0},
            ]
        )
        bus.send(message)

    return show


def badge(app: QGuiApplication) -> Show:
    """Return what puts the number of downloads on the icon of `app`."""
    return lambda _share, downloads: app.setBadgeNumber(downloads)
