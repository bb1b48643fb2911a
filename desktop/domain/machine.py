"""The computer as values: what a person is shown of its memory, disk, processor and cards."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.text import Text


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Who holds the memory, in bytes; `lapis` counts the window and the engine."""

    total: int
    lapis: int
    free: int

    @property
    def others(self) -> int:
        """What other programs and the system hold."""
        return max(0, self.total - self.lapis - self.free)


@dataclass(frozen=True, slots=True)
class DiskUse:
    """The disk that models are kept on, in bytes; `folder` is where."""

    folder: str
    total: int
    models: int
    free: int

    @property
    def others(self) -> int:
        """What everything else takes."""
        return max(0, self.total - self.models - self.free)


class UnitKind(StrEnum):
    """The processor, or a graphics card of whatever make."""

    PROCESSOR = "processor"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that computes, or could.

    `name` is its maker's. `works` is None while nobody has
    tried. `can` says in a sentence what it does for a model, or why not; `advice` what a person can
    do about that. Memory in bytes, 0 where it has none of its own or the driver does not tell.
    """

    name: str
    kind: UnitKind
    works: bool | None
    can: Text
    advice: Text | None = None
    total: int = 0
    free: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """One look at the computer; `disk` None where it cannot be told. The processor comes first."""

    memory: MemoryUse
    disk: DiskUse | None
    units: tuple[Unit, ...]
