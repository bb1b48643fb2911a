"""Two who want something at the same time: both answers at once, and a short question beside one.

Main thread.
"""

import time
from collections.abc import Iterator
from typing import Final

from desktop.domain.text import Text
from desktop.services.bench_asking import Moment
from desktop.services.bench_desk import Desk
from desktop.services.bench_values import Doing, Item, Result, Side, Skipped, Unit, median_ratio

_PROMPT: Final = 32
_ANSWER: Final = 64
_SHORT: Final = 24
_LONG_ANSWER: Final = 4096
_WELL_UNDER_WAY: Final = 4


def measure_two(desk: Desk) -> Iterator[Item]:
    """Measure two answers at once; raises LapisError or Stopped."""
    sentence = Text(
        "Words a second of two answers written at once, against one answer after the other."
    )
    if desk.loaded.plan.slots < 2:
        yield Skipped("two_at_once", sentence, Text("Only one answer at a time is allowed."))
        return
    alone: list[float] = []
    both: list[float] = []
    rounds = desk.effort.rounds(4 * desk.seconds(_PROMPT, _ANSWER))
    for number in range(1, rounds + 1):
        yield Doing(
            Text(
                "Two answers at once, round {number} of {count}",
                {"number": number, "count": rounds},
            )
        )
        one, other = (desk.ask(desk.texts.question(_PROMPT, _ANSWER)) for _ in range(2))
        tokens = one.usage.completion_tokens + other.usage.completion_tokens
        alone.append(tokens / (one.whole + other.whole))
        started = time.perf_counter()
        pair = [desk.begin(desk.texts.question(_PROMPT, _ANSWER)) for _ in range(2)]
        answers = [asking.answered() for asking in pair]
        ended = max(asking.wait_for(Moment.ENDED) for asking in pair)
        both.append(sum(each.usage.completion_tokens for each in answers) / (ended - started))
    yield Result(
        name="two_at_once",
        sentence=sentence,
        figure=median_ratio(tuple(both), tuple(alone)),
        unit=Unit.SPEED,
        sides=(
            Side("alone", Text("One after the other"), tuple(alone)),
            Side("both", Text("Both at once, together"), tuple(both)),
        ),
    )


def measure_beside(desk: Desk) -> Iterator[Item]:
    """Measure a short question while a long answer is written; raises LapisError or Stopped."""
    sentence = Text(
        "Time to the first word of a short question while another answer is written, "
        "against a quiet engine."
    )
    if desk.loaded.plan.slots < 2:
        yield Skipped("short_beside", sentence, Text("Only one answer at a time is allowed."))
        return
    alone: list[float] = []
    beside: list[float] = []
    rounds = desk.effort.rounds(2 * desk.seconds(_SHORT + _PROMPT, _WELL_UNDER_WAY))
    for number in range(1, rounds + 1):
        yield Doing(
            Text(
                "A short question beside a long answer, round {number} of {count}",
                {"number": number, "count": rounds},
            )
        )
        quiet = desk.ask(desk.texts.question(_SHORT, 1)).to_speak
        long = desk.begin(desk.texts.question(_PROMPT, _LONG_ANSWER))
        long.wait_for_pieces(_WELL_UNDER_WAY)
        busy = desk.ask(desk.texts.question(_SHORT, 1)).to_speak
        long.stop()
        long.wait_for(Moment.ENDED)
        if long.stopped:
            alone.append(1000 * quiet)
            beside.append(1000 * busy)
    if not beside:
        yield Skipped("short_beside", sentence, Text("Its answers end before one could ask."))
        return
    yield Result(
        name="short_beside",
        sentence=sentence,
        figure=median_ratio(tuple(beside), tuple(alone)),
        unit=Unit.MILLISECONDS,
        sides=(
            Side("alone", Text("Alone"), tuple(alone)),
            Side("beside", Text("Beside another answer"), tuple(beside)),
        ),
        smaller_is_better=True,
    )
