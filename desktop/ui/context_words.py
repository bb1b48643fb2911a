"""What is said of the context window. GUI thread."""

from enum import Enum, auto

from desktop.domain.context import ContextCount, LargerContext
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.ui.translation import say

__all__ = ["Level", "context_words", "larger_words", "level_of", "short_words"]

_NEAR = 0.8


class Level(Enum):
    """How full the window is; `OVER`: what would be sent does not fit."""

    CALM = auto()
    NEAR = auto()
    OVER = auto()


def level_of(count: ContextCount) -> Level:
    """Return how full the window would be."""
    # The engine needs one more, for the answer's first token.
    if count.free < 1:
        return Level.OVER
    return Level.NEAR if count.total >= _NEAR * count.room else Level.CALM


def short_words(count: ContextCount) -> str:
    """Return both figures in the shortest form: "7,900 / 8,192"."""
    about = "" if count.exact else "≈ "
    return f"{about}{count.total:,} / {count.room:,}"


def context_words(count: ContextCount) -> str:
    """Return how full the window would be, in a sentence."""
    values = {"used": f"{count.total:,}", "room": f"{count.room:,}"}
    match level_of(count):
        case Level.OVER if count.exact:
            return say(Text("Does not fit: {used} of {room} tokens of the context", values))
        case Level.OVER:
            return say(
                Text("Will hardly fit: about {used} of {room} tokens of the context", values)
            )
        case _ if count.exact:
            return say(Text("{used} of {room} tokens of the context", values))
        case _:
            return say(Text("About {used} of {room} tokens of the context", values))


def larger_words(larger: LargerContext) -> str:
    """Return what a larger context is and costs: "8,192 instead of 4,096 tokens · 0.4 GB more"."""
    values = {
        "n_ctx": f"{larger.n_ctx:,}",
        "now": f"{larger.now:,}",
        "extra": sized(larger.extra),
    }
    if larger.extra <= 0:
        return say(Text("{n_ctx} instead of {now} tokens", values))
    return say(Text("{n_ctx} instead of {now} tokens · {extra} more", values))
