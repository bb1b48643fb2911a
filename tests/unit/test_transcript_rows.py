"""Where messages of a long chat lie: sums, places, guesses."""

import random

import pytest

from desktop.domain.chat import Role
from desktop.domain.history import MessageRef
from desktop.ui.transcript_rows import TranscriptRows


def refs(count: int, first: int = 1) -> list[MessageRef]:
    roles = (Role.USER, Role.ASSISTANT)
    return [MessageRef(first + at, roles[at % 2]) for at in range(count)]


def test_no_rows_take_no_place() -> None:
    rows = TranscriptRows()

    assert (len(rows), rows.total, rows.row_at(50), rows.row_of(1)) == (0, 0, 0, None)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 100, 1000])
def test_places_are_sums_of_heights_however_they_came_to_be(count: int) -> None:
    chance = random.Random(count)
    rows = TranscriptRows(refs(count // 2))
    for one in refs(count)[count // 2 :]:
        rows.append(one)
    for _ in range(2 * count):
        rows.measure(chance.randrange(count), chance.randrange(0, 500))
    rows.append(refs(1, 5000)[0])
    rows.remove_last()

    heights = [rows.height(row) for row in range(count)]
    assert [rows.top(row) for row in range(count + 1)] == [
        sum(heights[:row]) for row in range(count + 1)
    ]
    assert rows.total == sum(heights)
    for y in {0, 1, *(chance.randrange(max(1, rows.total)) for _ in range(200))}:
        row = rows.row_at(y)
        assert rows.top(row) <= y < rows.top(row) + rows.height(row)


def test_a_place_beyond_the_ends_belongs_to_the_row_there() -> None:
    rows = TranscriptRows(refs(3))

    assert rows.row_at(-10) == 0
    assert rows.row_at(10**9) == 2


def test_rows_are_found_by_message() -> None:
    rows = TranscriptRows(refs(4, first=10))
    rows.remove_last()
    rows.append(MessageRef(99, Role.ASSISTANT, 2, 2))
    rows.replace(MessageRef(10, Role.USER, 1, 3))

    assert [rows.row_of(one) for one in (10, 12, 13, 99)] == [0, 2, None, 3]
    assert rows.refs[0].siblings == 3


def test_what_was_never_built_is_guessed_by_what_was() -> None:
    rows = TranscriptRows(refs(6))
    rows.measure(0, 50)
    rows.measure(2, 70)
    rows.measure(1, 900)

    rows.guess_again()

    assert [rows.height(row) for row in range(6)] == [50, 900, 70, 900, 60, 900]
    assert rows.total == 50 + 900 + 70 + 900 + 60 + 900
    assert [rows.is_known(row) for row in range(6)] == [True, True, True, False, False, False]


def test_another_width_makes_guesses_of_what_was_measured() -> None:
    rows = TranscriptRows(refs(3))
    rows.measure(1, 333)

    rows.forget()
    rows.guess_again()

    assert not rows.is_known(1)
    assert rows.height(1) == 333
    assert not rows.measure(1, 333)
    assert rows.is_known(1)
    assert rows.measure(1, 300)


def test_another_branch_keeps_the_heights_of_what_both_have() -> None:
    rows = TranscriptRows(refs(4))
    rows.measure(0, 44)
    rows.measure(3, 55)

    rows.reset([*refs(2), MessageRef(77, Role.USER)])

    assert rows.is_known(0)
    assert rows.height(0) == 44
    assert not rows.is_known(2)
    assert rows.row_of(4) is None
    assert rows.total == sum(rows.height(row) for row in range(3))
