"""Searching 100,000 messages, English and Chinese: the middle and the worst of many queries.

Words are as frequent as in real texts: a few stand in almost every message, most in a handful.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from desktop.domain.chat import Role
from desktop.store.chats import ChatStore
from desktop.store.indexing import index_missing
from tests.bench.measure import Figure

_MESSAGES = 100_000
_IN_CHAT = 20
_LIMIT_MS = 50.0
_ROUNDS = 3
_WORDS = 30_000
_HAN = tuple(chr(0x4E00 + 5 * number) for number in range(3500))
_SYLLABLES = ("ka", "re", "mon", "ti", "sul", "ber", "no", "vex", "dra", "pil", "tos", "ing")
_COMMON = ("the", "of", "and", "to", "in", "a", "is", "that", "for", "it")
_GO_ON = 200


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes some 300 MB."""
    chance = random.Random(6)
    texts = Texts(chance)
    path = folder / "lapis.db"
    store = ChatStore.open(path)
    try:
        _fill(store, texts)
        start = time.perf_counter()
        index_missing(path, Event())
        indexed = (time.perf_counter() - start) / _MESSAGES * 1000
        queries = list(dict.fromkeys(texts.queries()))
        timed = [(_ask(store, words), words) for _ in range(_ROUNDS) for words in queries]
        worst = max(timed)
        print(f"  {len(queries)} queries; the slowest was {worst[1]!r}")
        return [
            Figure("index a message, beside the window", "ms", (indexed,)),
            Figure(f"search {_MESSAGES:,} messages", "ms", tuple(ms for ms, _ in timed), _LIMIT_MS),
            Figure(f"search {_MESSAGES:,} messages, worst", "ms", (worst[0],), _LIMIT_MS),
            Figure("the file", "MB", (path.stat().st_size / 1e6,)),
        ]
    finally:
        store.close()


class Texts:
    """Makes texts in which words are as frequent as in real ones."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        made = dict.fromkeys(
            "".join(chance.choices(_SYLLABLES, k=2 + number % 3)) for number in range(2 * _WORDS)
        )
        self._words = [*_COMMON, *list(made)[:_WORDS]]
        self._weights = _steps(len(self._words))
        self._signs = chance.sample(_HAN, len(_HAN))
        self._sign_weights = _steps(len(self._signs))

    def english(self) -> str:
        """Return some 60 words."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=60)) + "."

    def chinese(self) -> str:
        """Return some 120 characters with commas between."""
        signs = self._chance.choices(self._signs, cum_weights=self._sign_weights, k=120)
        return "，".join("".join(signs[at : at + 12]) for at in range(0, 120, 12)) + "。"

    def queries(self) -> Iterator[str]:
        """Yield words to search for: frequent and rare, alone and together, begun and whole."""
        yield from ("the", "the of", "the of and to in a", '"of the"', '"the the the"', "t", "th")
        yield from (
            "k",
            "kar",
            "nowhere",
            "the nowhere",
            "THÉ",
            "of k",
            '"the of and"',
            "a b c d e",
        )
        for place in (20, 200, 2000, 10_000):
            word, other = self._words[place], self._words[place + 1]
            yield from (word, word[:3], f"{word} {other}", f'"{word} {other}"', f"the {word}")
        signs = self._signs
        yield from (
            signs[0],
            signs[0] + signs[1],
            signs[1] + signs[0],
            signs[0] * 3,
            "".join(signs[:6]),
        )
        for place in (5, 50, 500, 3000):
            one, two = signs[place], signs[place + 1]
            yield from (one, one + two, f"{one} {two}", signs[0] + one, f"{one} the")
        yield from self._as_written()

    def _as_written(self) -> Iterator[str]:
        for _ in range(_GO_ON):
            text = self.english().split()
            place = self._chance.randrange(50)
            yield " ".join(text[place : place + self._chance.randint(1, 4)])
            line = self.chinese()
            place = self._chance.randrange(100)
            yield line[place : place + self._chance.randint(1, 6)]


def _steps(count: int) -> list[float]:
    """Return cumulated weights by Zipf's law: the second word is half as frequent as the first."""
    total = 0.0
    steps: list[float] = []
    for place in range(1, count + 1):
        total += 1 / place
        steps.append(total)
    return steps


def _fill(store: ChatStore, texts: Texts) -> None:
    for first in range(0, _MESSAGES, 100 * _IN_CHAT):
        with store.transaction():
            for _ in range(first, min(_MESSAGES, first + 100 * _IN_CHAT), _IN_CHAT):
                chat = store.create(texts.english()[:60]).id
                for place in range(_IN_CHAT):
                    text = texts.chinese() if place % 4 > 1 else texts.english()
                    store.add(chat, store.tip(chat), (Role.USER, Role.ASSISTANT)[place % 2], text)


def _ask(store: ChatStore, words: str) -> float:
    """Return how long a search takes, in ms."""
    start = time.perf_counter()
    store.search(words)
    return (time.perf_counter() - start) * 1000
