"""Progress on the dock's icon: what a dock would receive, from a real message bus."""

import sys
from pathlib import Path

import pytest
from jeepney import MatchRule
from jeepney.bus_messages import message_bus as calls
from jeepney.io.blocking import open_dbus_connection
from PySide6.QtDBus import QDBusConnection
from pytestqt.qtbot import QtBot

from desktop.ui.taskbar import TaskbarProgress, launcher_progress
from tests.harness.message_bus import message_bus

_INTERFACE = "com.canonical.Unity.LauncherEntry"


@pytest.mark.skipif(sys.platform != "linux", reason="a message bus of Linux")
def test_a_dock_hears_of_progress_and_of_its_end(qtbot: QtBot, tmp_path: Path) -> None:
    with message_bus(tmp_path) as address:
        bus = QDBusConnection.connectToBus(address, "dock-test")
        try:
            with open_dbus_connection(bus=address) as dock:
                rule = MatchRule(type="signal", interface=_INTERFACE)
                dock.send_and_get_reply(calls.AddMatch(rule))
                with dock.filter(rule) as heard:
                    progress = TaskbarProgress(launcher_progress(bus))
                    progress.set_progress(0.25, 2)
                    progress.set_progress(0.2501, 2)
                    progress.set_progress(1.0, 0)
                    first = dock.recv_until_filtered(heard, timeout=10).body
                    last = dock.recv_until_filtered(heard, timeout=10).body
        finally:
            QDBusConnection.disconnectFromBus("dock-test")
    assert first[0].startswith("application://")
    assert first[1] == {"progress": ("d", 0.25), "progress-visible": ("b", True)}
    assert last[1] == {"progress": ("d", 0.0), "progress-visible": ("b", False)}


def test_only_what_can_be_seen_is_drawn_anew() -> None:
    drawn: list[tuple[float, int]] = []
    progress = TaskbarProgress(lambda share, downloads: drawn.append((share, downloads)))

    for share, downloads in ((0.0, 0), (0.1, 1), (0.101, 1), (0.2, 1), (0.2, 2), (7.0, 2), (1, 0)):
        progress.set_progress(share, downloads)

    assert drawn == [(0.1, 1), (0.2, 1), (0.2, 2), (1.0, 2), (0.0, 0)]
