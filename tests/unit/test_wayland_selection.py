"""Selected text under Wayland: from compositors that tell of it, whatever they and programs do."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.system.front.base import LONGEST_SELECTION, FrontWindow, Pasted, Selection
from desktop.system.front.wayland import WaylandFront
from tests.harness.compositor import Offer, compositor, message
from tests.harness.waiting import wait_for

_SEAT = ("wl_seat", 7)
_NEW = ("ext_data_control_manager_v1", 1)
_OLD = ("zwlr_data_control_manager_v1", 2)
_TEXT = {"text/plain;charset=utf-8": "选中 text".encode()}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The path of a socket has to be short.
    return tmp_path_factory.mktemp("w")


def _front(environment: dict[str, str]) -> WaylandFront:
    front = WaylandFront(environment)
    assert front.current() is None
    return front


@pytest.mark.parametrize("offered", [(_SEAT, _NEW), (_OLD, _SEAT), (_SEAT, _OLD, _NEW)])
def test_selected_text_is_read_where_the_compositor_tells_of_it(
    folder: Path, offered: tuple[Offer, ...]
) -> None:
    with compositor(folder, offered, _TEXT) as (_, environment):
        front = _front(environment)

        assert front.can_read
        assert front.selection() == Selection("选中 text")
        assert front.copy_selection() == Selection("选中 text")


def test_the_newer_way_goes_before_the_older_one(folder: Path) -> None:
    with compositor(folder, (_OLD, _NEW, _SEAT), _TEXT) as (one, environment):
        _front(environment).selection()

    assert one.asked == [_NEW[0], _SEAT[0], "text/plain;charset=utf-8"]


@pytest.mark.parametrize(
    "offered",
    [(), (_SEAT,), (_NEW,), (_SEAT, ("zwlr_data_control_manager_v1", 1))],
)
def test_other_compositors_tell_nothing(folder: Path, offered: tuple[Offer, ...]) -> None:
    with compositor(folder, offered, _TEXT) as (_, environment):
        front = _front(environment)

        assert not front.can_read
        assert front.selection() == Selection()


def test_nothing_selected_is_an_empty_text(folder: Path) -> None:
    with compositor(folder, (_SEAT, _NEW)) as (_, environment):
        assert _front(environment).selection() == Selection()


def test_what_is_no_text_is_not_asked_for(folder: Path) -> None:
    with compositor(folder, (_SEAT, _NEW), {"image/png": b"x"}) as (one, environment):
        assert _front(environment).selection() == Selection()

    assert "image/png" not in one.asked


def test_the_best_of_several_ways_to_write_the_text_is_taken(folder: Path) -> None:
    kinds = {"STRING": b"caf\xe9", "text/plain": b"?", "UTF8_STRING": "café".encode()}
    with compositor(folder, (_SEAT, _NEW), kinds) as (_, environment):
        assert _front(environment).selection().text == "café"


def test_text_in_latin_1_is_read_as_such(folder: Path) -> None:
    with compositor(folder, (_SEAT, _NEW), {"STRING": b"caf\xe9"}) as (_, environment):
        assert _front(environment).selection().text == "café"


def test_a_text_of_the_greatest_length_is_whole(folder: Path) -> None:
    exact = {"UTF8_STRING": b"x" * LONGEST_SELECTION}
    with compositor(folder, (_SEAT, _NEW), exact) as (_, environment):
        assert _front(environment).selection() == Selection("x" * LONGEST_SELECTION)


def test_of_a_longer_text_the_beginning_is_read_in_whole_characters(folder: Path) -> None:
    longer = {"UTF8_STRING": "€".encode() * 1_000_000}
    with compositor(folder, (_SEAT, _NEW), longer) as (_, environment):
        found = _front(environment).selection()

    assert found == Selection("€" * (LONGEST_SELECTION // 3), is_cut=True)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_compositor_that_hangs_is_not_waited_for(folder: Path, released: threading.Event) -> None:
    def hang(_client: socket.socket) -> bool:
        assert released.wait(10)
        return False

    with compositor(folder, (_SEAT, _NEW), _TEXT, hang) as (_, environment):
        front = _front(environment)
        assert not front.can_read

        released.set()
        assert wait_for(lambda: front.current() is None and front.can_read, 5)


def test_a_program_that_hangs_is_not_waited_for(folder: Path, released: threading.Event) -> None:
    class Late(dict[str, bytes]):
        """Hands its text over when nobody wants it any more."""

        def __getitem__(self, key: str) -> bytes:
            assert released.wait(10)
            return super().__getitem__(key)

    with compositor(folder, (_SEAT, _NEW), Late(_TEXT)) as (_, environment):
        found = _front(environment).selection()
        released.set()

    assert found == Selection()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\0" * 8,
        struct.pack("=II", 2, 3 << 16),
        message(1, 0, b"an error"),
        message(2, 0, struct.pack("=II", 1, 0xFFFFFFFF)),
        message(2, 0, b""),
        b"\xff" * 64,
    ],
)
def test_a_compositor_that_talks_nonsense_tells_nothing(folder: Path, nonsense: bytes) -> None:
    def talk(client: socket.socket) -> bool:
        client.sendall(nonsense)
        return True

    with compositor(folder, (_SEAT, _NEW), _TEXT, talk) as (_, environment):
        front = _front(environment)

        assert not front.can_read
        assert front.selection() == Selection()


def test_a_compositor_that_goes_away_tells_nothing_any_more(folder: Path) -> None:
    with compositor(folder, (_SEAT, _NEW), _TEXT) as (_, environment):
        front = _front(environment)
        assert front.can_read

    assert front.selection() == Selection()


def test_nothing_is_pasted_and_nobody_gets_the_keyboard(folder: Path) -> None:
    front = WaylandFront({"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": "none"})
    front.current()

    assert not front.can_paste
    assert front.paste(FrontWindow(1)) is Pasted.UNSUPPORTED
    assert not front.give_focus(FrontWindow(1))
    front.close()
