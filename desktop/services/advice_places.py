"""Where a model would compute on this computer, and whether its memory suffices there.

The same rules as when it is loaded: what leaves a card a gigabyte goes there whole, else as much of
it as has room. Pure arithmetic; any thread.
"""

from dataclasses import dataclass
from typing import Final

from desktop.domain.advice import Computer, MemoryParts, Place
from desktop.domain.model import Device, DeviceKind, Fit, FitLevel
from desktop.models.fit import SYSTEM, level_of
from desktop.models.hardware import Memory

# Bytes of a card that are not ours: the desktop draws with it as well.
_LEFT_FREE: Final = 1 << 30
# Apple's cards compute in the memory of the computer.
_SHARED: Final = "MTL"
# A card that holds less of a model than this share of it is left out.
_LEAST_SHARE: Final = 1 / 32
_RESERVE: Final = 2 * 10**9
_RESERVE_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Placed:
    """A verdict: whether it fits, where it computes, what is free there, and what to leave free."""

    fit: Fit
    place: Place
    reserve: int

    @property
    def has_room(self) -> bool:
        """Whether other programs keep room to grow."""
        return self.fit.level is FitLevel.FITS and self.spare >= 0

    @property
    def spare(self) -> int:
        """Bytes that stay free beside the reserve; negative where it is touched."""
        return self.fit.available - self.fit.needed - self.reserve


def reserve(total: int) -> int:
    """Return the bytes of memory that other programs should keep."""
    return max(_RESERVE, round(_RESERVE_SHARE * total))


def usable(computer: Computer) -> int:
    """Return the bytes a model may take while nothing else needs much."""
    return max(computer.total - reserve(computer.total), _on_cards(computer, 0))


def placed(computer: Computer, parts: MemoryParts, *, cards: bool) -> Placed:
    """Return the verdict on a model with such parts; `cards` allows graphics cards."""
    needed = parts.needed
    memory = Memory(computer.total, computer.available)
    level = level_of(needed, memory)
    kept = parts.weights + parts.cache
    room = _on_cards(computer, parts.compute) if cards else 0
    # What the computer's own memory could never hold is refused when it is loaded, card or not.
    if level is FitLevel.TOO_LARGE or room < kept * _LEAST_SHARE:
        fit = Fit(level, needed, computer.available, computer.total)
        return Placed(fit, Place.PROCESSOR, reserve(computer.total))
    cards_total = sum(card.total for card in _cards(computer))
    if room >= kept:
        fit = Fit(FitLevel.FITS, needed, _on_cards(computer, 0), cards_total)
        return Placed(fit, Place.CARD, 0)
    available = computer.available + min(room, kept)
    level = FitLevel.FITS if needed <= available else level
    fit = Fit(level, needed, available, computer.total + cards_total)
    return Placed(fit, Place.BOTH, reserve(computer.total))


def most_memory(computer: Computer) -> int:
    """Return the bytes a model may take at the very most, all other programs closed."""
    return max(0, computer.total - SYSTEM)


def _cards(computer: Computer) -> list[Device]:
    return [
        device
        for device in computer.devices
        if device.kind is DeviceKind.GPU and device.total and device.backend != _SHARED
    ]


def _on_cards(computer: Computer, working: int) -> int:
    """Return the bytes free on all cards, once each has its `working` memory."""
    return sum(max(0, card.free - _LEFT_FREE - working) for card in _cards(computer))
