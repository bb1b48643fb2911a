"""What was found of devices, kept in a small file over restarts. Any thread.

It holds no memory of anybody: without it the engine is asked again. Whatever it holds is read with
distrust, for anything can happen to a file in a cache.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.domain.kept_text import kept_text, text_again
from desktop.domain.machine import Cards, UnusedDevice
from desktop.domain.model import Device, DeviceKind

# 1 also held speeds of memory that others disturbed, 2 not which library computes on which card.
_VERSION: Final = 3
_MOST_BYTES: Final = 1 << 20
# More than any memory has, and more than any is read of it in a second.
_ABSURD: Final = 1 << 50
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptDevices:
    """What the file says: the cards found under `fingerprint`, bytes a second under `processor`."""

    fingerprint: str = ""
    cards: Cards | None = None
    processor: str = ""
    bandwidth: float | None = None


def read_devices(path: Path) -> KeptDevices:
    """Return what is kept; empty where there is nothing, or nothing that makes sense."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return KeptDevices()
        said = json.loads(path.read_bytes())
    except FileNotFoundError:
        return KeptDevices()
    except (OSError, ValueError, RecursionError):
        _log.info("what was kept of devices cannot be read")
        return KeptDevices()
    try:
        return _kept(said)
    except (TypeError, ValueError, KeyError, AttributeError):
        _log.info("what was kept of devices makes no sense")
        return KeptDevices()


def write_devices(path: Path, kept: KeptDevices) -> None:
    """Keep it; where the disk refuses, it is asked again next time."""
    said = {
        "version": _VERSION,
        "fingerprint": kept.fingerprint,
        "devices": None if kept.cards is None else [asdict(one) for one in kept.cards.devices],
        "unused": [] if kept.cards is None else [_unused_said(one) for one in kept.cards.unused],
        "processor": kept.processor,
        "bandwidth": kept.bandwidth,
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps(said, ensure_ascii=False, indent=1).encode())
    except OSError as error:
        _log.info("devices are not kept: %s", type(error).__name__)


def _kept(said: Mapping[str, object]) -> KeptDevices:
    if said["version"] != _VERSION:
        return KeptDevices()
    listed = said["devices"]
    cards = None
    if listed is not None:
        devices = tuple(_device(one) for one in _listing(listed))
        unused = tuple(_unused(one) for one in _listing(said["unused"]))
        cards = Cards(devices, unused=unused)
    return KeptDevices(
        _word(said["fingerprint"]),
        cards,
        _word(said["processor"]),
        _rate(said["bandwidth"]),
    )


def _device(said: Mapping[str, object]) -> Device:
    return Device(
        name=_word(said["name"]),
        description=_word(said["description"]),
        backend=_word(said["backend"]),
        kind=DeviceKind(_word(said["kind"])),
        free=_size(said["free"]),
        total=_size(said["total"]),
        library=_word(said["library"]),
        card=_word(said["card"]),
    )


def _unused_said(unused: UnusedDevice) -> dict[str, object]:
    return {
        "name": unused.name,
        "reason": kept_text(unused.reason),
        "advice": None if unused.advice is None else kept_text(unused.advice),
        "driver": unused.driver,
        "memory": unused.memory,
    }


def _unused(said: Mapping[str, object]) -> UnusedDevice:
    advice = said["advice"]
    return UnusedDevice(
        name=_word(said["name"]),
        reason=text_again(said["reason"]),
        advice=None if advice is None else text_again(advice),
        driver=_word(said["driver"]),
        memory=_size(said["memory"]),
    )


def _listing(said: object) -> list[Mapping[str, object]]:
    if not isinstance(said, list):
        raise TypeError
    return [_object(one) for one in said]


def _object(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise TypeError
    return said


def _word(said: object) -> str:
    if not isinstance(said, str):
        raise TypeError
    return said


def _size(said: object) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said < _ABSURD:
        raise ValueError
    return said


def _rate(said: object) -> float | None:
    if said is None:
        return None
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 < said < _ABSURD:
        raise ValueError
    return float(said)
