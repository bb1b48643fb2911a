"""Leaving cores to other programs, and taking them back."""

from collections.abc import Iterator

from desktop.inference.threads import Reading, ThreadKeeper


def readings(own: float, *others: float) -> Iterator[Reading]:
    """Yield readings half a second apart; `others` cores are taken in each half second."""
    clock = everybody = mine = 0.0
    yield Reading(clock, everybody, mine)
    for taken in others:
        clock += 0.5
        mine += own * 0.5
        everybody += (own + taken) * 0.5
        yield Reading(clock, everybody, mine)


def threads_through(most: int, *others: float) -> list[int]:
    taken = readings(float(most), *others)
    keeper = ThreadKeeper(most, lambda: next(taken))
    return [keeper.look() for _ in others]


def test_a_quiet_machine_gives_all_its_cores() -> None:
    assert threads_through(4, 0.0, 0.1, 0.3) == [4, 4, 4]


def test_a_busy_neighbour_gets_a_core_and_gives_it_back() -> None:
    assert threads_through(2, 0.0, 0.67, 1.0, 1.0, 0.0) == [2, 1, 1, 1, 2]


def test_several_neighbours_get_as_many_cores() -> None:
    assert threads_through(8, 3.0, 3.0, 1.1, 0.0) == [5, 5, 7, 8]


def _answers(pause: float, others: float) -> tuple[ThreadKeeper, int]:
    """Ask for answers of a tenth of a second, such a `pause` between; return how many were looked at.

    `others` cores are taken while they are written, none in between.
    """
    clock = everybody = mine = 0.0
    keeper = ThreadKeeper(2, lambda: Reading(clock, everybody, mine))
    looked = 0
    for _ in range(10):
        keeper.resume()
        clock += 0.1
        mine += 0.2
        everybody += 0.2 + others * 0.1
        if keeper.due(clock):
            keeper.look()
            looked += 1
        keeper.pause()
        clock += pause
    return keeper, looked


def test_short_answers_one_after_another_are_watched_as_a_long_one() -> None:
    keeper, looked = _answers(0.05, others=0.8)
    assert (keeper.threads, looked) == (1, 2)

    keeper, looked = _answers(0.05, others=0.1)
    assert (keeper.threads, looked) == (2, 2)


def test_after_a_long_pause_what_others_did_before_counts_no_more() -> None:
    keeper, looked = _answers(30.0, others=0.8)

    assert (keeper.threads, looked) == (2, 0)


def test_one_thread_is_always_left() -> None:
    assert threads_through(2, 6.0, 9.0) == [1, 1]


def test_a_flickering_neighbour_does_not_make_threads_flicker() -> None:
    assert threads_through(4, 0.6, 0.4, 0.6, 0.4) == [3, 3, 3, 3]


def test_time_that_stood_still_changes_nothing() -> None:
    same = Reading(1.0, 5.0, 2.0)
    keeper = ThreadKeeper(4, lambda: same)

    assert keeper.look() == 4


def test_one_thread_needs_no_watching() -> None:
    assert not ThreadKeeper(1).due(1e9)


def test_the_real_machine_can_be_read() -> None:
    keeper = ThreadKeeper(2)

    assert keeper.due(1e12)
    assert 1 <= keeper.look() <= 2
