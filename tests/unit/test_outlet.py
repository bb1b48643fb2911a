"""Pieces of an answer merged on their way out."""

import pytest

from desktop.inference import outlet
from desktop.inference.messages import Called, Delta, Report, ToolCall
from desktop.inference.outlet import Outlet


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outlet, "time", clock)
    return clock


def said(text: str) -> Delta:
    return Delta(id=1, text=text, thinking=False)


def thought(text: str) -> Delta:
    return Delta(id=1, text=text, thinking=True)


def fed(merging: Outlet, *reports: Report) -> list[Report]:
    return list(merging.feed(reports))


def test_the_first_piece_passes_at_once_and_quick_ones_after_it_as_one(clock: Clock) -> None:
    merging = Outlet()

    assert fed(merging, said("a")) == [said("a")]
    clock.now += 0.002
    assert fed(merging, said("b")) == []
    clock.now += 0.002
    assert fed(merging, said("c")) == []
    clock.now += 0.010
    assert fed(merging, said("d")) == [said("bcd")]


def test_a_slow_model_sends_each_piece_at_once(clock: Clock) -> None:
    merging = Outlet()
    sent = []
    for text in "abc":
        clock.now += 0.1
        sent += fed(merging, said(text))

    assert sent == [said("a"), said("b"), said("c")]


def test_thinking_and_answer_are_never_merged(clock: Clock) -> None:
    merging = Outlet()
    fed(merging, said("."))

    assert fed(merging, thought("hm"), said("so")) == [thought("hm")]
    assert list(merging.rest()) == [said("so")]


def test_other_reports_keep_their_place(clock: Clock) -> None:
    merging = Outlet()
    fed(merging, said("."))
    call = Called(id=1, call=ToolCall("c", "f", "{}"))

    assert fed(merging, said("before"), call, said("after")) == [said("before"), call]
    assert list(merging.rest()) == [said("after")]
    assert list(merging.rest()) == []
