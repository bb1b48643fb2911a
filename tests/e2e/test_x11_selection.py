"""Text that is selected in other X programs, on a real screen, whatever those programs do."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from desktop.system.front.base import LONGEST_SELECTION, Selection
from desktop.system.front.x11 import X11Front
from tests.e2e.other_programs import OtherPrograms
from tests.harness.leftovers import Marker
from tests.harness.screen import Screen, virtual_screen
from tests.harness.selection_owner import Offer
from tests.harness.waiting import wait_for

# Programs are waited for a moment only: on a busy machine one that answers seems to hang.
pytestmark = pytest.mark.alone

_NOBODY = 0
_ASKED_AGAIN = 20


@pytest.fixture
def programs(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[OtherPrograms]:
    others = OtherPrograms(screen, tmp_path, marker.environment)
    yield others
    others.end()


@pytest.fixture
def front(screen: Screen) -> Iterator[X11Front]:
    one = X11Front(screen.environment["DISPLAY"], _NOBODY)
    yield one
    one.close()


def _bytes(held: Mapping[str, bytes]) -> dict[str, str]:
    return {target: data.decode("latin-1") for target, data in held.items()}


@pytest.mark.parametrize(
    "text", ["plain", "two\nlines\n", "naïve – “quoted”", "选中的文字 😀 한글"]
)
def test_selected_text_is_read_as_it_is(
    front: X11Front, programs: OtherPrograms, text: str
) -> None:
    programs.holder(text)

    assert front.selection().text == text


def test_nothing_selected_is_an_empty_text(front: X11Front, programs: OtherPrograms) -> None:
    programs.end()

    assert wait_for(lambda: front.selection() == Selection(), 5)


def test_a_program_that_only_knows_latin_1_is_read(
    front: X11Front, programs: OtherPrograms
) -> None:
    owner = programs.owner(Offer(held=_bytes({"STRING": "café".encode("latin-1")})))

    assert front.selection().text == "café"
    assert programs.said(owner) == ["ready", "UTF8_STRING", "STRING"]


def test_a_program_that_hands_over_no_text_has_nothing_selected(
    front: X11Front, programs: OtherPrograms
) -> None:
    programs.owner(Offer(held=_bytes({"image/png": b"\x89PNG"})))

    found = front.selection()

    assert (found.text, found.is_cut) == ("", False)


def test_of_a_very_long_text_the_beginning_is_read_in_whole_characters(
    front: X11Front, programs: OtherPrograms
) -> None:
    holder = programs.holder("€" * 1_000_000)

    found = front.selection()

    assert found.is_cut
    assert found.text == "€" * (LONGEST_SELECTION // 3)
    # Whoever still has something to give when nobody takes it may end with an error.
    assert front.selection().text == found.text
    assert holder.poll() is None


def test_a_long_text_that_is_handed_over_in_portions_is_whole(
    front: X11Front, programs: OtherPrograms
) -> None:
    text = "".join(f"line {number} 行\n" for number in range(15_000))
    programs.owner(Offer(held=_bytes({"UTF8_STRING": text.encode()})))

    found = front.selection()

    assert found.text == text[: len(found.text)]
    assert not found.is_cut
    assert len(found.text) == len(text)


def test_a_program_that_hangs_is_not_waited_for_and_lives_on(
    front: X11Front, programs: OtherPrograms
) -> None:
    holder = programs.holder("what it held")

    with programs.hung(holder):
        found = front.selection()
        again = front.selection()

    assert (found.text, again.text) == ("", "")
    # It answers the old questions first, into windows that are still there.
    assert wait_for(lambda: front.selection().text, 5) == "what it held"
    assert holder.poll() is None


def test_a_program_that_ends_while_it_answers_leaves_what_came(
    front: X11Front, programs: OtherPrograms
) -> None:
    data = b"x" * 200_000
    programs.owner(Offer(held=_bytes({"UTF8_STRING": data}), portions=3))

    found = front.selection()

    assert found.is_cut
    assert 0 < len(found.text) < len(data)
    assert set(found.text) == {"x"}


def test_of_the_questions_that_were_never_answered_the_oldest_are_given_up(
    front: X11Front, programs: OtherPrograms
) -> None:
    holder = programs.holder("late")
    with programs.hung(holder):
        for _ in range(_ASKED_AGAIN):
            assert front.selection().text == ""

    # The oldest windows are gone, and xclip is a program that ends over it.
    holder.wait(5)
    assert front.selection() == Selection()


def test_text_of_the_program_in_front_is_told_from_text_left_elsewhere(
    front: X11Front, programs: OtherPrograms, screen: Screen, tmp_path: Path
) -> None:
    programs.holder("left behind")
    printed = tmp_path / "printed"
    words = ["sh", "-c", f"printf selectable; touch {printed}; cat"]
    terminal = programs.terminal("with a word", words)
    wait_for(printed.exists, 10, "the word in the terminal")
    assert front.current() is not None

    assert front.selection().is_elsewhere

    screen.xdotool(
        *("mousemove", "--window", terminal.number, "20", "10"),
        *("click", "--repeat", "2", "--delay", "40", "1"),
    )
    wait_for(lambda: front.selection().text == "selectable", 10, "the word selected")
    assert not front.selection().is_elsewhere


def test_the_clipboard_is_kept_with_everything_that_it_is(
    front: X11Front, programs: OtherPrograms
) -> None:
    picture = bytes(range(256)) * 400
    held = {
        "UTF8_STRING": "文字".encode(),
        "text/plain;charset=utf-8": "文字".encode(),
        "STRING": b"?",
        "text/html": "<b>文字</b>".encode("utf-16"),
        "image/bmp": b"BM",
        "image/png": picture,
        "x-special/gnome-copied-files": b"copy\nfile:///a",
        "SAVE_TARGETS": b"",
    }
    owner = programs.owner(Offer("CLIPBOARD", _bytes(held)))

    assert front.clipboard() == {
        "text/plain": "文字".encode(),
        "text/html": "<b>文字</b>".encode("utf-16"),
        "image/png": picture,
        "x-special/gnome-copied-files": b"copy\nfile:///a",
    }
    assert "image/bmp" not in programs.said(owner)


def test_a_password_is_kept_with_the_mark_that_it_is_one(
    front: X11Front, programs: OtherPrograms
) -> None:
    held = {"UTF8_STRING": b"hunter2", "x-kde-passwordManagerHint": b"secret"}
    programs.owner(Offer("CLIPBOARD", _bytes(held)))

    assert front.clipboard() == {"text/plain": b"hunter2", "x-kde-passwordManagerHint": b"secret"}


def test_a_clipboard_in_latin_1_alone_is_kept_as_utf_8(
    front: X11Front, programs: OtherPrograms
) -> None:
    programs.owner(Offer("CLIPBOARD", _bytes({"STRING": "café".encode("latin-1")})))

    assert front.clipboard() == {"text/plain": "café".encode()}


def test_a_clipboard_whose_program_hangs_is_kept_by_nobody(
    front: X11Front, programs: OtherPrograms
) -> None:
    holder = programs.holder("copied", "clipboard")

    with programs.hung(holder):
        assert front.clipboard() == {}


def test_a_screen_that_is_gone_has_nothing_on_it(tmp_path: Path) -> None:
    with virtual_screen(tmp_path) as screen:
        display = screen.environment["DISPLAY"]
        front = X11Front(display, _NOBODY)
        done = subprocess.run(
            ["xclip", "-selection", "primary"],
            input=b"text",
            env=dict(screen.environment),
            timeout=10,
            check=True,
        )
        assert done.returncode == 0
        assert wait_for(lambda: front.selection().text, 5) == "text"

    assert front.selection() == Selection()
    assert front.current() is None
    assert front.clipboard() == {}
    front.close()
