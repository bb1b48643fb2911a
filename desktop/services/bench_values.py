"""What `lapis bench` finds out, as values that any front end can show."""

import statistics
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from desktop.domain.model import InstalledModel, LoadedModel
from desktop.domain.text import Text


class Unit(StrEnum):
    """What the values of a side are."""

    SPEED = "tokens/s"
    MILLISECONDS = "ms"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    At least `fewest` and at most `most` rounds of each measure, as many as fit into `seconds`. The
    long conversation has `history` tokens, or what is read in `reading` seconds. An answer is
    stopped `stops` times while the prompt is read, and as often while it is written.
    """

    fewest: int
    most: int
    seconds: float
    history: int
    reading: float
    stops: int

    def rounds(self, seconds: float) -> int:
        """Return how many rounds of about `seconds` each to do."""
        return max(self.fewest, min(self.most, int(self.seconds / max(seconds, 1e-3))))


FULL: Final = Effort(fewest=3, most=7, seconds=300.0, history=4000, reading=150.0, stops=20)
QUICK: Final = Effort(fewest=1, most=3, seconds=20.0, history=1000, reading=30.0, stops=5)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the ways that are compared: `name` for programs, `label` for people."""

    name: str
    label: Text
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured; comes first. `threads` compute.

    `plain`: its chat template cuts long questions, so it is given text to continue.
    """

    model: InstalledModel
    loaded: LoadedModel
    threads: int
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Doing:
    """What is being done now, for whoever waits."""

    what: Text


@dataclass(frozen=True, slots=True)
class Result:
    """A measure. `figure` is a ratio, or milliseconds where `in_ms`.

    `name` stays the same from version to version. `sentence` says what the figure is; `more` what
    should be known about it. `smaller_is_better` is about the figure.
    """

    name: str
    sentence: Text
    figure: float
    unit: Unit
    sides: tuple[Side, ...]
    smaller_is_better: bool = False
    in_ms: bool = False
    more: tuple[Text, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Skipped:
    """A measure that was not made, and why; nothing is made up in its place."""

    name: str
    sentence: Text
    reason: Text


Item: TypeAlias = Subject | Doing | Result | Skipped


def median_ratio(above: tuple[float, ...], below: tuple[float, ...]) -> float:
    """Return the median of the ratios round by round: what drifts, drifts for both.

    Where one side has fewer rounds, the medians are compared instead.
    """
    if len(above) != len(below):
        return statistics.median(above) / statistics.median(below)
    return statistics.median(one / other for one, other in zip(above, below, strict=True))
