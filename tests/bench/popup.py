"""From the key to the quick question, and from Enter in it to the first words of an answer.

The real program behind a terminal on a real X server with a window manager. Keys go down through
XTEST, as from a keyboard. The popup counts as there when the screen shows it as it looks a while
later and it has the keyboard; words count as there when the picture with them was drawn.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.base.paths import paths_under
from tests.bench import popup_program
from tests.bench.measure import Figure
from tests.e2e.other_programs import OtherPrograms
from tests.harness.hands import Hands
from tests.harness.program import Program
from tests.harness.screen import Screen, virtual_screen
from tests.harness.waiting import wait_for

_PRESSES = 50
_QUESTIONS = 20
_MEDIAN_MS, _WORST_MS = 20.0, 60.0
_WORDS_MS = 150.0
_HELD_SECONDS = 0.03
_LOOK_SECONDS = 0.000_5
_REST_SECONDS = 0.25
_SETTLED_SECONDS = 3.0
_TITLE = "Somewhere else"
# Of the card: without its field, whose cursor comes and goes.
_SEEN_WIDTH = 44


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data and logs."""
    with desk(folder) as (screen, hands):
        shown = times_to_popup(folder, screen, hands)
        words = _times_to_words(folder, screen, hands)
    ms = tuple(seconds * 1000 for seconds in shown)
    return [
        Figure("key to painted and focused popup", "ms", ms, _MEDIAN_MS),
        Figure("the slowest of them", "ms", (max(ms),), _WORST_MS),
        Figure(
            "popup: Enter to the guide's first words",
            "ms",
            tuple(seconds * 1000 for seconds in words),
            _WORDS_MS,
        ),
    ]


@contextmanager
def desk(folder: Path) -> Iterator[tuple[Screen, Hands]]:
    """Give a screen with a terminal that has the keyboard, and hands."""
    with virtual_screen(folder) as screen:
        hands = Hands(screen.environment["DISPLAY"])
        others = OtherPrograms(screen, folder, {})
        try:
            others.terminal(_TITLE, ["cat"])
            yield screen, hands
        finally:
            others.end()
            hands.close()


def times_to_popup(folder: Path, screen: Screen, hands: Hands) -> list[float]:
    """Start Lapis and press the key again and again; return the seconds to a popup, each time."""
    data = _data(folder / "keys")
    program = Program(["--data-dir", str(data), "--background"], folder / "log", screen.environment)
    try:
        _wait_for_key(data, lambda: program.noise)
        program.engine()
        _wait_for_title(screen, _TITLE)
        time.sleep(_SETTLED_SECONDS)
        _call(hands)
        popup = screen.window("^Ask Lapis$", program.pid)
        _wait_for_title(screen, "Ask Lapis")
        time.sleep(_SETTLED_SECONDS)
        left, top, _, height = popup.place
        place = (left + 2, top + 2, _SEEN_WIDTH, height - 4)
        seen, focus = hands.picture(*place), hands.focus()
        _put_away(screen, hands)
        assert hands.picture(*place) != seen
        return [_time_to_popup(screen, hands, place, (seen, focus)) for _ in range(_PRESSES)]
    finally:
        program.end()


def _time_to_popup(
    screen: Screen, hands: Hands, place: tuple[int, int, int, int], wanted: tuple[bytes, int]
) -> float:
    """Press once; return the seconds until popup and keyboard are as `wanted`."""
    with hands.holding("Control_L", "Alt_L"):
        time.sleep(_HELD_SECONDS)
        begin = time.perf_counter()
        hands.down("space")
        while (hands.picture(*place), hands.focus()) != wanted:
            taken = time.perf_counter() - begin
            assert taken < 10, "no popup, or it looks otherwise"
            time.sleep(_LOOK_SECONDS)
        taken = time.perf_counter() - begin
        hands.up("space")
    _put_away(screen, hands)
    return taken


def _times_to_words(folder: Path, screen: Screen, hands: Hands) -> list[float]:
    data, told = _data(folder / "words"), folder / "words.txt"
    told.touch()
    words = [sys.executable, "-m", popup_program.__name__, str(told)]
    with (folder / "words.log").open("ab") as log:
        process = subprocess.Popen(
            [*words, "--data-dir", str(data), "--background"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(screen.environment),
        )
    try:
        _wait_for_key(data, lambda: f"ended with {process.poll()}")
        time.sleep(_SETTLED_SECONDS)
        times = [_time_to_words(screen, hands, told, n) for n in range(_QUESTIONS + 1)]
    finally:
        process.terminate()
        process.wait(15)
    # The first one meets a model that has not answered anything yet.
    return times[1:]


def _time_to_words(screen: Screen, hands: Hands, told: Path, number: int) -> float:
    """Ask once; return the seconds from Enter to the first words on the screen."""
    before = len(_lines(told))
    _call(hands)
    _wait_for_title(screen, "Ask Lapis")
    for letter in f"how do i change setting {'abcdefghijklmnopqrstuvwxyz'[number]}":
        hands.tap("space" if letter == " " else letter)
    time.sleep(_REST_SECONDS)
    begin = time.monotonic()
    hands.tap("Return")
    wait_for(lambda: len(_lines(told)) > before, 30, "words")
    taken = float(_lines(told)[before]) - begin
    _put_away(screen, hands)
    return taken


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="ascii").splitlines(keepends=True) if line]


def _call(hands: Hands) -> None:
    hands.tap("space", "Control_L", "Alt_L")


def _put_away(screen: Screen, hands: Hands) -> None:
    """Press Esc, which stops an answer first, until the keyboard is back where it was; then rest.

    Never faster than a person: called again within some 20 ms of going, the popup has the keyboard
    taken from it by the window manager, which is not done yet with what the popup left behind.
    """

    def is_away() -> bool:
        if screen.active_title() == _TITLE:
            return True
        hands.tap("Escape")
        time.sleep(_REST_SECONDS)
        return False

    wait_for(is_away, 20, "the terminal with the keyboard")


def _wait_for_title(screen: Screen, title: str) -> None:
    wait_for(lambda: screen.active_title() == title, 20, screen.active_title)


def _wait_for_key(data: Path, noise: object) -> None:
    log = paths_under(data).logs / "lapis.log"

    def is_bound() -> bool:
        return log.exists() and "key of ask: bound" in log.read_text(encoding="utf-8")

    wait_for(is_bound, 30, lambda: str(noise() if callable(noise) else noise))


def _data(folder: Path) -> Path:
    """Return a data folder of somebody who knows Lapis already."""
    settings = paths_under(folder).settings
    settings.parent.mkdir(parents=True)
    settings.write_text('{"welcomed": true, "theme": "light"}', encoding="utf-8")
    return folder
