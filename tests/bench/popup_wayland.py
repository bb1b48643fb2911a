"""From the key to the quick question on Wayland: KWin, the desktop portal, and the real program.

The desktop is nested in a virtual screen, so what a key costs there comes on top: the X server
outside, KWin, KDE's part of the portal, the portal, Lapis, KWin again. Keys go down through XTEST;
the popup counts as there when the screen outside shows it as it looks a while later. Needs what
`make test-portal` installs, and is not among the benches that run without a name.
"""

import time
from pathlib import Path

from tests.bench.measure import Figure
from tests.harness.hands import Hands
from tests.harness.nested import HEIGHT, WIDTH, nested_desktop
from tests.harness.nested_lapis import NestedLapis
from tests.harness.tray_watcher import tray_watcher

_PRESSES = 50
_MEDIAN_MS = 50.0
_HELD_SECONDS = 0.03
_LOOK_SECONDS = 0.000_5
_REST_SECONDS = 0.3
_SETTLED_SECONDS = 3.0
# A strip down the middle: left of it is the field, whose cursor comes and goes.
_STRIP = (WIDTH * 3 // 5, 0, 8, HEIGHT)


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data and logs."""
    with nested_desktop(folder) as desktop, tray_watcher(desktop.bus), desktop.portal():
        lapis = NestedLapis(desktop, folder / "program", {})
        try:
            program = lapis.start()
            program.engine()
            with desktop.hands() as hands:
                ms = tuple(seconds * 1000 for seconds in _times(lapis, hands))
        finally:
            lapis.end()
    return [
        Figure("Wayland: key to painted popup", "ms", ms, _MEDIAN_MS),
        Figure("the slowest of them", "ms", (max(ms),)),
    ]


def _times(lapis: NestedLapis, hands: Hands) -> list[float]:
    time.sleep(_SETTLED_SECONDS)
    lapis.press(hands)
    lapis.wait_shown()
    time.sleep(_SETTLED_SECONDS)
    wanted = hands.picture(*_STRIP)
    _put_away(lapis, hands)
    return [_time(lapis, hands, wanted) for _ in range(_PRESSES)]


def _time(lapis: NestedLapis, hands: Hands, wanted: bytes) -> float:
    """Press once; return the seconds until the screen shows what is `wanted`."""
    with hands.holding("Control_L", "Alt_L"):
        time.sleep(_HELD_SECONDS)
        begin = time.perf_counter()
        hands.down("space")
        while hands.picture(*_STRIP) != wanted:
            taken = time.perf_counter() - begin
            assert taken < 10, "no popup, or it looks otherwise"
            time.sleep(_LOOK_SECONDS)
        taken = time.perf_counter() - begin
        hands.up("space")
    _put_away(lapis, hands)
    return taken


def _put_away(lapis: NestedLapis, hands: Hands) -> None:
    """Hide it, and let everything come to rest."""
    time.sleep(_REST_SECONDS)
    hands.tap("Escape")
    lapis.wait_hidden()
    time.sleep(_REST_SECONDS)
