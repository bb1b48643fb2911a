"""What reaches a terminal: no escape sequence from outside, colours only where they are welcome."""

import io
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.base.translation import Translator
from desktop.domain.errors import ModelNotFound
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.terminal.errors import report
from desktop.terminal.harmless import Cleaner, harmless
from desktop.terminal.output import OutputFailed, Screen, Status, Style, fitted, paint

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))

SEQUENCES = {
    "red[31m": "\x1b[31m",
    "clipboard": "\x1b]52;c;c2VjcmV0\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\",
    "title": "\x1b]0;owned\x07",
    "device control": "\x1bPq#0~~\x1b\\",
    "private message": "\x1b^secret\x1b\\",
    "csi as one sign": "\x9b2J",
    "osc as one sign": "\x9d52;c;x\x9c",
    "character set": "\x1b(0",
    "full reset": "\x1bc",
    "alternate screen": "\x1b[?1049h",
    "bell": "\x07",
    "backspace": "\b\b\b",
    "carriage return": "\r",
    "shift out": "\x0e",
    "delete": "\x7f",
    "next line": "\x85",
}


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def whole(text: str) -> str:
    return harmless(text)


def in_single_signs(text: str) -> str:
    cleaner = Cleaner()
    return "".join(cleaner.feed(sign) for sign in text) + cleaner.rest()


@pytest.mark.parametrize("clean", [whole, in_single_signs])
@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_no_escape_sequence_passes(clean: Callable[[str], str], sequence: str) -> None:
    assert clean(f"before{sequence}after") == "beforeafter"


@pytest.mark.parametrize("clean", [whole, in_single_signs])
def test_text_newline_and_tab_pass_unchanged(clean: Callable[[str], str]) -> None:
    text = "Köln → 北京\n\tx = [1, 2]; 👩‍🚀 ]8;; {'a'}\n"
    assert clean(text) == text


def test_a_sequence_cut_anywhere_is_still_removed() -> None:
    text = "a\x1b]8;;https://evil.example\x1b\\b\x1b[1;31mc\x9b0md"
    for cut in range(len(text) + 1):
        cleaner = Cleaner()
        assert cleaner.feed(text[:cut]) + cleaner.feed(text[cut:]) + cleaner.rest() == "abcd", cut


def test_a_sequence_that_never_ends_swallows_nothing_readable() -> None:
    assert in_single_signs("a\x1b]52;c;rest of the line\nnext line") == (
        "a52;c;rest of the line\nnext line"
    )
    assert in_single_signs("the end\x1b]0;title") == "the end0;title"


def test_a_very_long_sequence_is_shown_rather_than_held() -> None:
    cleaner = Cleaner()
    cleaner.feed("\x1b]")
    shown = "".join(cleaner.feed("x" * 100) for _ in range(60))
    assert len(shown) == 6000


def test_random_mixtures_leave_no_control_character() -> None:
    seed = 20261120
    dice = random.Random(seed)
    parts = [*SEQUENCES.values(), "\x1b", "\x1b[", "\x1b]", "\x9d", "text", "北", "\n", ";"]
    for _ in range(300):
        cleaner = Cleaner()
        pieces = dice.choices(parts, k=12)
        shown = "".join(map(cleaner.feed, pieces)) + cleaner.rest()
        bad = [sign for sign in shown if unicodedata.category(sign) == "Cc" and sign != "\n"]
        assert not bad, (seed, pieces)


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen(FakeTerminal(), io.StringIO())
    assert screen.out_colours
    assert not screen.err_colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Screen(FakeTerminal(), FakeTerminal()).out_colours
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not Screen(FakeTerminal(), FakeTerminal()).out_colours


def test_painted_text_ends_its_style() -> None:
    assert paint("x", Style.ERROR, colours=True) == "\x1b[1;31mx\x1b[0m"
    assert paint("x", Style.ERROR, colours=False) == "x"


def test_an_answer_gets_a_last_newline_only_if_it_lacks_one() -> None:
    screen = Screen(io.StringIO(), io.StringIO())
    screen.answer("one")
    screen.end_answer()
    screen.answer("two\n")
    screen.end_answer()
    assert screen.out.getvalue() == "one\ntwo\n"  # type: ignore[attr-defined]


def test_errors_go_to_stderr_as_title_and_hint_without_foreign_escapes() -> None:
    screen = Screen(io.StringIO(), io.StringIO())
    name = "\x1b]52;c;x\x07evil"
    report(ModelNotFound(Text("No {name}", {"name": name}), Text("Look.")), ENGLISH, screen)
    assert screen.out.getvalue() == ""  # type: ignore[attr-defined]
    assert screen.err.getvalue() == "No evil\n  Look.\n"  # type: ignore[attr-defined]


def test_a_full_disk_behind_the_output_is_said_in_words() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no full device")
    with full.open("w") as stream:
        screen = Screen(stream, io.StringIO())
        with pytest.raises(OutputFailed) as failure:
            screen.answer("hello")
        assert "space" in str(failure.value.hint)


def test_the_status_line_shows_only_while_allowed_and_leaves_nothing() -> None:
    terminal = FakeTerminal()
    status = Status(terminal, enabled=True, colours=False)
    status.show("too early")
    status.allow()
    status.show("Loading")
    status.clear()
    status.show("too late")
    assert terminal.getvalue() == "\r\x1b[KLoading\r\x1b[K"


def test_the_status_line_stays_on_one_line() -> None:
    terminal = FakeTerminal()
    status = Status(terminal, enabled=True, colours=False)
    status.allow()
    status.show("模型" * 100 + "\nsecond")
    assert "\n" not in terminal.getvalue()
    assert len(terminal.getvalue()) < 80


def test_without_a_terminal_there_is_no_status() -> None:
    screen = Screen(io.StringIO(), io.StringIO())
    screen.status.allow()
    screen.status.show("Loading")
    assert screen.err.getvalue() == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [("short", 10, "short"), ("much too long", 6, "much …"), ("模型模型", 5, "模型…")],
)
def test_lines_are_cut_by_terminal_cells(text: str, cells: int, shown: str) -> None:
    assert fitted(text, cells) == shown


def test_what_went_wrong_is_broken_between_words_in_a_terminal_and_whole_in_a_pipe() -> None:
    title, hint = Text("There is no model of that name"), Text("word " * 30 + "end")
    error = ModelNotFound(title, hint)
    for stream in (FakeTerminal(), io.StringIO()):
        report(error, ENGLISH, Screen(io.StringIO(), stream))
        lines = stream.getvalue().splitlines()
        if stream.isatty():
            assert max(map(len, lines[1:])) <= 80
            assert all(line.startswith("  word") for line in lines[1:])
            assert len(lines) == 3
        else:
            assert lines == [title.message, f"  {hint.message}"]
