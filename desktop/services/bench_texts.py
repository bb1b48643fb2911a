"""Questions of a wanted length for a benchmark, each beginning differently, so that none is known.

Main thread. How many tokens a word takes is asked of the model itself, with two short questions.
"""

import itertools
import random
import threading
from dataclasses import replace
from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.services.bench_asking import Answered, ask
from desktop.services.engine import Engine

# All equally long, so that a text's length in tokens can be foreseen.
_WORDS: Final = (
    *("window", "garden", "silver", "bridge", "winter", "market", "summer", "island"),
    *("forest", "engine", "bottle", "yellow", "copper", "circle", "travel", "number"),
    *("doctor", "season", "corner", "family", "minute", "street", "ticket", "butter"),
    *("candle", "pocket", "ladder", "mirror", "letter", "stream", "basket", "button"),
    *("castle", "cotton", "flower", "golden", "hammer", "jacket", "kettle", "saddle"),
)
_TASK: Final = "Tell a story:"
_FEW, _MANY = 24, 160
_FIRST_WORDS: Final = 16
_FEWEST: Final = 3
_FIRST_ANSWER: Final = 16
_LEAST_PER_WORD: Final = 0.5


def greedy(max_tokens: int) -> Sampling:
    """Return how benchmarks sample: the likeliest token, always."""
    return Sampling(temperature=0.0, max_tokens=max_tokens)


class Texts:
    """Makes questions for one loaded model, and knows roughly how fast it is (tokens a second).

    A model whose chat template cuts long questions gets them as `plain` text to continue.
    """

    def __init__(self, engine: Engine, n_ctx: int, cancel: threading.Event) -> None:
        """Ask the model a few questions; raises LapisError or Stopped."""
        self._numbers = itertools.count()
        self._n_ctx = n_ctx
        self.plain = False
        many = self._get_to_know(engine, cancel)
        if self._per_word < _LEAST_PER_WORD:
            self.plain = True
            many = self._get_to_know(engine, cancel)
        self.reading_speed = many.reading_speed
        self.writing_speed = many.writing_speed or many.reading_speed

    def question(self, tokens: int, max_tokens: int, *, keep: bool = False) -> ChatRequest:
        """Return a new question whose prompt takes about `tokens`, to be answered greedily."""
        words = max(_FEWEST, round((tokens - self._head) / self._per_word))
        return self._question(words, max_tokens, keep=keep)

    def next_turn(self, request: ChatRequest, answer: str, tokens: int) -> ChatRequest:
        """Return what follows `request` and its answer: a question of about `tokens`, one word."""
        following = self.question(tokens, 1, keep=True)
        if request.prompt is not None:
            return replace(following, prompt=f"{request.prompt}{answer}\n{following.prompt}")
        said = Message(Role.ASSISTANT, answer)
        return replace(following, messages=(*request.messages, said, *following.messages))

    @staticmethod
    def guessing(request: ChatRequest) -> ChatRequest:
        """Return `request` with guesses allowed."""
        return replace(request, speculate=True)

    def _question(self, words: int, max_tokens: int, *, keep: bool = False) -> ChatRequest:
        number = next(self._numbers)
        chance = random.Random(number)  # noqa: S311 - the same words in every run are wanted
        # The first words spell the number, so that no two questions share their beginning.
        first = (
            _WORDS[number % _FIRST_WORDS],
            _WORDS[number // _FIRST_WORDS % _FIRST_WORDS],
            _WORDS[number // _FIRST_WORDS**2 % _FIRST_WORDS],
        )
        text = " ".join([*first, *chance.choices(_WORDS, k=max(0, words - len(first)))])
        whole = f"{text}\n{_TASK}"
        return ChatRequest(
            () if self.plain else (Message(Role.USER, whole),),
            greedy(max_tokens),
            prompt=whole if self.plain else None,
            keep_state=keep,
            speculate=False,
        )

    def _get_to_know(self, engine: Engine, cancel: threading.Event) -> Answered:
        few = ask(engine, self._question(_FEW, 1), cancel)
        fitting = int(self._n_ctx / 2 / few.usage.prompt_tokens * _FEW)
        words = max(_FEW + 1, min(_MANY, fitting))
        many = ask(engine, self._question(words, _FIRST_ANSWER), cancel)
        taken = many.usage.prompt_tokens - few.usage.prompt_tokens
        self._per_word = max(taken / (words - _FEW), 0.1)
        self._head = many.usage.prompt_tokens - words * self._per_word
        return many
