"""How many tokens a text has, roughly, where no model is at hand to count them. Any thread."""

import functools
import re
from collections.abc import Sequence
from typing import Final

from desktop.domain.chat import Message
from desktop.domain.history import Attachment

AROUND: Final = 5
"""Tokens that templates write around a message, more or less."""
OF_PICTURE: Final = 1_000
"""Tokens that a picture takes, more or less: models differ by a factor of four."""

_SAMPLE: Final = 20_000
_SIGN: Final = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_HAN: Final = r"[\u3400-\u9fff]"
_KANA_OR_HANGUL: Final = r"[\u3040-\u30ff\uac00-\ud7af]"
# One sign in so many letters makes a text Chinese; one kana in so many makes it another language.
_FEW = 4
_MANY = 20
_LETTERS_PER_TOKEN = 3.8
_SIGNS_PER_TOKEN = 1.4


def estimated_tokens(text: str) -> int:
    """Return about how many tokens `text` has, in two digits: it is known no better.

    Chinese signs count more than Latin letters. Today's vocabularies (32,000 to 256,000 tokens) lie
    within a third of it. Of a long text the beginning stands for the whole.
    """
    if not text:
        return 0
    sample = text[:_SAMPLE]
    signs = _count(_SIGN, sample)
    tokens = signs / _SIGNS_PER_TOKEN + (len(sample) - signs) / _LETTERS_PER_TOKEN
    whole = max(1, round(tokens * len(text) / len(sample)))
    return round(whole, min(0, 2 - len(str(whole))))


def estimated_total(messages: Sequence[Message]) -> int:
    """Return about how many tokens a prompt of `messages` has."""
    return sum(
        AROUND + estimated_tokens(message.content) + OF_PICTURE * len(message.pictures)
        for message in messages
    )


def estimated_attachment(attachment: Attachment) -> int:
    """Return about how many tokens `attachment` takes: what is read of it, or looked at."""
    return OF_PICTURE if attachment.is_picture else estimated_tokens(attachment.text)


def is_chinese(text: str) -> bool:
    """Tell whether `text` is written in Chinese, as far as its signs say."""
    sample = text[:_SAMPLE]
    letters = sum(map(str.isalpha, sample))
    others = _count(_KANA_OR_HANGUL, sample)
    return _count(_HAN, sample) * _FEW > letters and others * _MANY < letters


def _count(pattern: str, text: str) -> int:
    return len(_compiled(pattern).findall(text))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile once and not at the start: ranges this wide take milliseconds."""
    return re.compile(pattern)
