"""`lapis models` in a terminal: the bar, its width, its end, colours, Chinese."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.cells import cell_len

from tests.e2e.models_room import PULL, SLOW, ModelsRoom

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CLEAR = "\r\x1b[K"


def painted(seen: str) -> list[str]:
    """Return what the status line showed, one after another."""
    pieces = seen.split(_CLEAR)[1:]
    return [_ESCAPES.sub("", piece) for piece in pieces if piece and "\n" not in piece]


def left(seen: str) -> list[str]:
    """Return the lines that stay on the screen."""
    lines = [line.rpartition(_CLEAR)[2] for line in seen.replace("\r\n", "\n").split("\n")]
    return [_ESCAPES.sub("", line) for line in lines if line]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_bar_fits_moves_and_goes(models_room: ModelsRoom, width: int) -> None:
    models_room.hub.faults.bytes_per_second = SLOW

    session = models_room.open(width, *PULL)
    assert session.wait() == 0

    bars = [line for line in painted(session.seen) if "B/s" in line]
    assert all(cell_len(line) < width for line in painted(session.seen))
    shares = [int(line.split("%")[0]) for line in bars]
    assert len(set(shares)) > 2
    assert shares == sorted(shares)
    if width >= 80:
        assert all(
            "█" in line and " of 1 MB" in line for line in bars if not line.startswith("  0")
        )
    # The bytes go first, then the bar; how far and how fast it is stays.
    assert left(session.seen)[-1] == "tiny-Q4_K_M is ready: lapis chat -m tiny-Q4_K_M"
    assert not any("B/s" in line for line in left(session.seen))


def test_ctrl_c_in_a_terminal_pauses(models_room: ModelsRoom) -> None:
    models_room.hub.faults.bytes_per_second = SLOW
    session = models_room.open(80, *PULL)
    session.expect("B/s")

    session.type("\x03")

    assert session.wait() == 130
    assert left(session.seen)[-1] == "Paused. The same command goes on from here."
    assert models_room.part.is_file()


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    """Give a server that lets everybody in and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def test_ctrl_c_while_the_source_is_asked_ends_at_once(models_room: ModelsRoom) -> None:
    with silent_server() as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        session = models_room.open(80, *PULL, HF_ENDPOINT=address)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4) == b"GET "
            session.type("\x03")
            assert session.wait(20) == 130
    assert models_room.files() == []


def test_no_color_leaves_no_colours(models_room: ModelsRoom) -> None:
    session = models_room.open(80, "ls", NO_COLOR="1")
    assert session.wait() == 0
    assert _COLOURS.findall(session.seen) == []

    coloured = models_room.open(80, "ls")
    assert coloured.wait() == 0
    assert _COLOURS.findall(coloured.seen) != []


def test_the_catalogue_speaks_chinese_and_stays_aligned(models_room: ModelsRoom) -> None:
    session = models_room.open(80, "search", "gemma", LANG="zh_CN.UTF-8")
    assert session.wait() == 0

    rows = [line for line in left(session.seen) if line.startswith("gemma-")]
    assert len(rows) > 3
    assert all(cell_len(line) <= 80 for line in rows)
    prose = [re.search(r"[\u4e00-\u9fff]", line) for line in rows]
    assert all(prose)
    starts = {
        cell_len(line[: found.start()]) for line, found in zip(rows, prose, strict=True) if found
    }
    assert len(starts) <= 2  # some begin with a year or a name in Latin letters
