"""The computer as values: what a person is shown of its memory, disk, processor and cards."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from desktop.domain.model import Device
from desktop.domain.text import Text

# What makes models faster, as makers of processors write it; the strongest first.
_INSTRUCTIONS: Final = (
    ("amx_int8", "AMX"),
    ("avx512f", "AVX-512"),
    ("avx_vnni", "AVX-VNNI"),
    ("avx2", "AVX2"),
    ("avx", "AVX"),
    ("f16c", "F16C"),
    ("fma", "FMA"),
    ("sme", "SME"),
    ("sve", "SVE"),
    ("i8mm", "I8MM"),
    ("asimddp", "DotProd"),
    ("asimd", "NEON"),
)


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


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor: its name, its abilities that make models faster, and its cores.

    `features` are Linux's names ("avx2", "asimddp"), on every system; empty where nobody tells.
    Cores are physical ones: `performance_cores` all of them where they are alike, and then
    `efficiency_cores` is 0. `threads` counts logical processors. 0 where nobody tells.
    """

    name: str
    features: tuple[str, ...] = ()
    performance_cores: int = 0
    efficiency_cores: int = 0
    threads: int = 0

    @property
    def cores(self) -> int:
        """All physical cores; 0 where nobody tells."""
        return self.performance_cores + self.efficiency_cores

    @property
    def instructions(self) -> str:
        """What makes models faster of its `features`: "AVX2, F16C, FMA"; empty where unknown."""
        known = frozenset(self.features)
        implied = "avx" if "avx2" in known else ""
        named = (name for each, name in _INSTRUCTIONS if each in known and each != implied)
        return ", ".join(named)


class Supply(StrEnum):
    """Where the power comes from."""

    MAINS = "mains"
    BATTERY = "battery"


@dataclass(frozen=True, slots=True)
class Power:
    """The power now; `charge` in percent of the battery, None where there is none."""

    supply: Supply = Supply.MAINS
    charge: int | None = None


@dataclass(frozen=True, slots=True)
class UnusedDevice:
    """A graphics card that is there and does not compute, with the reason and what to do about it.

    `memory` of its own in bytes, 0 where nobody tells; `driver` its name and version, else empty.
    """

    name: str
    reason: Text
    advice: Text | None = None
    driver: str = ""
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Cards:
    """What an engine process found to compute with; `problem` says why it found nothing out.

    `devices` holds the processor too, and memory as it was when they were found; `unused` are cards
    that are there, but not for the engine.
    """

    devices: tuple[Device, ...] = ()
    problem: Text | None = None
    unused: tuple[UnusedDevice, ...] = ()


class UnitKind(StrEnum):
    """The processor, or a graphics card of whatever make."""

    PROCESSOR = "processor"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that computes, or could.

    `name` is its maker's. `works` is None while nobody has tried. `can` says in a sentence what it does for a model, or why not; `advice` what a person can
    do about that. Memory in bytes, 0 where the driver does not tell; `is_shared`: it is that of the
    computer.
    """

    name: str
    kind: UnitKind
    works: bool | None
    can: Text
    advice: Text | None = None
    total: int = 0
    free: int = 0
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be found out: its `name` as in the list of facts, and why.

    Names are "memory", "disk", "processor.name", "processor.cores", "processor.features",
    "power", "devices" and "bandwidth".
    """

    name: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Machine:
    """One look at the computer; `disk` None where it cannot be told.

    `units` is everything that computes, or could, in sentences, the processor first. The rest is
    the same as figures: `usable_cores` is how many threads compute well inside affinity and quota.
    `devices` are all that llama.cpp can use, the processor included, with their memory as of now
    where that can be asked (`Device.is_shared`: it is the computer's own); None while nobody has
    asked the engine. `bandwidth` is what the processor reads from memory, in bytes a second, None
    where it was not measured. `unknown` says what nobody could tell, and why.
    """

    memory: MemoryUse
    disk: DiskUse | None
    units: tuple[Unit, ...]
    processor: Processor = Processor("")
    usable_cores: int = 0
    power: Power | None = None
    devices: tuple[Device, ...] | None = None
    unused: tuple[UnusedDevice, ...] = ()
    bandwidth: float | None = None
    unknown: tuple[Unknown, ...] = ()
