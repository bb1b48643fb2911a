"""How much of a long question is shown at first."""

import pytest

from desktop.ui.folding import beginning


@pytest.mark.parametrize(
    "text",
    ["", "Why?", "\n".join(["line"] * 15), "word " * 200, "字" * 500],
    ids=["empty", "short", "fifteen lines", "a paragraph", "Chinese"],
)
def test_what_is_short_enough_is_shown_whole(text: str) -> None:
    assert beginning(text) is None


def test_of_many_lines_a_dozen_is_shown() -> None:
    text = "\n".join(f"line {at}" for at in range(40))

    assert beginning(text) == "\n".join(f"line {at}" for at in range(12))


def test_a_word_is_never_cut() -> None:
    words = "understanding " * 400
    begun = beginning(words)

    assert begun is not None
    assert set(begun.split()) == {"understanding"}


@pytest.mark.parametrize(("letter", "shown"), [("x", 12 * 80), ("字", 12 * 40)])
def test_a_long_paragraph_is_counted_as_it_will_be_wrapped(letter: str, shown: int) -> None:
    begun = beginning(letter * 5_000)

    assert begun is not None
    assert abs(len(begun) - shown) < 80
