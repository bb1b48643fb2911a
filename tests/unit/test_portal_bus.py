"""A session bus that goes away while it is being connected to: said at once, and never again."""

import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.system.hotkey.portal_timers import Timers
from desktop.system.hotkey.portal_values import BusLost

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="D-Bus is for Linux desktops")


class Ending(Timers):
    """Timers of a test: with the first one the bus ends."""

    def __init__(self, bus: socket.socket) -> None:
        super().__init__()
        self._bus = bus

    def start(self, seconds: float, action: Callable[[], None]) -> int:
        del seconds
        self._bus.close()
        return super().start(0, action)


@pytest.fixture
def place() -> Iterator[Path]:
    # Names of sockets are short.
    with tempfile.TemporaryDirectory(prefix="lapis-") as folder:
        yield Path(folder) / "bus"


def test_a_bus_that_ends_while_it_is_greeted_is_lost_once(place: Path) -> None:
    from desktop.system.hotkey.portal_bus import Bus

    lost: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(place))
        listening.listen()
        timers = Ending(listening)
        with pytest.raises(BusLost):
            Bus(bytes(place), lambda _signal: None, lambda: lost.append("again"), timers)

    timers.run()

    assert lost == []
