"""Keys of the real program, pressed over another program that has the keyboard."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.domain.hotkey import KeyStatus
from tests import gguf_files
from tests.e2e.conftest import StartLapis
from tests.e2e.other_programs import OtherPrograms
from tests.harness.hands import Hands
from tests.harness.leftovers import Marker
from tests.harness.program import Program
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_POPUP = "^Ask Lapis$"
_WINDOW = "Lapis$"
_TITLE = "Somewhere else"
_SPACE, _CTRL_ALT = 65, 4 | 8
_SENTENCE = "Lapis answers from a model on this computer."


@pytest.fixture
def hands(screen: Screen) -> Iterator[Hands]:
    one = Hands(screen.environment["DISPLAY"])
    yield one
    one.set_locks()
    one.close()


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal that writes what is typed into `file`, line by line."""

    window: Window
    file: Path
    title: str = _TITLE

    def focus(self) -> None:
        """Give it the keyboard."""
        self.window.focus()
        screen = self.window.screen
        wait_for(lambda: screen.active_title() == self.title, 10, "the terminal with the keyboard")

    def typed(self) -> str:
        return self.file.read_text(encoding="utf-8")


@pytest.fixture
def terminal(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[Terminal]:
    programs = OtherPrograms(screen, tmp_path, marker.environment)
    file = tmp_path / "typed.txt"
    file.touch()
    window = programs.terminal(_TITLE, ["sh", "-c", f"cat > '{file}'"])
    yield Terminal(window, file)
    programs.end()


@dataclass(frozen=True, slots=True)
class Desk:
    """Lapis in the background, and somebody who works in a terminal."""

    program: Program
    screen: Screen
    hands: Hands
    terminal: Terminal
    home: Path

    def press(self) -> None:
        """Press the usual key for a quick question."""
        self.hands.tap("space", "Control_L", "Alt_L")

    def is_popup_there(self) -> bool:
        return bool(self.screen.windows(_POPUP, self.program.pid))

    def wait_for_popup(self) -> None:
        wait_for(self.is_popup_there, 10, lambda: f"popup: {self.told()} {self.program.noise}")
        wait_for(lambda: self.screen.active_title() == "Ask Lapis", 10, "a popup with the keyboard")

    def wait_for_terminal(self) -> None:
        wait_for(lambda: not self.is_popup_there(), 10, "no popup")
        wait_for(lambda: self.screen.active_title() == self.terminal.title, 10, "the terminal")

    def told(self) -> str:
        return told(self.home)


def told(home: Path) -> str:
    """Return what was written into the log about keys."""
    log = paths_under(home).logs / "lapis.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return "\n".join(line for line in lines if "key of" in line)


def answers(home: Path) -> list[str]:
    """Return how each answer stands on the disk."""
    path = paths_under(home).database
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
        rows = disk.execute("SELECT state FROM messages WHERE role = 'assistant' ORDER BY id")
        return [state for (state,) in rows]


def settle(home: Path, **settings: object) -> None:
    """Write the settings that the next start finds."""
    file = paths_under(home).settings
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"welcomed": True, **settings}), encoding="utf-8")


@pytest.fixture
def desk(
    start_lapis: StartLapis, screen: Screen, hands: Hands, terminal: Terminal, lapis_home: Path
) -> Desk:
    program = start_lapis("--background")
    wait_for(lambda: "ask: bound, by x11" in told(lapis_home), 30, lambda: program.noise)
    terminal.focus()
    return Desk(program, screen, hands, terminal, lapis_home)


@pytest.mark.parametrize("caps", [False, True], ids=["caps off", "caps on"])
@pytest.mark.parametrize("num", [False, True], ids=["num off", "num on"])
def test_the_key_calls_the_popup_over_a_terminal_and_gives_the_keyboard_back(
    desk: Desk, num: bool, caps: bool
) -> None:
    desk.hands.set_locks(num=num, caps=caps)
    for _ in range(3):
        desk.press()
        desk.wait_for_popup()
        desk.press()
        desk.wait_for_terminal()

    desk.press()
    desk.wait_for_popup()
    desk.screen.key("Escape")
    desk.wait_for_terminal()
    assert desk.screen.windows(_WINDOW, desk.program.pid) == [], "it never raises the window"
    assert desk.terminal.typed() == "", "nothing of it reached the terminal"


def test_what_is_typed_after_the_key_is_in_the_popup_and_not_in_the_terminal(
    desk: Desk, lapis_home: Path
) -> None:
    desk.press()
    desk.wait_for_popup()
    desk.screen.type("quick")
    desk.screen.key("Escape")
    desk.wait_for_terminal()
    desk.screen.type("after")
    desk.screen.key("Return")

    wait_for(lambda: desk.terminal.typed() == "after\n", 10, desk.terminal.typed)


def test_held_down_the_key_calls_once(desk: Desk, screen: Screen) -> None:
    screen.call("xset", "r", "rate", "100", "50")
    with desk.hands.holding("Control_L", "Alt_L", "space"):
        desk.wait_for_popup()
        # Each repeat would hide or show it; twenty of them come in this time.
        desk.screen.call("xdotool", "sleep", "0.5")
        assert desk.is_popup_there()
    desk.press()
    desk.wait_for_terminal()


def test_a_key_of_another_program_is_told_and_left_to_it(
    start_lapis: StartLapis, screen: Screen, hands: Hands, terminal: Terminal, lapis_home: Path
) -> None:
    from desktop.system.hotkey.x11_server import Pressed, XServer

    other = XServer(screen.environment["DISPLAY"])
    assert other.grab(_SPACE, [_CTRL_ALT]) is KeyStatus.BOUND
    program = start_lapis("--background")
    wait_for(lambda: "ask: taken, by x11" in told(lapis_home), 30, lambda: program.noise)
    terminal.focus()
    hands.tap("space", "Control_L", "Alt_L")
    event = wait_for(other.next_event, 10, "the key, for the other program")

    assert isinstance(event, Pressed)
    assert screen.windows(_POPUP, program.pid) == []
    other.close()


def test_a_second_start_and_the_command_do_what_the_key_does(
    desk: Desk, start_lapis: StartLapis
) -> None:
    assert start_lapis("--toggle-popup").wait(15) == 0
    desk.wait_for_popup()
    desk.press()
    desk.wait_for_terminal()

    assert start_lapis("--show").wait(15) == 0
    # It has the keyboard first: a window that takes it late would close the popup.
    desk.screen.window(_WINDOW, desk.program.pid).focus()
    desk.terminal.focus()
    desk.press()
    desk.wait_for_popup()
    assert desk.told().count("ask: ") == 1, "the second start had no keys of its own"


def test_quitting_gives_the_key_back(desk: Desk, start_lapis: StartLapis) -> None:
    from desktop.system.hotkey.x11_server import XServer

    assert start_lapis("--quit").wait(15) == 0
    assert desk.program.wait(10) == 0
    other = XServer(desk.screen.environment["DISPLAY"])

    states = [_CTRL_ALT, _CTRL_ALT | 2, _CTRL_ALT | 16]
    # The server hears of an end a moment after us.
    wait_for(lambda: other.grab(_SPACE, states) is KeyStatus.BOUND, 10, "the key, free")
    other.close()


def test_a_key_stops_the_answer_from_anywhere(
    start_lapis: StartLapis,
    screen: Screen,
    hands: Hands,
    terminal: Terminal,
    lapis_home: Path,
    tmp_path: Path,
) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", context_length=131_072, answer=_SENTENCE)
    settle(lapis_home, model=str(model), engine={"n_ctx": 131_072}, keys={"stop": "Ctrl+Alt+."})
    program = start_lapis("--background")
    wait_for(lambda: "stop: bound" in told(lapis_home), 30, lambda: program.noise)
    desk = Desk(program, screen, hands, terminal, lapis_home)
    terminal.focus()
    desk.press()
    desk.wait_for_popup()
    screen.type("Talk")
    screen.key("Return")
    wait_for(lambda: answers(lapis_home) == ["streaming"], 40, "an answer being written")
    terminal.focus()
    hands.tap("period", "Control_L", "Alt_L")

    wait_for(lambda: answers(lapis_home) == ["stopped"], 10, lambda: str(answers(lapis_home)))
    assert screen.active_title() == terminal.title, "nothing comes up"
    assert program.running
