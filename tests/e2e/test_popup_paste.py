"""Out of another program into the popup and back: selected text, an answer, the keyboard."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from tests import gguf_files
from tests.e2e.conftest import StartLapis
from tests.e2e.other_programs import OtherPrograms
from tests.harness.hands import Hands
from tests.harness.leftovers import Marker
from tests.harness.program import Program
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

_POPUP = "^Ask Lapis$"
_ANSWER = "Lapis answers from a model on this computer."
_COPIED = "copied before 剪贴板"


@pytest.fixture
def hands(screen: Screen) -> Iterator[Hands]:
    one = Hands(screen.environment["DISPLAY"])
    yield one
    one.close()


@pytest.fixture
def programs(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[OtherPrograms]:
    others = OtherPrograms(screen, tmp_path, marker.environment)
    yield others
    others.end()


@dataclass(frozen=True, slots=True)
class Desk:
    """Lapis in the background, with a model that says one sentence, and a person at the keys."""

    program: Program
    screen: Screen
    hands: Hands
    home: Path

    def call(self) -> None:
        """Press the key, and wait for a popup with the keyboard."""
        self.hands.tap("space", "Control_L", "Alt_L")
        self.screen.window(_POPUP, self.program.pid)
        wait_for(lambda: self.screen.active_title() == "Ask Lapis", 10, "a popup with the keyboard")

    def height(self) -> int:
        """Return how high the popup is."""
        return self.screen.window(_POPUP, self.program.pid).place[3]

    def ask(self, question: str) -> None:
        """Ask, and wait for the whole answer."""
        self.screen.type(question)
        self.screen.key("Return")
        wait_for(lambda: self.rows("assistant") == [("complete", _ANSWER, [])], 40, self.seen)

    def rows(self, role: str) -> list[tuple[str, str, list[dict[str, str]]]]:
        """Return state, words and attachments of each message of `role`, as they are on the disk."""
        path = paths_under(self.home).database
        query = "SELECT state, content, attachments FROM messages WHERE role = ? ORDER BY id"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
            rows = disk.execute(query, (role,)).fetchall()
        return [(state, content, json.loads(more or "[]")) for state, content, more in rows]

    def seen(self) -> str:
        return f"{self.rows('assistant')} {self.program.noise}"

    def wait_for(self, title: str) -> None:
        """Wait until the popup is gone and `title` has the keyboard again."""
        wait_for(lambda: not self.screen.windows(_POPUP, self.program.pid), 10, "no popup")
        wait_for(lambda: self.screen.active_title() == title, 10, f"the keyboard with {title}")

    def holds(self, selection: str) -> str:
        """Return what another program would get from `selection`."""
        return self.screen.call("xclip", "-o", "-selection", selection)


@pytest.fixture
def desk(
    start_lapis: StartLapis, screen: Screen, hands: Hands, lapis_home: Path, tmp_path: Path
) -> Desk:
    model = gguf_files.write_llama(tmp_path / "m.gguf", answer=_ANSWER, stops=True)
    settings = paths_under(lapis_home).settings
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"welcomed": True, "model": str(model)}), encoding="utf-8")
    program = start_lapis("--background")
    log = paths_under(lapis_home).logs / "lapis.log"
    wait_for(
        lambda: log.exists() and "key of ask: bound" in log.read_text(encoding="utf-8"),
        30,
        lambda: program.noise,
    )
    return Desk(program, screen, hands, lapis_home)


def _select_a_word(desk: Desk, programs: OtherPrograms, title: str, file: Path) -> None:
    """Give a terminal with a word the keyboard, and select the word with the mouse."""
    printed = file.with_suffix(".printed")
    # Written into the file letter by letter, as it comes.
    words = ["sh", "-c", f"stty -icanon; printf selectable; touch {printed}; cat > {file}"]
    terminal = programs.terminal(title, words)
    wait_for(printed.exists, 10, "the word in the terminal")
    desk.screen.xdotool(
        *("mousemove", "--window", terminal.number, "20", "10"),
        *("click", "--repeat", "2", "--delay", "40", "1"),
    )
    wait_for(lambda: desk.holds("primary") == "selectable", 10, "a selected word")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_a_word_of_a_terminal_is_asked_about_and_the_answer_pasted_back_into_it(
    desk: Desk, programs: OtherPrograms, start_lapis: StartLapis, tmp_path: Path
) -> None:
    file = tmp_path / "typed.txt"
    desk.call()
    bare = desk.height()
    desk.screen.key("Escape")
    wait_for(lambda: not desk.screen.windows(_POPUP, desk.program.pid), 10, "no popup")
    programs.holder(_COPIED, "clipboard")
    _select_a_word(desk, programs, "Somewhere else", file)

    desk.call()
    # Whoever types before the selected text is there is only offered it.
    wait_for(lambda: desk.height() > bare, 10, "the selected text in the popup")
    desk.ask("Why?")
    (question,) = desk.rows("user")
    assert question[1] == "Why?"
    assert [one["text"] for one in question[2]] == ["selectable"]

    desk.screen.key("ctrl+Return")
    desk.wait_for("Somewhere else")

    wait_for(lambda: _text(file) == _ANSWER, 10, lambda: _text(file))
    assert desk.program.running
    wait_for(lambda: desk.holds("clipboard") == _COPIED, 10, "the clipboard as it was")
    wait_for(lambda: desk.holds("primary") == "selectable", 10, "the selection as it was")
    # What it put on the clipboard must not outlive what it is made of.
    assert start_lapis("--quit").wait(15) == 0
    assert desk.program.wait(15) == 0


def test_an_answer_is_pasted_into_a_field_of_another_program(
    desk: Desk, programs: OtherPrograms, tmp_path: Path
) -> None:
    file = tmp_path / "field.txt"
    programs.holder(_COPIED, "clipboard")
    programs.text_window("A letter", file)

    desk.call()
    desk.ask("Write")
    desk.screen.key("ctrl+Return")
    desk.wait_for("A letter")

    wait_for(lambda: _text(file) == _ANSWER, 10, lambda: _text(file))
    wait_for(lambda: desk.holds("clipboard") == _COPIED, 10, "the clipboard as it was")


def test_text_left_selected_in_another_program_is_not_asked_about_by_itself(
    desk: Desk, programs: OtherPrograms, tmp_path: Path
) -> None:
    programs.holder("left behind")
    programs.text_window("A letter", tmp_path / "field.txt")

    desk.call()
    desk.ask("Write")

    assert [row[2] for row in desk.rows("user")] == [[]]


def test_the_popup_comes_up_and_answers_while_the_program_with_the_selection_hangs(
    desk: Desk, programs: OtherPrograms, tmp_path: Path
) -> None:
    programs.text_window("A letter", tmp_path / "field.txt")
    holder = programs.holder("never told")
    with programs.hung(holder):
        desk.call()
        desk.ask("Anyone")
        desk.screen.key("Escape")
        desk.wait_for("A letter")

    assert [row[1:] for row in desk.rows("user")] == [("Anyone", [])]
    assert holder.poll() is None


def test_with_its_window_gone_the_answer_is_pasted_nowhere_and_stays_copied(
    desk: Desk, programs: OtherPrograms, start_lapis: StartLapis, tmp_path: Path
) -> None:
    other, file = tmp_path / "other.txt", tmp_path / "field.txt"
    programs.text_window("Another window", other)
    programs.text_window("A letter", file)
    desk.call()
    desk.ask("Write")

    programs.end_last()
    desk.screen.key("ctrl+Return")
    desk.wait_for("Another window")

    wait_for(lambda: desk.holds("clipboard") == _ANSWER, 10, "the answer on the clipboard")
    desk.screen.type("mine")
    wait_for(lambda: _text(other) == "mine", 10, lambda: _text(other))
    assert _text(file) == ""
    assert start_lapis("--quit").wait(15) == 0
    assert desk.program.wait(15) == 0


def test_from_a_pinned_popup_text_goes_where_one_was_last(
    desk: Desk, programs: OtherPrograms, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    later = programs.text_window("Second letter", second)
    programs.text_window("First letter", first)
    desk.call()
    desk.screen.key("ctrl+p")
    desk.ask("Write")

    later.focus()
    wait_for(lambda: desk.screen.active_title() == "Second letter", 10, "the second letter")
    # At a person's pace: that the popup lost the keyboard Qt tells a tenth of a second late.
    desk.screen.type("Dear you: ", pause_ms=60)
    wait_for(lambda: _text(second) == "Dear you: ", 10, lambda: _text(second))
    desk.screen.window(_POPUP, desk.program.pid).focus()
    wait_for(lambda: desk.screen.active_title() == "Ask Lapis", 10, "the popup")
    desk.screen.key("ctrl+Return")

    wait_for(lambda: _text(second) == f"Dear you: {_ANSWER}", 10, lambda: _text(second))
    assert _text(first) == ""
