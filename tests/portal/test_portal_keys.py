"""A real key, a real compositor, a real portal, and the real program."""

import sqlite3

import pytest

from desktop.base.paths import paths_under
from tests.harness.nested import Desktop
from tests.harness.nested_lapis import NestedLapis
from tests.harness.waiting import wait_for


def _questions(lapis: NestedLapis) -> str:
    path = paths_under(lapis.home).database
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT content FROM messages").fetchall()
    database.close()
    return "\n".join(text for (text,) in rows)


def test_the_key_shows_the_popup_and_what_is_typed_then_is_asked(
    desktop: Desktop, lapis: NestedLapis
) -> None:
    with desktop.portal(), desktop.hands() as hands:
        lapis.start()
        assert lapis.is_blank()

        lapis.press(hands)
        lapis.wait_shown()
        desktop.outer.type("which key was that")
        hands.tap("Return")

        wait_for(lambda: "which key was that" in _questions(lapis), 20, "the question")


def test_the_key_hides_the_popup_that_has_the_keyboard_and_escape_does_too(
    desktop: Desktop, lapis: NestedLapis
) -> None:
    with desktop.portal(), desktop.hands() as hands:
        lapis.start()
        lapis.press(hands)
        lapis.wait_shown()
        lapis.press(hands)
        lapis.wait_hidden()
        lapis.press(hands)
        lapis.wait_shown()
        hands.tap("Escape")
        lapis.wait_hidden()


@pytest.mark.parametrize("locks", [("Num_Lock",), ("Caps_Lock",), ("Num_Lock", "Caps_Lock")])
def test_the_key_works_whatever_is_locked(
    desktop: Desktop, lapis: NestedLapis, locks: tuple[str, ...]
) -> None:
    with desktop.portal(), desktop.hands() as hands:
        lapis.start()
        for lock in locks:
            hands.tap(lock)
        lapis.press(hands)
        lapis.wait_shown()
        for lock in locks:
            hands.tap(lock)


def test_a_key_that_is_held_shows_the_popup_once(desktop: Desktop, lapis: NestedLapis) -> None:
    with desktop.portal(), desktop.hands() as hands:
        lapis.start()
        # The screen outside repeats keys as keyboards do.
        with hands.holding("Control_L", "Alt_L"):
            hands.down("space")
            lapis.wait_shown()
            pictures = [lapis.is_blank() for _ in range(150)]
            hands.up("space")

    assert not any(pictures)


def test_a_portal_that_ends_and_comes_back_gives_the_key_again(
    desktop: Desktop, lapis: NestedLapis
) -> None:
    with desktop.portal():
        lapis.start()
    wait_for(lambda: "key of ask: failed" in lapis.log, 10, "that the portal is gone")
    with desktop.portal(), desktop.hands() as hands:
        lapis.wait_bound(2)
        lapis.press(hands)
        lapis.wait_shown()


def test_after_another_start_the_key_is_the_same(desktop: Desktop, lapis: NestedLapis) -> None:
    with desktop.portal(), desktop.hands() as hands:
        lapis.start().kill()
        lapis.start()
        lapis.press(hands)
        lapis.wait_shown()


def test_a_portal_that_comes_late_is_used(desktop: Desktop, lapis: NestedLapis) -> None:
    starting = lapis.begin()
    wait_for(lambda: "key of ask: unsupported" in lapis.log, 60, "that there is no portal")
    with desktop.portal(), desktop.hands() as hands:
        lapis.wait_bound(1)
        lapis.press(hands)
        lapis.wait_shown()
    assert starting.running
