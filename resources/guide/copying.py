"""Texts to be written again, word for word: the one thing the guide learns besides answering.

It is asked for as plain text, without the marks of a chat, so that it never touches an answer: a
task, a text, and that text once more. Texts come from the corpus, sentence by sentence, and from
words drawn at random or made up, which nobody can know by heart.

Only the standard library is used, like in `corpus.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

TASKS = (
    "Correct the mistakes in this text, and write it again:\n\n",
    "Correct the mistakes in this text:\n\n",
    "Write this text again without its mistakes:\n\n",
    "Write this text again:\n\n",
    "改正下面这段文字里的错误，重新写一遍：\n\n",
    "把下面这段文字再写一遍：\n\n",
)
# Between the text and the text once more.
BREAKS = (" ", "\n\n", "\n")
# Words; the first texts are short: from them a network learns to look back for what it copies.
SHORTEST = 6
LONGEST_FIRST = 20
LONGEST = 320
REPEATED_SHARE = 0.25
DRAWN_SHARE = 0.7
MADE_UP_SHARE = 0.35
CAPITAL_SHARE = 0.2
SYLLABLES = (
    *("a", "e", "i", "o", "u", "an", "el", "ing", "or", "ea", "ou", "s", "th", "b", "c", "d", "f"),
    *("g", "h", "j", "k", "l", "m", "n", "p", "q", "r", "t", "v", "w", "x", "y", "z", "st", "er"),
)


@dataclass(frozen=True)
class Copy:
    """What stands before, and what is to be written then."""

    asked: str
    written: str


class Copybook:
    """Draws texts of up to `longest` words from sentences of both languages."""

    def __init__(self, sentences: Sequence[str], rng: random.Random) -> None:
        self.rng, self.longest = rng, LONGEST_FIRST
        self.sentences = [words for text in sentences if (words := split(text))]
        self.words = sorted({word for words in self.sentences for word in words})

    def draw(self) -> Copy:
        """Draw a task."""
        rng = self.rng
        length = round(SHORTEST * (self.longest / SHORTEST) ** rng.random())
        text = "".join(self.text(length)).strip()
        return Copy(rng.choice(TASKS) + text + rng.choice(BREAKS), text)

    def text(self, length: int) -> list[str]:
        """Draw a text of so many words; now and then one that says a thing several times."""
        rng = self.rng
        repeated = rng.random() < REPEATED_SHARE
        wanted = max(SHORTEST, length // rng.randint(2, 12)) if repeated else length
        words: list[str] = []
        while len(words) < wanted:
            words += self.sentence()
        if repeated:
            words *= max(1, length // len(words))
        return words[:length]

    def sentence(self) -> list[str]:
        """Draw a sentence of the corpus, or words that mean nothing."""
        rng = self.rng
        if rng.random() < DRAWN_SHARE:
            words = [self.word() for _ in range(rng.randint(4, 20))]
            words[-1] = words[-1].rstrip() + rng.choice((". ", ", ", "? "))
            return words
        return rng.choice(self.sentences)

    def word(self) -> str:
        """Draw a word of the corpus, or make one up."""
        rng = self.rng
        made_up = rng.random() < MADE_UP_SHARE
        word = (
            "".join(rng.choices(SYLLABLES, k=rng.randint(2, 5))) + " "
            if made_up
            else rng.choice(self.words)
        )
        return word.capitalize() if rng.random() < CAPITAL_SHARE else word


def split(text: str) -> list[str]:
    """Return the words of a text with the space after each; each Chinese character is a word."""
    words = re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+", text.strip())
    if words and not re.search(r"[\u3400-\u9fff。？！]$", words[-1]):
        words[-1] += " "
    return words
