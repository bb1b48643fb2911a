"""Graphics cards that are in the computer and do not compute, each with its reason. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desktop.domain.health import Finding, State
from desktop.domain.model import Device
from desktop.domain.text import Text, verbatim
from desktop.models.graphics import GraphicsCard, Maker

GPU_BACKENDS: Final[Mapping[str, str]] = {
    "cuda": "CUDA",
    "hip": "ROCm",
    "metal": "Metal",
    "sycl": "SYCL",
    "vulkan": "Vulkan",
}
"""Libraries that compute on graphics cards, with their names for people."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides whether a card can be used: what was built, and what the system provides."""

    backends: Sequence[str]
    vulkan_loader: bool
    vulkan_drivers: bool


def unused_cards(
    cards: Iterable[GraphicsCard], devices: Iterable[Device], around: Surroundings
) -> Iterator[Finding]:
    """Yield a finding for each card that none of `devices` stands for, with the reason."""
    described = [device.description.casefold() for device in devices if device.is_gpu]
    backends = {device.backend.casefold() for device in devices if device.is_gpu}
    for number, card in enumerate(cards):
        if card.maker is Maker.NVIDIA and "cuda" in backends:
            continue
        if any(_words(card.maker) & set(text.split()) for text in described):
            continue
        reason, advice = _why_unused(card, around)
        yield Finding(
            f"engine.card.{number}",
            verbatim(card.title),
            State.WARNING,
            reason,
            advice,
            {
                "maker": card.maker.value,
                "model": card.model,
                "driver": card.driver,
                "openable": card.openable,
            },
        )


def _why_unused(card: GraphicsCard, around: Surroundings) -> tuple[Text, Text]:
    if not GPU_BACKENDS.keys() & set(around.backends):
        return (
            Text("not used: this build of Lapis computes on the processor only"),
            Text("Install a build of Lapis with Vulkan; answers then come faster."),
        )
    if not card.driver:
        return (
            Text("not used: no driver is in charge of it"),
            Text("Install the driver of this card, then start the computer again."),
        )
    if card.driver == "vfio-pci":
        return (
            Text("not used: it is set aside for a virtual machine"),
            Text("Give it back to this system if Lapis is to use it."),
        )
    if card.driver == "nouveau":
        return (
            Text("not used: the driver nouveau cannot compute with it"),
            Text("Install NVIDIA's own driver, then start the computer again."),
        )
    if not card.openable:
        return (
            Text("not used: this account may not open it"),
            Text("Add the account to the groups render and video, then log in again."),
        )
    if not around.vulkan_loader:
        return (
            Text("not used: the library of Vulkan is missing"),
            Text("Install it: libvulkan1 on Debian and Ubuntu, vulkan-loader elsewhere."),
        )
    if not around.vulkan_drivers:
        return (
            Text("not used: no Vulkan driver is installed"),
            Text("Install it: mesa-vulkan-drivers for AMD and Intel, NVIDIA's own for NVIDIA."),
        )
    return (
        Text("not used: the engine does not find it"),
        Text("Update the driver of this card, then try again."),
    )


def _words(maker: Maker) -> frozenset[str]:
    match maker:
        case Maker.NVIDIA:
            return frozenset({"nvidia", "geforce", "quadro", "tesla"})
        case Maker.AMD:
            return frozenset({"amd", "radeon"})
        case Maker.INTEL:
            return frozenset({"intel", "intel(r)"})
