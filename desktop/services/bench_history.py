"""A long conversation: what a token costs far in, what the next turn reads, and after a restart.

Main thread. The history is read as seldom as can be: once cold, then it is what the engine kept.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
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
    times = _Times([], [], [], [], [])
    yield from or_skipped("depth", _about_depth(length), _early(desk, times))
    yield Doing(Text("Reading a conversation of {count} tokens", {"count": length}))
    _restart(desk)
    request = desk.texts.question(length, _ANSWER, keep=True)
    cold = desk.ask(request)
    if times.bare_early:
        about_depth = _about_depth(cold.usage.prompt_tokens)
        late = _late(desk, request, cold.usage.prompt_tokens, times, notes)
        yield from or_skipped("depth", about_depth, late)
    # What the cache holds: written once more, an answer may come out in other words.
    last = times.late_answers[-1] if times.late_answers else cold
    turn = desk.texts.next_turn(request, last.text, _NEXT_TURN)
    yield Doing(Text("Going on with the conversation"))
    second = desk.ask(turn)
    yield _second_turn(last, second, notes)
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


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of a token, one value a round; and what was answered late."""

    bare_early: list[float]
    lapis_early: list[float]
    bare_late: list[float]
    lapis_late: list[float]
    late_answers: list[Answered]


def _early(desk: Desk, times: _Times) -> Iterator[Item]:
    """Time tokens early on, before there is a long conversation in the cache.

    Each side comes first as often: the speed of a computer drifts while so much is computed. And
    like the bare loop's, the answers of Lapis are given with nothing else in the cache: threads
    share a text by its place there, and unevenly where a part of that belongs to others.
    """
    rounds = desk.effort.rounds(2 * desk.seconds(_EARLY, _ANSWER))
    for number in range(1, rounds + 1):
        yield Doing(
            Text("A token early, round {number} of {count}", {"number": number, "count": rounds})
        )
        for side in _by_turns(number):
            if side == "bare":
                times.bare_early.append(_bare_token(desk.raw_loop(_EARLY, _ANSWER - 1)))
            else:
                desk.engine.forget_states()
                answered = desk.ask(desk.texts.question(_EARLY, _ANSWER))
                times.lapis_early.extend(_lapis_token(answered))


def _late(
    desk: Desk, request: ChatRequest, tokens: int, times: _Times, notes: tuple[Text, ...]
) -> Iterator[Item]:
    """Time tokens after `request`, which was read, and compare."""
    sentence = _about_depth(tokens)
    rounds = desk.effort.rounds(2 * desk.seconds(0, _ANSWER))
    is_kept = True
    for number in range(1, rounds + 1):
        yield Doing(
            Text("A token late, round {number} of {count}", {"number": number, "count": rounds})
        )
        for side in _by_turns(number):
            if side == "bare":
                late = desk.raw_loop(tokens, _ANSWER - 1, keeps=number < rounds)
                times.bare_late.append(_bare_token(late))
            else:
                again = desk.ask(request)
                times.lapis_late.extend(_lapis_token(again))
                times.late_answers.append(again)
                is_kept = 2 * again.usage.cached_tokens >= again.usage.prompt_tokens
        if not is_kept:
            # The memory of this model cannot be cut: it reads everything again each time.
            break
    if not times.lapis_early or not times.lapis_late:
        yield Skipped("depth", sentence, Text("The model ends every answer at once."))
        return
    early_ratio = median_ratio(tuple(times.lapis_early), tuple(times.bare_early))
    late_ratio = median_ratio(tuple(times.lapis_late), tuple(times.bare_late))
    yield Result(
        name="depth",
        sentence=sentence,
        figure=late_ratio / early_ratio,
        unit=Unit.MILLISECONDS,
        sides=(
            Side("raw_loop_early", _bare_at(_EARLY), tuple(times.bare_early)),
            Side("raw_loop_late", _bare_at(tokens), tuple(times.bare_late)),
            Side("lapis_early", _lapis_at(_EARLY), tuple(times.lapis_early)),
            Side("lapis_late", _lapis_at(tokens), tuple(times.lapis_late)),
        ),
        smaller_is_better=True,
        more=notes,
    )


def _by_turns(number: int) -> tuple[str, str]:
    return ("bare", "lapis") if number % 2 else ("lapis", "bare")


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


def _second_turn(first: Answered, second: Answered, notes: tuple[Text, ...]) -> Result:
    before = first.usage.prompt_tokens + first.usage.completion_tokens
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
