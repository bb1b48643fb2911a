"""Reading 512 tokens and writing 128, against what others make of the same llama.cpp.

Main thread. The sides take turns, round after round, so that a computer that gets warm or busy
slows all of them down.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from desktop.domain.chat import ChatRequest
from desktop.domain.text import Text
from desktop.services.bench_bindings import Bindings, NoBindings
from desktop.services.bench_desk import Desk, bindings_side, guessing_side, lapis_side, raw_side
from desktop.services.bench_values import Doing, Item, Result, Side, Skipped, Unit, median_ratio

PROMPT: Final = 512
ANSWER: Final = 128


@dataclass
class _Speeds:
    """Tokens a second of one side, a value a round."""

    reading: list[float] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)


def measure_speed(
    desk: Desk, threads: int, *, bindings: bool = True, guesses: bool = True
) -> Iterator[Item]:
    """Measure both; without `bindings` llama-cpp-python is left out. Raises LapisError, Stopped."""
    raw, high, lapis, guessing = _Speeds(), _Speeds(), _Speeds(), _Speeds()
    missing: Text | None = None
    other: Bindings | None = None
    if bindings:
        yield Doing(Text("Loading the model in llama-cpp-python"))
        try:
            other = Bindings(desk.loaded, threads, desk.cancel, desk.engine.work_folder)
        except NoBindings as reason:
            missing = reason.reason
    prompt = desk.room_for(PROMPT, ANSWER)
    rounds = desk.effort.rounds(
        (3 if other else 2) * desk.seconds(prompt, ANSWER) + desk.seconds(0, ANSWER)
    )
    steps = tokens = 0
    try:
        for number in range(1, rounds + 1):
            yield Doing(
                Text(
                    "Reading and writing, round {number} of {count}",
                    {"number": number, "count": rounds},
                )
            )
            request = desk.texts.question(prompt, ANSWER)
            # A processor may be faster after a rest: each side comes first every other time.
            raw_first = number % 2 == 0
            if raw_first:
                _raw(desk, tokens, steps, raw)
            steps, tokens = _lapis(desk, request, lapis)
            if not raw_first:
                _raw(desk, tokens, steps, raw)
            if other is not None:
                try:
                    timed = other.ask(request)
                    high.reading.append(timed.reading_speed)
                    if timed.steps:
                        high.writing.append(timed.writing_speed)
                except NoBindings as reason:
                    other.close()
                    other, missing = None, reason.reason
            if guesses:
                again = desk.texts.guessing(request)
                guessing.writing.append(desk.ask(again).writing_speed)
    finally:
        if other is not None:
            other.close()
    more = () if missing is None else (missing,)
    yield _reading(prompt, raw, high, lapis, more)
    yield _writing(raw, high, lapis, guessing, more)


def _lapis(desk: Desk, request: ChatRequest, speeds: _Speeds) -> tuple[int, int]:
    # The bare loop begins with an empty cache as well, and what others left there costs a little.
    desk.engine.forget_states()
    answered = desk.ask(request)
    speeds.reading.append(answered.reading_speed)
    if answered.steps:
        speeds.writing.append(answered.writing_speed)
    return answered.steps, answered.usage.prompt_tokens


def _raw(desk: Desk, tokens: int, steps: int, speeds: _Speeds) -> None:
    times = desk.raw_loop(tokens, max(1, steps))
    speeds.reading.append(tokens / times.prompt_seconds)
    if steps:
        speeds.writing.append(steps / sum(times.token_seconds))


def _sides(raw: list[float], high: list[float], lapis: list[float]) -> tuple[Side, ...]:
    middle = (bindings_side(high),) if high else ()
    return (raw_side(raw), *middle, lapis_side(lapis))


def _reading(
    prompt: int, raw: _Speeds, high: _Speeds, lapis: _Speeds, more: tuple[Text, ...]
) -> Result:
    return Result(
        name="prefill",
        sentence=Text(
            "Speed of reading a question of {count} tokens, as a share of llama.cpp's bare loop.",
            {"count": prompt},
        ),
        figure=median_ratio(tuple(lapis.reading), tuple(raw.reading)),
        unit=Unit.SPEED,
        sides=_sides(raw.reading, high.reading, lapis.reading),
        more=more,
    )


def _writing(
    raw: _Speeds, high: _Speeds, lapis: _Speeds, guessing: _Speeds, more: tuple[Text, ...]
) -> Result | Skipped:
    sentence = Text(
        "Speed of writing an answer of {count} tokens, as a share of llama.cpp's bare loop.",
        {"count": ANSWER},
    )
    if not lapis.writing or not raw.writing:
        return Skipped("decode", sentence, Text("The model ends every answer at once."))
    sides = _sides(raw.writing, high.writing, lapis.writing)
    if guessing.writing:
        sides += (guessing_side(guessing.writing),)
    return Result(
        name="decode",
        sentence=sentence,
        figure=median_ratio(tuple(lapis.writing), tuple(raw.writing)),
        unit=Unit.SPEED,
        sides=sides,
        more=more,
    )
