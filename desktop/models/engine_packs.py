"""Which packs of the engine are listed, and which of them fits this computer.

The list comes with Lapis, and with it the hash of every byte that a pack may bring. It is empty
where nobody has published any. Any thread; asking NVIDIA's driver may take two seconds.
"""

import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from desktop.base.paths import resources
from desktop.domain.engine_pack import EnginePack, NvidiaDriver
from desktop.models.graphics import Maker, graphics_cards
from desktop.models.nvidia import compute_capabilities, nvidia_cards

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class _File:
    packs: tuple[EnginePack, ...]


@dataclass(frozen=True, slots=True)
class Platform:
    """What decides beside the driver: as in `EnginePack`."""

    system: str
    machine: str
    engine: str


def load_engine_packs(folder: Path | None = None) -> tuple[EnginePack, ...]:
    """Return the packs listed in `folder`, else those that come with Lapis, the best first."""
    place = folder or resources()
    return msgspec.json.decode((place / "engine_packs.json").read_bytes(), type=_File).packs


def platform_of(engine: str) -> Platform:
    """Return this computer's platform, with the version `engine` of llama-cpp-python."""
    machine = platform.machine().lower()
    return Platform(sys.platform, "x86_64" if machine == "amd64" else machine, engine)


def nvidia_driver() -> NvidiaDriver | None:
    """Return what NVIDIA's driver says, None where it is in charge of no card.

    A card that sleeps is not woken: the system knows the version, nobody what it can compute.
    """
    cards = [card for card in graphics_cards() if card.maker is Maker.NVIDIA and card.driver]
    if not cards:
        return None
    known = nvidia_cards()
    if known:
        best = max(compute_capabilities(), key=_parts, default="")
        return NvidiaDriver(known[0].version, best)
    version = next((card.version for card in cards if card.version), "")
    return NvidiaDriver(version, "") if version else None


def made_for(packs: Iterable[EnginePack], here: Platform) -> list[EnginePack]:
    """Return the packs for this platform and engine, whatever the driver is."""
    return [
        pack
        for pack in packs
        if (pack.system, pack.machine, pack.engine) == (here.system, here.machine, here.engine)
    ]


def fits(pack: EnginePack, driver: NvidiaDriver) -> bool:
    """Return whether `driver` and its best card suffice for `pack`."""
    enough = _parts(driver.version) >= _parts(pack.needs.driver)
    able = not driver.compute or _parts(driver.compute) >= _parts(pack.needs.compute)
    return enough and able


def _parts(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
