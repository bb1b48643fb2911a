"""Advice as values: which quantisation of a model suits this computer, and why."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.catalogue import QuantisationFacts
from desktop.domain.model import Device, Fit
from desktop.domain.text import Text


class Place(StrEnum):
    """Where a model would compute: on the processor, on graphics cards, or on both."""

    PROCESSOR = "processor"
    CARD = "card"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Computer:
    """What advice reckons with.

    `total` and `available` memory in bytes, `available` with what a loaded model will give back;
    `devices` as the engine found them, empty where it was not asked. `bandwidth` is what the
    processor really reads from memory while it answers, in bytes/s, 0 where it was never measured.
    """

    total: int
    available: int
    devices: tuple[Device, ...] = ()
    bandwidth: float = 0.0


@dataclass(frozen=True, slots=True)
class MemoryParts:
    """The parts of a memory bar, in bytes.

    `cache` grows with the context and includes a fixed state; `compute` is working memory and the
    engine process itself; `free` what is left of the available memory, 0 where nothing is.
    """

    weights: int
    cache: int
    compute: int
    free: int

    @property
    def needed(self) -> int:
        """All that the model takes."""
        return self.weights + self.cache + self.compute


@dataclass(frozen=True, slots=True)
class QuantisationAdvice:
    """What one quantisation of a model means here.

    `quantisation` is the label as it is written there, maybe empty; `name` that of the
    `QuantisedModel`, or of the catalogue's model. `size` of its files in bytes. `fit` counts the
    memory of `place`: of the cards, of the computer, or of both together. `facts` is None for a
    label that nobody knows. `speed` in tokens/s is an estimate (give or take a third) for a short
    chat on the processor, 0 where it is unknown.
    """

    name: str
    quantisation: str
    size: int
    parts: MemoryParts
    fit: Fit
    place: Place
    facts: QuantisationFacts | None
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelAdvice:
    """What suits this computer, of all quantisations of a model.

    `context` in tokens is what the memory was reckoned for, `longest_context` what the model was
    trained for (0 unknown). `quantisations` smallest first; `recommended` is one of them, or None
    where nothing good fits; `reason` says why in a sentence. `is_estimate`: the memory was guessed
    from the size of the files, and is rather too high than too low.
    """

    context: int
    longest_context: int
    quantisations: tuple[QuantisationAdvice, ...]
    recommended: QuantisationAdvice | None
    reason: Text
    is_estimate: bool = False
