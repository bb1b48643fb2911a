"""Graphics cards that are in the computer, whether or not the engine can use them.

The engine's own list is the truth about what computes; this one tells what is missing from it and
why. Linux only so far: the kernel says it in small files. Elsewhere the list is empty.
"""

import ctypes.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from desktop.models.hardware import system_text

_ROOT: Final = Path("/")
# Base class of display controllers in the PCI code and ID assignment specification.
_DISPLAY_CLASS: Final = "0x03"


class Maker(StrEnum):
    """Makers of cards that can compute. Others (servers' consoles, virtual screens) are left out."""

    NVIDIA = "NVIDIA"
    AMD = "AMD"
    INTEL = "Intel"


_MAKERS: Final = {"0x10de": Maker.NVIDIA, "0x1002": Maker.AMD, "0x8086": Maker.INTEL}


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """A card in the computer.

    `model` as its driver names it, else its PCI numbers; `driver` is the kernel's, empty where
    none is in charge. `openable` is False when this account may not use the card's device file.
    """

    maker: Maker
    model: str
    driver: str
    openable: bool

    @property
    def title(self) -> str:
        """The name a person knows it by."""
        named = self.model.startswith(self.maker)
        return self.model if named else f"{self.maker} {self.model}"


def graphics_cards(root: Path = _ROOT) -> tuple[GraphicsCard, ...]:
    """Return the cards of this computer; `root` stands for `/` in tests."""
    if sys.platform != "linux":
        return ()
    return (*_on_the_bus(root), *_lent(root))


def vulkan_loader() -> bool:
    """Return whether the system has the library through which Vulkan drivers are found."""
    return ctypes.util.find_library("vulkan") is not None


def vulkan_drivers(root: Path = _ROOT) -> bool:
    """Return whether a Vulkan driver is registered with the system's loader."""
    chosen = os.environ.get("VK_DRIVER_FILES", "")
    if chosen:
        return any(Path(path).is_file() for path in chosen.split(os.pathsep))
    places = ("etc/vulkan/icd.d", "usr/share/vulkan/icd.d", "usr/local/share/vulkan/icd.d")
    return any(path for place in places for path in (root / place).glob("*.json"))


def _on_the_bus(root: Path) -> Iterator[GraphicsCard]:
    nodes = _render_nodes(root)
    for place in sorted(root.glob("sys/bus/pci/devices/*")):
        maker = _MAKERS.get(system_text(place / "vendor"))
        if maker is None or not system_text(place / "class").startswith(_DISPLAY_CLASS):
            continue
        numbers = f"{system_text(place / 'vendor')[2:]}:{system_text(place / 'device')[2:]}"
        node = nodes.get(place.name)
        yield GraphicsCard(
            maker=maker,
            model=_nvidia_model(root, place.name) or numbers,
            driver=_link_name(place / "driver"),
            openable=node is None or os.access(node, os.R_OK | os.W_OK),
        )


def _lent(root: Path) -> Iterator[GraphicsCard]:
    """Yield NVIDIA cards that the driver knows and the bus hides, as in some containers."""
    seen = {place.name for place in root.glob("sys/bus/pci/devices/*")}
    for place in sorted(root.glob("proc/driver/nvidia/gpus/*")):
        if place.name not in seen:
            model = _nvidia_model(root, place.name) or Maker.NVIDIA.value
            yield GraphicsCard(Maker.NVIDIA, model, "nvidia", openable=True)


def _nvidia_model(root: Path, address: str) -> str:
    listing = system_text(root / "proc/driver/nvidia/gpus" / address / "information")
    for line in listing.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Model":
            return value.strip()
    return ""


def _render_nodes(root: Path) -> dict[str, Path]:
    """Return the device file through which each card computes, by PCI address."""
    nodes = {}
    for place in root.glob("sys/class/drm/renderD*"):
        address = _link_name(place / "device")
        if address:
            nodes[address] = root / "dev/dri" / place.name
    return nodes


def _link_name(link: Path) -> str:
    try:
        return link.readlink().name
    except OSError:
        return ""
