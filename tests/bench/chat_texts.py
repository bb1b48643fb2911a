"""Texts as chats have them, made without chance: short and long answers, code, tables, formulas."""

from collections.abc import Iterator
from typing import Final

_WORDS: Final = [
    "a",
    "model",
    "reads",
    "the",
    "words",
    "before",
    "it",
    "and",
    "says",
    "which",
    "one",
    "comes",
    "next",
    "so",
    "the",
    "answer",
    "grows",
    "piece",
    "by",
    "piece",
    "while",
    "memory",
    "holds",
    "what",
    "was",
    "read",
    "and",
    "the",
    "window",
    "shows",
    "it",
    "as",
    "soon",
    "as",
    "it",
    "is",
    "there",
]
_CODE: Final = '''def area(points: list[tuple[float, float]]) -> float:
    """Return the area inside a closed line."""
    total = 0.0
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        total += x0 * y1 - x1 * y0  # twice the signed area
    return abs(total) / 2
'''


def sentence(number: int) -> str:
    """Return a sentence of 8 to 24 words, the same for the same number."""
    length = 8 + number * 7 % 17
    words = [_WORDS[(number * 13 + at * 5 + at * at) % len(_WORDS)] for at in range(length)]
    if number % 4 == 0:
        words[2] = f"**{words[2]}**"
    if number % 6 == 0:
        words[3] = f"`{words[3]}`"
    return " ".join(words).capitalize() + "."


def paragraph(number: int) -> str:
    """Return three to five sentences."""
    return " ".join(sentence(number * 31 + at) for at in range(3 + number % 3))


def question(number: int) -> str:
    """Return what somebody may ask."""
    return sentence(number * 3 + 1).removesuffix(".") + "?"


def answer(number: int) -> str:
    """Return an answer of about a thousand characters; every 500th has 60,000."""
    if number % 500 == 250:
        return "".join(blocks(60_000, number))
    return "".join(blocks(600 + number * 37 % 900, number))


def blocks(size: int, number: int = 0) -> Iterator[str]:
    """Yield blocks of Markdown, one after another, until there are `size` characters."""
    written = 0
    at = number
    while written < size:
        block = _block(at)
        written += len(block)
        at += 1
        yield block


def _block(number: int) -> str:
    match number % 9:
        case 3:
            return "\n".join(f"- {sentence(number + at)}" for at in range(4)) + "\n\n"
        case 5:
            return f"```python\n{_CODE * (1 + number % 3)}```\n\n"
        case 7:
            rows = "\n".join(f"| {at} | {sentence(at)[:40]} | {at * at} |" for at in range(1, 6))
            return f"| number | words | square |\n|---:|---|---:|\n{rows}\n\n"
        case 8:
            formula = r"$$\int_0^1 x^{" + str(number % 7) + r"}\,dx = \frac{1}{n+1}$$"
            return f"It follows that $a^2 + b^2 = c^2$ and\n\n{formula}\n\n"
        case 0:
            return f"## {sentence(number)[:40]}\n\n"
        case _:
            return paragraph(number) + "\n\n"
