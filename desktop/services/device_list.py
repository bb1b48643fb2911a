"""A list of devices, read as people mean it: each card once, with its memory as it is now. Any thread."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from desktop.domain.model import Device, DeviceKind
from desktop.models.hardware import Memory


def cards_once(devices: Iterable[Device]) -> list[Device]:
    """Return each graphics card once: CUDA and Vulkan may both know it, the first one computes.

    Two cards of the same name in one backend are two cards.
    """
    by_backend: dict[str, list[Device]] = {}
    for device in devices:
        if device.is_gpu:
            by_backend.setdefault(device.backend, []).append(device)
    out: list[Device] = []
    for listed in by_backend.values():
        known = list(out)
        for device in listed:
            same = next((other for other in known if _is_same(device, other)), None)
            if same is None:
                out.append(device)
            else:
                known.remove(same)
    return out


def with_memory(devices: Iterable[Device], now: Memory) -> tuple[Device, ...]:
    """Return `devices` with what is free `now` of the computer's memory, where they compute in it.

    llama.cpp itself knows neither limits nor, on Linux, what others took.
    """
    return tuple(_shared(device, now) for device in devices)


def as_of_now(devices: Sequence[Device], now: Memory) -> tuple[Device, ...]:
    """Return `devices` with what is free now, as far as anybody can tell; two seconds at most."""
    from desktop.models.card_memory import card_memory, free_now

    cards = card_memory(devices)
    found = []
    for device in with_memory(devices, now):
        free = free_now(device, cards)
        found.append(device if free is None else replace(device, free=free))
    return tuple(found)


def _shared(device: Device, now: Memory) -> Device:
    if device.kind is DeviceKind.CPU:
        return replace(device, free=now.available, total=now.total)
    if device.is_shared and device.total:
        return replace(device, free=min(device.total, now.available))
    return device


def _is_same(one: Device, other: Device) -> bool:
    if one.card and other.card:
        return one.card.casefold() == other.card.casefold()
    name, known = _name(one), _name(other)
    return name in known or known in name


def _name(device: Device) -> str:
    return (device.description or device.name).casefold()
