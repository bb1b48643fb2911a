"""The list of chats in the real program: carried with a real pointer, searched with real keys."""

import sqlite3
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.domain.chat import Role
from desktop.store.chats import ChatStore
from tests.e2e.conftest import StartLapis
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_LEFT = 60
# Counted from the top of the window, in the type size that the program has at first.
_FIRST_ROW = 111
_STEP = 31
_SETTLE = 0.15


@pytest.fixture
def chats(lapis_home: Path) -> dict[str, int]:
    """Keep a few chats and a folder for the program to find: their lines are these, in order."""
    paths = paths_under(lapis_home)
    paths.create()
    store = ChatStore.open(paths.database)
    with store.transaction():
        ids = {title: store.create(title).id for title in ("Bread", "Kyoto", "Lease")}
        store.add(ids["Bread"], None, Role.USER, "How long does dough rest?")
        store.add(ids["Kyoto"], None, Role.USER, "When are the maple leaves red?")
        store.add(ids["Lease"], None, Role.USER, "Who pays for the boiler?")
        ids["Flat"] = store.add_folder("Flat").id
    store.close()
    return ids


@pytest.fixture
def window(start_lapis: StartLapis, screen: Screen, chats: dict[str, int]) -> Window:
    program = start_lapis("--show")
    one = screen.window("Lapis", program.pid)
    one.focus()
    return one


def _row(number: int) -> tuple[int, int]:
    """Return a point on a line of the list."""
    return _LEFT, _FIRST_ROW + number * _STEP


def _open(screen: Screen, window: Window, row: int, title: str) -> None:
    """Click a chat until it is on show: by then the program has time for a hand.

    A click while what was let go is still being put down is nobody's.
    """

    def is_on_show() -> bool:
        screen.xdotool(*_point(window, *_row(row)), "click", "1")
        with suppress(AssertionError):
            screen.window(f"{title} – Lapis", seconds=3)
        return bool(screen.windows(f"{title} – Lapis"))

    wait_for(is_on_show, 30, f"the chat {title}")


def _point(window: Window, x: int, y: int) -> tuple[str, ...]:
    return ("mousemove", "--window", window.number, str(x), str(y))


def _drag(screen: Screen, window: Window, *points: tuple[int, int]) -> None:
    """Carry what lies at the first of `points` over all the others, in steps as a hand does."""
    screen.xdotool(*_point(window, *points[0]), "mousedown", "1")
    for (x, y), (to_x, to_y) in pairwise(points):
        for part in range(1, 9):
            place = (x + (to_x - x) * part // 8, y + (to_y - y) * part // 8)
            screen.xdotool(*_point(window, *place), "sleep", str(_SETTLE))
    screen.xdotool("mouseup", "1")


def _folder_of(home: Path, chat: int) -> int | None:
    with closing(sqlite3.connect(f"file:{paths_under(home).database}?mode=ro", uri=True)) as disk:
        folder: int | None = disk.execute(
            "SELECT folder FROM chats WHERE id = ?", (chat,)
        ).fetchone()[0]
    return folder


def test_a_chat_carried_onto_a_folder_is_in_it_and_carried_out_again_is_not(
    screen: Screen, window: Window, chats: dict[str, int], lapis_home: Path
) -> None:
    # Folders, Flat, No chats in it yet, Today, Lease, Kyoto, Bread.
    _open(screen, window, 4, "Lease")
    _drag(screen, window, _row(5), _row(1))
    wait_for(lambda: _folder_of(lapis_home, chats["Kyoto"]) == chats["Flat"], 10, "Kyoto in Flat")

    # Folders, Flat, Kyoto, Today, Lease, Bread.
    _drag(screen, window, _row(2), _row(4))
    wait_for(lambda: _folder_of(lapis_home, chats["Kyoto"]) is None, 10, "Kyoto outside")


def test_a_chat_let_go_upon_the_talk_stays_where_it_was(
    screen: Screen, window: Window, chats: dict[str, int], lapis_home: Path
) -> None:
    _open(screen, window, 4, "Lease")
    _drag(screen, window, _row(5), (600, 400))
    _open(screen, window, 6, "Bread")
    _drag(screen, window, _row(5), _row(1))

    wait_for(lambda: _folder_of(lapis_home, chats["Kyoto"]) == chats["Flat"], 10, "Kyoto in Flat")


def test_a_word_typed_into_the_search_leads_to_its_chat(screen: Screen, window: Window) -> None:
    screen.key("ctrl+k")
    screen.type("maple")
    screen.key("Return")

    screen.window("Kyoto – Lapis")
