"""Where a model would run on this computer and how well: a badge of words, an icon and a tone.

GUI thread.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from desktop.domain.advice import Place
from desktop.domain.model import Fit, FitLevel
from desktop.domain.quantities import gap, sized
from desktop.domain.speed import Speed
from desktop.domain.text import Text
from desktop.ui.icons import IconName
from desktop.ui.quantisation_words import rate, speed_words
from desktop.ui.tokens import Tokens
from desktop.ui.translation import say

__all__ = [
    "Badge",
    "FitTone",
    "badge_of",
    "speed_hint",
    "tone_colour",
]

FitTone: TypeAlias = Literal["good", "warn", "bad"]

# Slower than most people read along.
_SLOW: Final = 8.0


@dataclass(frozen=True, slots=True)
class Badge:
    """`words` for a narrow place, `line` for a line of a card, `told` for a wide one.

    `hint` explains with the figures.
    """

    words: str
    line: str
    told: str
    hint: str
    icon: IconName
    tone: FitTone


def badge_of(fit: Fit, place: Place, speed: Speed | None, missing: int = 0) -> Badge:
    """Return the badge of a model with this verdict; `missing` bytes as in `Placed`."""
    figures = {"needed": sized(fit.needed), "available": sized(fit.available)}
    match fit.level:
        case FitLevel.TOO_LARGE:
            size = gap(fit.needed, fit.needed - missing)
            values = {**figures, "size": sized(max(1, size))}
            words = say(Text("Too big by {size}", values))
            return Badge(
                words,
                line=words,
                told=words,
                hint=say(
                    Text(
                        "It needs {needed}, {size} more than this computer could give it with all "
                        "other programs closed.",
                        values,
                    )
                ),
                icon="block",
                tone="bad",
            )
        case FitLevel.TIGHT:
            values = {**figures, "size": sized(max(1, gap(fit.needed, fit.available)))}
            told = say(Text("Fits once {size} more is free", values))
            return Badge(
                words=say(Text("{size} short now", values)),
                line=told,
                told=told,
                hint=say(
                    Text(
                        "It needs {needed}, and {available} are free now. Close other programs "
                        "first, or shorten the context.",
                        values,
                    )
                ),
                icon="warning",
                tone="warn",
            )
        case FitLevel.FITS:
            return _fitting(place, speed, figures)


def _fitting(place: Place, speed: Speed | None, figures: dict[str, str]) -> Badge:
    slow = speed is not None and speed.likely < _SLOW
    match place:
        case Place.CARD:
            words = say(Text("On the graphics card"))
            told = say(Text("Runs fully on the graphics card"))
            why = Text("It needs {needed}, and {available} are free on the graphics card.", figures)
        case Place.BOTH:
            words = say(Text("Partly on the card"))
            told = say(Text("Runs partly on the graphics card"))
            why = Text(
                "It needs {needed}: the graphics card takes a part of it, the processor computes "
                "the rest, which sets the pace. {available} are free in all.",
                figures,
            )
        case Place.PROCESSOR:
            words = say(Text("On the processor"))
            told = say(Text("Runs on the processor"))
            why = Text("It needs {needed}, and {available} are free.", figures)
    if speed is not None:
        values = {"place": told, "speed": rate(speed.likely)}
        told = (
            say(Text("{place}, {speed} tokens/s", values))
            if speed.is_measured
            else say(Text("{place}, about {speed} tokens/s", values))
        )
    hint = "\n".join(part for part in (say(why), speed_hint(speed)) if part)
    icon: IconName = "half-circle" if place is Place.BOTH else "check-circle"
    line = " · ".join(part for part in (words, speed_words(speed)) if part)
    return Badge(words, line, told, hint, icon, "warn" if slow else "good")


def speed_hint(speed: Speed | None) -> str:
    """Return how surely that is known, with its range; empty where nobody knows."""
    if speed is None:
        return ""
    values = {"likely": rate(speed.likely), "low": rate(speed.low), "high": rate(speed.high)}
    if speed.is_measured:
        return say(Text("Measured here: {likely} tokens/s.", values))
    return say(
        Text(
            "Estimated for this computer: {low} to {high} tokens/s. People read about 5 to 8.",
            values,
        )
    )


def tone_colour(tone: FitTone, tokens: Tokens) -> str:
    """Return the colour of `tone`; the words beside it say the same."""
    match tone:
        case "good":
            return tokens.good
        case "warn":
            return tokens.warn
        case "bad":
            return tokens.bad
