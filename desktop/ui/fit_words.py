"""How well a model fits this computer, as a word, an icon and a tone. GUI thread."""

from typing import Literal, TypeAlias

from desktop.domain.model import FitLevel
from desktop.domain.text import Text
from desktop.ui.icons import IconName
from desktop.ui.tokens import Tokens
from desktop.ui.translation import say

__all__ = ["FitTone", "fit_colour", "fit_hint", "fit_icon", "fit_tone", "fit_words"]

FitTone: TypeAlias = Literal["good", "warn", "bad"]


def fit_words(level: FitLevel) -> str:
    """Return a word or two, never the colour alone."""
    match level:
        case FitLevel.FITS:
            return say(Text("Fits well"))
        case FitLevel.TIGHT:
            return say(Text("Tight"))
        case FitLevel.TOO_LARGE:
            return say(Text("Too large"))


def fit_hint(level: FitLevel) -> str:
    """Return what the word means."""
    match level:
        case FitLevel.FITS:
            return say(Text("There is enough free memory for it."))
        case FitLevel.TIGHT:
            return say(Text("It fits once other programs give memory back."))
        case FitLevel.TOO_LARGE:
            return say(Text("It needs more memory than this computer has."))


def fit_icon(level: FitLevel) -> IconName:
    """Return the icon that says the same without words."""
    match level:
        case FitLevel.FITS:
            return "check-circle"
        case FitLevel.TIGHT:
            return "warning"
        case FitLevel.TOO_LARGE:
            return "block"


def fit_colour(level: FitLevel, tokens: Tokens) -> str:
    """Return the colour that goes with the word."""
    match level:
        case FitLevel.FITS:
            return tokens.good
        case FitLevel.TIGHT:
            return tokens.warn
        case FitLevel.TOO_LARGE:
            return tokens.bad


def fit_tone(level: FitLevel) -> FitTone:
    """Return the tone of labels and icons that goes with the word."""
    match level:
        case FitLevel.FITS:
            return "good"
        case FitLevel.TIGHT:
            return "warn"
        case FitLevel.TOO_LARGE:
            return "bad"
