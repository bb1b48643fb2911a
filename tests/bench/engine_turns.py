"""A short further turn of a conversation against one of 64 tokens and more, which come in tiles."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from desktop.services.bench_desk import Desk
from tests.bench.measure import Figure

_HISTORY: Final = 1000
_SHORT, _LONG = 46, 74
_ROUNDS: Final = 9
_LIMIT: Final = 1.0


def measure_turns(desk: Desk) -> Iterator[Figure]:
    """Yield the time to the first token after a short turn ÷ that after a longer one."""
    length = desk.room_for(_HISTORY, 2 * _LONG)
    conversation = replace(desk.texts.question(length, 8), keep_state=False)
    before = desk.ask(conversation)
    rounds = min(_ROUNDS, desk.effort.rounds(desk.seconds(_SHORT + _LONG, 2)))
    ratios = []
    for number in range(rounds):
        # The first of two has the cooler processor, so they take turns at that too.
        order = (_SHORT, _LONG) if number % 2 == 0 else (_LONG, _SHORT)
        turns = {}
        for tokens in order:
            turn = desk.texts.next_turn(conversation, before.text, tokens)
            turns[tokens] = desk.ask(replace(turn, keep_state=False))
        short, long = turns[_SHORT], turns[_LONG]
        ratios.append(short.to_speak / long.to_speak)
        told = ", ".join(
            f"{turn.usage.prompt_tokens - turn.usage.cached_tokens} tokens in "
            f"{1000 * turn.to_speak:.1f} ms"
            for turn in (short, long)
        )
        print(f"    after {short.usage.cached_tokens}: {told}", flush=True)
    yield Figure("turns, short ÷ long", "×", tuple(ratios), _LIMIT)
