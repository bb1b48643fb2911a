"""Stop strings in text that is still coming, and thinking apart from the answer."""

import pytest

from desktop.inference.reasoning import ThinkingSplitter
from desktop.inference.textstream import StopFinder


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_stop_string_is_found_however_it_is_cut(size: int) -> None:
    text = "one STOX two STOP three"
    stream = StopFinder(("STOP", "never"))
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert (shown + stream.rest(), stream.found) == ("one STOX two ", True)


def test_text_that_only_looked_like_a_stop_string_is_given_back() -> None:
    stream = StopFinder(("STOP",))
    assert stream.feed("go ST") == "go "
    assert stream.rest() == "ST"


def split(pieces: list[str], *, thinking: bool = False) -> tuple[str, str]:
    splitter = ThinkingSplitter(thinking=thinking)
    out = [part for piece in pieces for part in splitter.feed(piece)] + list(splitter.rest())
    return (
        "".join(text for text, is_thinking in out if is_thinking),
        "".join(text for text, is_thinking in out if not is_thinking),
    )


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_thinking_is_split_off_however_it_is_cut(size: int) -> None:
    text = "\n<think>\nwhy <b> not\n</think>\n\nBecause."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert split(pieces) == ("why <b> not", "Because.")


def test_thinking_opened_by_the_template_needs_no_tag() -> None:
    assert split(["so ", "what</thi", "nk>Yes"], thinking=True) == ("so what", "Yes")


def test_an_answer_without_thinking_passes_unchanged() -> None:
    assert split(["<", "b>bold</b> and <think> in the middle"]) == (
        "",
        "<b>bold</b> and <think> in the middle",
    )


def test_thinking_that_never_ends_stays_thinking() -> None:
    assert split(["<think>on and on"]) == ("on and on", "")
