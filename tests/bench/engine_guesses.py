"""Guessing ahead against not guessing: the same words, sooner where they are copied."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.services.bench_desk import Desk
from desktop.services.bench_texts import greedy
from tests.bench.measure import Figure
from tests.bench.shapes import copied_text

_TASK: Final = "Correct the mistakes in this text, and write it again:\n\n"
_COPIED: Final = 300
_BABBLED: Final = 64
_BABBLE: Final = Sampling(temperature=0.8, seed=7, max_tokens=_BABBLED)
# 300 words with a mistake here and there.
_LETTER: Final = (
    "Dear neighbours, last week the the water in our street was switched off for two days, and "
    "nobody had told us about it before. "
)


def measure_guesses(desk: Desk, model: str) -> Iterator[Figure]:
    """Yield decode speed with guesses ÷ without, and whether all answers were the same."""
    match model:
        case "copier-1b":
            request, name, limit = _correcting(copied_text()), "copying", 1.5
        case "guide":
            # Its chat template cuts what is longer than a few sentences, so it continues a text.
            asked = _correcting(_LETTER * 12)
            request = replace(asked, messages=(), prompt=asked.messages[0].content)
            name, limit = "correcting", 1.5
        case _:
            babble = replace(desk.texts.question(32, _BABBLED), sampling=_BABBLE)
            request, name, limit = babble, "nothing copied", 0.97
    ratios: list[float] = []
    texts: set[str] = set()
    rounds = desk.effort.rounds(desk.seconds(0, 2 * (request.sampling.max_tokens or 0)))
    # Both begin with a prompt that is known: a chunk of it read anew rounds its numbers otherwise.
    desk.ask(replace(request, sampling=replace(request.sampling, max_tokens=1)))
    for number in range(rounds):
        # The first of two has the cooler processor, so they take turns at that too.
        order = (False, True) if number % 2 == 0 else (True, False)
        answered = {guesses: desk.ask(replace(request, speculate=guesses)) for guesses in order}
        plain, guessed = answered[False], answered[True]
        texts |= {plain.text, guessed.text}
        ratios.append(guessed.writing_speed / plain.writing_speed)
        usage = guessed.usage
        print(
            f"    {plain.steps} tokens: {plain.writing_speed:.2f} and {guessed.writing_speed:.2f} "
            f"tokens/s, {usage.accepted_tokens} of {usage.drafted_tokens} guesses right",
            flush=True,
        )
    yield Figure(f"guesses, {name}", "×", tuple(ratios), limit, at_least=True)
    yield Figure(f"guesses, {name}: different answers", "", (len(texts) - 1.0,), 0.0)


def _correcting(text: str) -> ChatRequest:
    # A seed, so that no thread is given up meanwhile: they sum up long texts between them.
    sampling = replace(greedy(_COPIED), seed=1)
    return ChatRequest((Message(Role.USER, _TASK + text),), sampling, keep_state=False)
