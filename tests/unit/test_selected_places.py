"""A selection over messages, up or down, by places alone."""

from desktop.ui.selection import LAST, Place, Selection

ROWS = {10: 0, 20: 1, 30: 2}


def spans(one: Selection, row: int, lengths: list[int]) -> list[tuple[int, int] | None]:
    return [one.in_text(ROWS.get, row, number, length) for number, length in enumerate(lengths)]


def test_messages_between_the_ends_are_selected_whole() -> None:
    for one in (
        Selection(Place(10, 1, 4), Place(30, 0, 6)),
        Selection(Place(30, 0, 6), Place(10, 1, 4)),
    ):
        assert one.rows(ROWS.get) == range(3)
        assert spans(one, 0, [9, 9, 9]) == [None, (4, 9), (0, 9)]
        assert spans(one, 1, [5, 0, 7]) == [(0, 5), None, (0, 7)]
        assert spans(one, 2, [9, 9]) == [(0, 6), None]


def test_within_one_text_only_what_lies_between_is_selected() -> None:
    one = Selection(Place(20, 1, 8), Place(20, 1, 3))

    assert one.rows(ROWS.get) == range(1, 2)
    assert spans(one, 1, [9, 9]) == [None, (3, 8)]
    assert spans(one, 0, [9]) == [None]


def test_ends_beyond_a_text_are_its_end() -> None:
    one = Selection(Place(10, 0, 0), Place(30, LAST, LAST))

    assert spans(one, 2, [3, 4]) == [(0, 3), (0, 4)]
    assert spans(Selection(Place(10, 0, 7), Place(10, 0, 90)), 0, [5]) == [None]


def test_an_empty_selection_and_one_whose_message_is_gone_touch_nothing() -> None:
    assert not Selection(Place(10, 0, 3), Place(10, 0, 3)).rows(ROWS.get)
    gone = Selection(Place(10, 0, 0), Place(99, 0, 3))
    assert not gone.rows(ROWS.get)
    assert spans(gone, 0, [5]) == [None]
