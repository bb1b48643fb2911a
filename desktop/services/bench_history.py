"""A long conversation: what a token costs far in, what the next turn reads, and after a restart.

Main thread. The history is read as seldom as can be: once cold, then it is what the engine kept.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from desktop.domain.chat import ChatRequest
from desktop.domain.engine import LoopTimes, Phase
from desktop.domain.text import Text
from desktop.services.bench_asking import Answered
from desktop.services.bench_desk import Desk, or_skipped
from desktop.services.bench_values import Doing, Item, Result, Side, Skipped, Unit, median_ratio

_EARLY: Final = 100
_ANSWER: Final = 32
_NEXT_TURN: Final = 40
_SHORTEST: Final = 300
_RESTARTS: Final = 2


def measure_history(desk: Desk, *, keeps_states: bool) -> Iterator[Item]:
    """Measure all three; `keeps_states` says whether KV states outlive the engine process.

    Raises LapisError or Stopped.
    """
    affordable = int(desk.texts.reading_speed * desk.effort.reading)
    wanted = min(desk.effort.history, affordable)
    length = desk.room_for(wanted, 2 * _ANSWER + 2 * _NEXT_TURN)
    if length < _SHORTEST:
        yield Skipped("history", _about_turn(length), Text("The context window is too small."))
        return
    notes = _notes(desk, length, affordable)
    yield Doing(Text("Reading a conversation of {count} tokens", {"count": length}))
    _restart(desk)
    request = desk.texts.question(length, _ANSWER, keep=True)
    cold = desk.ask(request)
    about_depth = _about_depth(cold.usage.prompt_tokens)
    yield from or_skipped("depth", about_depth, _depth(desk, request, cold, notes))
    turn = desk.texts.next_turn(request, cold.text, _NEXT_TURN)
    yield Doing(Text("Going on with the conversation"))
    second = desk.ask(turn)
    yield _second_turn(cold, second, notes)
    if keeps_states:
        yield from _restarted(desk, turn, cold, second, notes)
    else:
        yield Skipped(
            "restart",
            _about_restart(length),
            Text("Keeping what was read is switched off in the settings."),
        )


def _notes(desk: Desk, length: int, affordable: int) -> tuple[Text, ...]:
    wanted = desk.effort.history
    if length >= wanted:
        return ()
    if affordable < wanted:
        seconds = round(wanted / desk.texts.reading_speed)
        return (
            Text(
                "{count} tokens instead of {wanted}, which take {seconds} s to read here.",
                {"count": length, "wanted": wanted, "seconds": seconds},
            ),
        )
    return (
        Text(
            "{count} tokens instead of {wanted}: the context window holds no more.",
            {"count": length, "wanted": wanted},
        ),
    )


def _restart(desk: Desk) -> None:
    """End the engine process, which writes what is worth keeping; the next question loads."""
    desk.engine.unload()
    desk.watching.until(lambda state: state.phase is Phase.IDLE)


# Token 4,000 against token 100


def _depth(
    desk: Desk, request: ChatRequest, cold: Answered, notes: tuple[Text, ...]
) -> Iterator[Item]:
    deep_tokens = cold.usage.prompt_tokens
    sentence = _about_depth(deep_tokens)
    early, late = 2 * desk.seconds(_EARLY, _ANSWER), 2 * desk.seconds(0, _ANSWER)
    rounds = desk.effort.rounds(early + late)
    times = _Times([], [], [], [])
    for number in range(1, rounds + 1):
        yield Doing(
            Text(
                "A token late against one early, round {number} of {count}",
                {"number": number, "count": rounds},
            )
        )
        sides = [
            partial(_bare_round, desk, deep_tokens, times, keeps=number < rounds),
            partial(_lapis_round, desk, request, times),
        ]
        # Each side comes first as often: the speed of a computer drifts while so much is computed.
        if number % 2 == 0:
            sides.reverse()
        is_kept = [side() for side in sides]
        if not all(is_kept):
            # The memory of this model cannot be cut: it reads everything again each time.
            break
    if not times.lapis_early or not times.lapis_late:
        yield Skipped("depth", sentence, Text("The model ends every answer at once."))
        return
    lapis = tuple(_over(times.lapis_late, times.lapis_early))
    bare = tuple(_over(times.bare_late, times.bare_early))
    yield Result(
        name="depth",
        sentence=sentence,
        figure=median_ratio(lapis, bare),
        unit=Unit.MILLISECONDS,
        sides=(
            Side("raw_loop_early", _bare_at(_EARLY), tuple(times.bare_early)),
            Side("raw_loop_late", _bare_at(deep_tokens), tuple(times.bare_late)),
            Side("lapis_early", _lapis_at(_EARLY), tuple(times.lapis_early)),
            Side("lapis_late", _lapis_at(deep_tokens), tuple(times.lapis_late)),
        ),
        smaller_is_better=True,
        more=notes,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of a token, one value a round."""

    bare_early: list[float]
    bare_late: list[float]
    lapis_early: list[float]
    lapis_late: list[float]


def _bare_round(desk: Desk, deep_tokens: int, times: _Times, *, keeps: bool) -> bool:
    """Return True: what this kind of memory cannot keep, Lapis finds out as well."""
    times.bare_early.append(_bare_token(desk.raw_loop(_EARLY, _ANSWER - 1)))
    late = desk.raw_loop(deep_tokens, _ANSWER - 1, keeps=keeps)
    times.bare_late.append(_bare_token(late))
    return True


def _lapis_round(desk: Desk, request: ChatRequest, times: _Times) -> bool:
    """Return whether the late answer began with what was read before."""
    times.lapis_early.extend(_lapis_token(desk.ask(desk.texts.question(_EARLY, _ANSWER))))
    again = desk.ask(request)
    times.lapis_late.extend(_lapis_token(again))
    return 2 * again.usage.cached_tokens >= again.usage.prompt_tokens


def _over(late: list[float], early: list[float]) -> Iterator[float]:
    """Yield how many times as long a late token takes, round by round."""
    return (one / other for one, other in zip(late, early, strict=False))


def _about_depth(tokens: int) -> Text:
    return Text(
        "Cost of a token after {count} others, against one after {early}; "
        "1 where it grows as in llama.cpp's bare loop.",
        {"count": tokens, "early": _EARLY},
    )


def _bare_at(token: int) -> Text:
    return Text("llama.cpp's bare loop, token {count}", {"count": token})


def _lapis_at(token: int) -> Text:
    return Text("Lapis, token {count}", {"count": token})


def _lapis_token(answered: Answered) -> list[float]:
    """Return the milliseconds of a token; empty where the model ended the answer at once."""
    return [1000 / answered.writing_speed] if answered.steps else []


def _bare_token(times: LoopTimes) -> float:
    return 1000 * statistics.fmean(times.token_seconds)


# The next turn


def _second_turn(cold: Answered, second: Answered, notes: tuple[Text, ...]) -> Result:
    before = cold.usage.prompt_tokens + cold.usage.completion_tokens
    new = max(1, second.usage.prompt_tokens - before)
    decoded = second.usage.prompt_tokens - second.usage.cached_tokens
    return Result(
        name="second_turn",
        sentence=_about_turn(before),
        figure=decoded / new,
        unit=Unit.TOKENS,
        sides=(
            Side("new", Text("New in this turn"), (float(new),)),
            Side("read", Text("Read by Lapis"), (float(decoded),)),
        ),
        smaller_is_better=True,
        more=notes,
    )


def _about_turn(tokens: int) -> Text:
    return Text(
        "Tokens read for the next turn of a conversation of {count}, against those that are new.",
        {"count": tokens},
    )


# After a restart


def _restarted(
    desk: Desk, turn: ChatRequest, cold: Answered, second: Answered, notes: tuple[Text, ...]
) -> Iterator[Item]:
    warm: list[float] = []
    for number in range(1, _RESTARTS + 1):
        yield Doing(
            Text(
                "Going on after a restart, round {number} of {count}",
                {"number": number, "count": _RESTARTS},
            )
        )
        _restart(desk)
        warm.append(1000 * desk.ask(turn).to_speak)
    from_nothing = (1000 * cold.to_speak,)
    yield Result(
        name="restart",
        sentence=_about_restart(second.usage.prompt_tokens),
        figure=median_ratio(tuple(warm), from_nothing),
        unit=Unit.MILLISECONDS,
        sides=(
            Side("cold", Text("Model loaded, everything read"), from_nothing),
            Side("kept", Text("Model loaded, what was kept is taken up"), tuple(warm)),
        ),
        smaller_is_better=True,
        more=notes,
    )


def _about_restart(tokens: int) -> Text:
    return Text(
        "Time to the first word of a conversation of {count} tokens that goes on after a restart, "
        "against one that is read from its beginning.",
        {"count": tokens},
    )
