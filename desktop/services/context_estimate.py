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
    signs = len(_sign().findall(sample))
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


@functools.cache
def _sign() -> re.Pattern[str]:
    """Compile once and not at the start: ranges this wide take milliseconds."""
    return re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
