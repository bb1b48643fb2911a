"""Lists in a terminal: aligned in any script, within any width, and whole in a pipe."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from desktop.base.translation import Translator
from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import Language
from desktop.terminal.models_pull import progress_line
from desktop.terminal.output import Screen
from desktop.terminal.ready import is_ready
from desktop.terminal.tables import print_facts, print_rows

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
PROSE = "The usual choice: a third of the original's size, and answers are hardly worse."
CHINESE = "常用之选：不到原版三分之一的大小，回答几乎不变差，适合大多数电脑使用。"
ROWS = (
    ("tiny-Q4_K_M", "2 MB", PROSE),
    ("模型", "1.5 GB", CHINESE),
    ("another", "", "short"),
)


class Terminal(io.StringIO):
    """A terminal as wide as told."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


@pytest.fixture
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    wide: int = request.param
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((wide, 24)))
    monkeypatch.setenv("NO_COLOR", "1")
    return wide


@pytest.fixture
def terminal(width: int) -> Iterator[Terminal]:
    del width
    with Terminal() as stream:
        yield stream


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120], indirect=True)
def test_rows_are_aligned_and_within_the_width(terminal: Terminal, width: int) -> None:
    print_rows(ROWS, Screen(terminal, terminal), header=("Name", "Size", "What"))

    printed = lines(terminal)
    assert all(cell_len(line) <= width for line in printed)
    assert printed[0].split() == ["Name", "Size", "What"]
    start = printed[0].index("What")
    firsts = [line for line in printed if line.startswith(("tiny", "another"))]
    assert [line[start] for line in firsts] == ["T", "s"]
    chinese = next(line for line in printed if line.startswith("模型"))
    assert cell_len(chinese[: chinese.index("常用")]) == start
    assert "".join(printed).count("几") == 1


@pytest.mark.parametrize("width", [40], indirect=True)
def test_a_narrow_terminal_gets_names_on_lines_of_their_own(terminal: Terminal, width: int) -> None:
    print_rows(ROWS, Screen(terminal, terminal), header=("Name", "Size", "What"))

    printed = lines(terminal)
    assert all(cell_len(line) <= width for line in printed)
    assert printed[0] == "tiny-Q4_K_M"
    assert printed[1].startswith("  2 MB  The usual")
    assert printed[-2:] == ["another", "  short"]


@pytest.mark.parametrize("width", [40, 80], indirect=True)
def test_rows_that_are_cut_take_no_second_line_of_prose(terminal: Terminal, width: int) -> None:
    print_rows(ROWS, Screen(terminal, terminal), cut=True)

    printed = lines(terminal)
    assert all(cell_len(line) <= width for line in printed)
    assert len(printed) == (6 if width == 40 else 3)
    assert sum(line.endswith("…") for line in printed) == 2


def test_a_pipe_gets_each_row_whole_on_one_line() -> None:
    out = io.StringIO()

    print_rows(ROWS, Screen(out, out), header=("Name", "Size", "What"), cut=True)

    printed = lines(out)
    assert len(printed) == 4
    assert printed[1].endswith(PROSE)
    assert printed[2].endswith(CHINESE)
    assert all(line == line.rstrip() for line in printed)


def test_an_empty_column_and_an_empty_list_are_left_out() -> None:
    out = io.StringIO()
    screen = Screen(out, out)

    print_rows([("a", "", "1"), ("b", "", "2")], screen, header=("Name", "Unused", "Number"))
    print_rows([], screen, header=("Name",))

    assert lines(out) == ["Name  Number", "a     1", "b     2"]


def test_hostile_cells_change_no_line_and_no_colour() -> None:
    out = io.StringIO()

    print_rows([("a\nb\x1b[31mc", "x\ty")], Screen(out, out))

    assert lines(out) == ["a bc  x y"]


@pytest.mark.parametrize("width", [40], indirect=True)
def test_a_path_is_never_broken(terminal: Terminal, width: int) -> None:
    path = "/home/somebody/" + "long/" * 20 + "model.gguf"

    print_facts([("Where", f"{path}\n{path}"), ("Empty", "")], Screen(terminal, terminal))

    assert len(path) > width
    assert lines(terminal) == [f"Where  {path}", f"       {path}"]


def download(phase: DownloadPhase, done: int = 0, **more: float) -> Download:
    file = RemoteFile("a.gguf", 5_400_000_000, "", "http://127.0.0.1/a.gguf")
    source = Source(SourceKind.MIRROR, "http://127.0.0.1")
    order = DownloadOrder("key", "a", source, "o/r", "main", "o--r", (file,))
    return Download(order, phase, done, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("cells", [39, 60, 79, 119, 200])
@pytest.mark.parametrize("plain", [True, False])
def test_what_matters_most_of_a_download_has_a_place_in_any_width(
    cells: int, *, plain: bool
) -> None:
    state = download(DownloadPhase.DOWNLOADING, 5_200_000_000, speed=112e6, seconds_left=27.0)

    line = progress_line(state, ENGLISH, cells, plain=plain)

    assert cell_len(line) <= cells
    assert line.startswith(" 96%  ")
    assert line.endswith("112 MB/s  30 s left")
    assert ("5.2 of 5.4 GB" in line) == (cells >= 60)
    assert (("#" if plain else "█") in line) == (cells >= 39)
    assert line.isascii() or not plain


def test_a_download_is_complete_only_at_the_end() -> None:
    almost = download(DownloadPhase.VERIFYING, 5_399_999_999)

    assert progress_line(almost, ENGLISH, 79, plain=True).startswith(" 99%")
    assert "checking" in progress_line(almost, ENGLISH, 79, plain=True)


def test_a_wait_is_told_with_its_seconds() -> None:
    state = download(DownloadPhase.WAITING, wait_seconds=12.2)

    assert progress_line(state, ENGLISH, 79, plain=True).endswith("The server asks to wait: 13 s")


def test_a_name_with_spaces_is_quoted_where_it_is_to_be_typed() -> None:
    assert is_ready("a", ENGLISH) == "a is ready: lapis chat -m a"
    assert is_ready("a b", ENGLISH) == 'a b is ready: lapis chat -m "a b"'


def test_a_fact_of_which_nothing_may_be_shown_is_left_out() -> None:
    out = io.StringIO()

    print_facts([("name", "\x1b[31m\x07"), ("size", "2 MB")], Screen(out, io.StringIO()))

    assert out.getvalue() == "size  2 MB\n"
