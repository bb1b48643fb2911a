"""How soon a stop stops, and how soon the engine can be asked again. Main thread."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from desktop.domain.chat import ChatRequest
from desktop.domain.text import Text
from desktop.services.bench_asking import Moment
from desktop.services.bench_desk import Desk
from desktop.services.bench_values import Doing, Item, Result, Side, Skipped, Unit
from desktop.services.engine import Stopped

_PROMPT: Final = 512
_SHORT: Final = 24
_LONG_ANSWER: Final = 512
_SPREAD_TOKENS: Final = 32
# Most stops come early, where they are cheap to measure; the last ones within later chunks.
_LONGEST_WAIT: Final = 4.0
_SHARE: Final = 0.9
_TRIES: Final = 4


@dataclass
class Stops:
    """Milliseconds from stops to their ends, and until the next request was taken up."""

    ended: list[float] = field(default_factory=list)
    free: list[float] = field(default_factory=list)

    def add(self, more: "Stops") -> None:
        """Take in some more."""
        self.ended += more.ended
        self.free += more.free


def measure_stop(desk: Desk) -> Iterator[Item]:
    """Stop answers, some while the prompt is read, some while they are written.

    Raises LapisError or Stopped.
    """
    prompt = desk.room_for(_PROMPT, _SPREAD_TOKENS)
    answer = min(_LONG_ANSWER, desk.loaded.n_ctx // 2)
    reading = min(_LONGEST_WAIT, _SHARE * desk.seconds(prompt, 0))
    writing = min(_LONGEST_WAIT, _SHARE * desk.seconds(0, _SPREAD_TOKENS))
    in_prompt, in_answer = Stops(), Stops()
    times = desk.effort.stops
    question = desk.texts.question
    sentence = Text(
        "Longest time from a stop to its end, of {count} while a question was read and {count} "
        "while an answer was written.",
        {"count": times},
    )
    for number in range(times):
        share = ((number + 0.5) / times) ** 3
        yield Doing(Text("Stopping, {number} of {count}", {"number": number + 1, "count": times}))
        in_prompt.add(_stop(desk, partial(question, prompt, 1), Moment.TAKEN_UP, share * reading))
        in_answer.add(_stop(desk, partial(question, _SHORT, answer), Moment.READ, share * writing))
    if not in_prompt.ended or not in_answer.ended:
        yield Skipped("stop", sentence, Text("Its answers end before one could stop them."))
        return
    missed = 2 * times - len(in_prompt.ended) - len(in_answer.ended)
    free = max(in_prompt.free + in_answer.free)
    more = [
        Text(
            "After {time} ms at the latest the engine had taken up the next question.",
            {"time": f"{free:.0f}"},
        )
    ]
    if missed:
        more.append(
            Text("{count} answers ended by themselves before and do not count.", {"count": missed})
        )
    yield Result(
        name="stop",
        sentence=sentence,
        figure=max(in_prompt.ended + in_answer.ended),
        unit=Unit.MILLISECONDS,
        sides=(
            Side("prompt", Text("While reading"), tuple(in_prompt.ended)),
            Side("answer", Text("While writing"), tuple(in_answer.ended)),
            Side("prompt_free", Text("While reading, until free"), tuple(in_prompt.free)),
            Side("answer_free", Text("While writing, until free"), tuple(in_answer.free)),
        ),
        smaller_is_better=True,
        in_ms=True,
        more=tuple(more),
    )


def _stop(desk: Desk, make: Callable[[], ChatRequest], moment: Moment, seconds: float) -> Stops:
    """Stop a request so long after `moment`; sooner, where the first ones end by themselves."""
    stops = Stops()
    for tries in range(_TRIES):
        if stopped(desk, make(), moment, seconds / 2**tries, stops):
            break
    return stops


def stopped(desk: Desk, request: ChatRequest, moment: Moment, seconds: float, stops: Stops) -> bool:
    """Stop `request` and ask for the next one in the same breath; return whether it was stopped."""
    asking = desk.begin(request)
    asking.wait_for(moment)
    if desk.cancel.wait(seconds):
        asking.stop()
        raise Stopped
    asked = asking.stop()
    following = desk.begin(desk.texts.question(_SHORT, 1))
    ended = asking.wait_for(Moment.ENDED)
    free = following.wait_for(Moment.TAKEN_UP)
    following.stop()
    following.wait_for(Moment.ENDED)
    if asking.stopped:
        stops.ended.append(1000 * (ended - asked))
        stops.free.append(1000 * (free - asked))
    return asking.stopped
