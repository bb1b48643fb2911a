"""What this computer has for models right now: memory, disk, processor and cards.

Plain functions for any thread but the GUI's: small files are read, and on a Mac a program is asked.
`find_cards` alone starts an engine process, which may take a driver's time to begin.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.backends.libraries import built_backends
from desktop.backends.trial import TrialFailed, find_devices
from desktop.base.disks import room_of
from desktop.domain.health import Finding
from desktop.domain.machine import DiskUse, Machine, MemoryUse, Unit, UnitKind
from desktop.domain.model import Device, DeviceKind
from desktop.domain.quantities import sized
from desktop.domain.text import Text, Value, verbatim
from desktop.models.graphics import graphics_cards, vulkan_drivers, vulkan_loader
from desktop.models.hardware import Processor, memory, processor, usable_cores
from desktop.services.doctor_cards import Surroundings, unused_cards
from desktop.system.process_memory import memory_of

_BESIDE: Final = 1_500_000_000
"""Bytes that a chat and the engine take beside the weights of a model; a rule of thumb."""
_X86: Final = frozenset({"avx", "avx2", "sse4_2", "fma"})


@dataclass(frozen=True, slots=True)
class Cards:
    """What an engine process found to compute with; `problem` says why it found nothing out."""

    devices: tuple[Device, ...] = ()
    problem: Text | None = None


def find_cards(work_folder: Path) -> Cards:
    """Ask an engine process, with `work_folder` as its own, what it can compute with; seconds."""
    try:
        return Cards(find_devices(work_folder))
    except TrialFailed as failure:
        return Cards(problem=failure.reason)


def look(folder: Path, models: int, engine: int, cards: Cards | None) -> Machine:
    """Return the computer as it is now.

    `models` are the bytes that models take in `folder`, `engine` those that the engine process
    holds. Without `cards` nobody has asked an engine yet, and only what is there is told.
    """
    now = memory()
    own = (memory_of(os.getpid()) or 0) + engine
    use = MemoryUse(now.total, min(own, now.total - now.available), now.available)
    units = (processor_unit(processor(), usable_cores(), now.available + engine), *_cards(cards))
    return Machine(use, disk_use(folder, models), units)


def disk_use(folder: Path, models: int) -> DiskUse | None:
    """Return how full the disk of `folder` is, which need not exist yet; None if nobody can tell."""
    try:
        room = room_of(folder)
    except OSError:
        return None
    return DiskUse(str(folder), room.total, min(models, room.used), room.free)


def processor_unit(found: Processor, cores: int, available: int) -> Unit:
    """Return what the processor does for models, with `available` bytes for them."""
    values: dict[str, Value] = {"cores": cores, "size": sized(max(0, available - _BESIDE))}
    can = Text("Lapis uses {cores} cores. Models up to about {size} fit into memory now.", values)
    advice = None
    if _X86 & set(found.features) and "avx2" not in found.features:
        advice = Text("It has no AVX2, so models answer slowly here. Choose small ones.")
    return Unit(found.name, UnitKind.PROCESSOR, works=True, can=can, advice=advice)


def card_unit(device: Device) -> Unit:
    """Return what a card that the engine can use does for models."""
    backend = "Metal" if device.backend == "MTL" else device.backend
    values: dict[str, Value] = {"backend": backend, "size": sized(max(0, device.free - _BESIDE))}
    if device.kind is DeviceKind.INTEGRATED_GPU:
        can = Text("Computes with {backend}, in the memory of the computer.", values)
    elif device.free <= _BESIDE:
        can = Text("Computes with {backend}. Too little of its memory is free for a model.", values)
    else:
        can = Text(
            "Computes with {backend}. Models up to about {size} fit on it whole; of larger ones it "
            "takes a part.",
            values,
        )
    integrated = device.kind is DeviceKind.INTEGRATED_GPU
    return Unit(
        device.description or device.name,
        UnitKind.CARD,
        works=True,
        can=can,
        total=0 if integrated else device.total,
        free=0 if integrated else device.free,
    )


def unused_unit(finding: Finding) -> Unit:
    """Return a card that the engine cannot use, with the reason."""
    return Unit(
        str(finding.label), UnitKind.CARD, works=False, can=finding.detail, advice=finding.advice
    )


def _cards(cards: Cards | None) -> Iterator[Unit]:
    if cards is None:
        for card in graphics_cards():
            can = Text("Not tried yet.")
            yield Unit(card.title, UnitKind.CARD, works=None, can=can)
        return
    if cards.problem is not None:
        advice = Text("Update the drivers of graphics cards, or install Lapis again.")
        name = verbatim("llama.cpp")
        yield Unit(str(name), UnitKind.CARD, works=False, can=cards.problem, advice=advice)
        return
    yield from (card_unit(device) for device in _gpus(cards.devices))
    around = Surroundings(built_backends(), vulkan_loader(), vulkan_drivers())
    for finding in unused_cards(graphics_cards(), cards.devices, around):
        yield unused_unit(finding)


def _gpus(devices: Sequence[Device]) -> list[Device]:
    """Return each card once: CUDA and Vulkan may both know it, the first one computes."""
    seen: dict[str, Device] = {}
    for device in devices:
        if device.is_gpu:
            seen.setdefault(device.description or device.name, device)
    return list(seen.values())
