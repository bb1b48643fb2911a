"""Where searched words stand, and the way from one place to the next."""

import pytest

from desktop.ui.find_hits import FoundRows, hits_in, utf16_spans, words_of, words_seen


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("kyoto", "Kyoto, KYOTO and kyoto", [(0, 5), (7, 12), (17, 22)]),
        ("聊天", "一个聊天。聊天很好", [(2, 4), (5, 7)]),
        ("a.b", "a.b axb", [(0, 3)]),
        ("ß", "Straße", [(4, 5)]),
        ("aa", "aaaa", [(0, 2), (2, 4)]),
        ("two words", "Two  words, two words", [(12, 21)]),
    ],
)
def test_words_are_found_in_any_case(words: str, text: str, found: list[tuple[int, int]]) -> None:
    pattern = words_of(words)
    assert pattern is not None
    assert hits_in(text, pattern) == found


def test_spaces_are_not_searched_for() -> None:
    assert words_of("") is None
    assert words_of("  \n") is None


def test_words_apart_are_each_found() -> None:
    pattern = words_of("trip (kyoto trips", apart=True)
    assert pattern is not None
    assert hits_in("Trips to (Kyoto", pattern) == [(0, 5), (9, 15)]


def test_places_are_given_as_qt_counts_them() -> None:
    text = "😀 a 😀 b"
    pattern = words_of("b")
    assert pattern is not None
    (start, end) = hits_in(text, pattern)[0]
    assert utf16_spans(text, [(start, end)]) == [(start + 2, end + 2)]
    assert utf16_spans("plain b", [(6, 7)]) == [(6, 7)]
    assert utf16_spans(text, [(0, 1)]) == [(0, 2)]


def test_marks_that_are_not_seen_do_not_part_words() -> None:
    assert words_seen("## So **bo**ld and `code`") == "So bold and code"
    assert words_seen("a [link](https://hidden.example/word) b") == "a [link b"
    assert words_seen("> quoted ~~gone~~") == "quoted gone"


def test_the_way_goes_round_through_all_places() -> None:
    found = FoundRows()
    found.set(7, 2)
    found.set(2, 1)
    found.set(5, 3)
    found.set(5, 0)

    assert found.total == 3
    assert found.first_from(3) == (7, 0)
    assert found.first_from(8) == (2, 0)
    assert found.after(2, 0, 1) == (7, 0)
    assert found.after(7, 0, 1) == (7, 1)
    assert found.after(7, 1, 1) == (2, 0)
    assert found.after(2, 0, -1) == (7, 1)
    assert found.after(4, -1, 1) == (7, 0)
    assert found.after(4, 0, -1) == (2, 0)
    assert [found.number(2, 0), found.number(7, 0), found.number(7, 1)] == [1, 2, 3]


def test_no_place_leads_nowhere() -> None:
    found = FoundRows()
    assert found.total == 0
    assert found.first_from(0) is None
    assert found.after(0, 0, 1) is None
