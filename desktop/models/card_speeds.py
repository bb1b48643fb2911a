"""How fast graphics cards read their memory, by their names: nominal figures that come with Lapis.

From `resources/graphics_cards.json`. A card that is not in there has no figure, rather than a wrong
one. Read once by whoever needs it, in a millisecond; any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from desktop.base.paths import resources
from desktop.domain.model import Device

_GIB: Final = 2**30
_GB: Final = 10**9
# What names are decorated with: makers and brands, and the driver in brackets.
_SILENT: Final = frozenset({"nvidia", "geforce", "quadro", "amd", "radeon", "apple", "gpu"})
_BRACKETS: Final = re.compile(r"\([^()]*\)")
# A card tells a little less than it has.
_LIKE: Final = 0.12


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    bandwidth_gbs: float
    memory_gb: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    share: float
    cards: tuple[_Card, ...]


@dataclass(frozen=True, slots=True)
class _File:
    groups: tuple[_Group, ...]


@dataclass(frozen=True, slots=True)
class CardSpeeds:
    """All cards that are known, by the words of their names.

    Of each variant the GB of memory (0: any), and the bytes/s that it reads while it answers.
    """

    known: Mapping[tuple[str, ...], tuple[tuple[int, float], ...]]

    def of(self, card: Device) -> float | None:
        """Return how many bytes/s `card` reads while it answers; None for one nobody knows.

        A share of what its maker names, as it was measured on cards of that kind.
        """
        variants = self.known.get(_words(card.description), ())
        return next((speed for memory, speed in variants if _has(card, memory)), None)


def load_card_speeds(folder: Path | None = None) -> CardSpeeds:
    """Return the table that lies in `folder`, else the one that comes with Lapis."""
    place = (folder or resources()) / "graphics_cards.json"
    read = msgspec.json.decode(place.read_bytes(), type=_File)
    known: dict[tuple[str, ...], tuple[tuple[int, float], ...]] = {}
    for group in read.groups:
        for card in group.cards:
            name, speed = _words(card.name), card.bandwidth_gbs * _GB * group.share
            known[name] = (*known.get(name, ()), (card.memory_gb, speed))
    return CardSpeeds(known)


def _words(name: str) -> tuple[str, ...]:
    """Return the telling words of a name, in their order."""
    plain = _BRACKETS.sub(" ", name).casefold().split()
    return tuple(word for word in plain if word not in _SILENT)


def _has(card: Device, memory_gb: int) -> bool:
    """Tell whether `card` has the memory of that variant, 0 for any."""
    if not memory_gb:
        return True
    return abs(card.total - memory_gb * _GIB) < _LIKE * memory_gb * _GIB
