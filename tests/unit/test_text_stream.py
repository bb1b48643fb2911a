"""Stop strings in text that is still coming."""

import pytest

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


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_of_stop_strings_that_overlap_the_first_to_be_whole_counts(size: int) -> None:
    text = "one, two; three"
    stream = StopFinder((", two; three", "two", "wo;"))
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert (shown + stream.rest(), stream.found) == ("one, ", True)
