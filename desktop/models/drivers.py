"""What changes when a graphics driver is replaced. A few small files or keys; any thread."""

import os
import platform
import sys
from pathlib import Path
from typing import Final

from desktop.models.graphics_windows import display_classes
from desktop.models.mac_facts import Sysctl, sysctl
from desktop.models.system_answers import is_there, listed, system_text
from desktop.models.vulkan import driver_files, vulkan_loader
from desktop.models.windows_registry import MachineRegistry, Registry, words

_ROOT: Final = Path("/")
_NODES: Final = ("dev/dri/renderD*", "dev/kfd", "dev/dxg")
# Made by the first program that wants them, so that they are there is no news.
_LATE_NODES: Final = "dev/nvidia[0-9]*"
_MODULES: Final = ("nvidia", "amdgpu", "i915", "xe", "nouveau")
# The megabytes that graphics may take of a Mac's memory; 0 for what the system chooses.
_WIRED_LIMIT: Final = "iogpu.wired_limit_mb"


def driver_stamps() -> list[str]:
    """Return words that differ when a driver does, or what it may take."""
    if sys.platform == "win32":
        return windows_stamps(MachineRegistry())
    if sys.platform == "darwin":
        return mac_stamps(sysctl)
    return linux_stamps(_ROOT)


def linux_stamps(root: Path) -> list[str]:
    """Return the versions of the kernel, its graphics modules and what drivers brought along.

    `root` stands for `/` in tests.
    """
    modules = [root / "sys/module" / name for name in _MODULES]
    versions = [
        f"{place.name} {system_text(place / 'version')} {system_text(place / 'srcversion')}"
        for place in modules
        if is_there(place)
    ]
    cards = [place.name for place in listed(root, "proc/driver/nvidia/gpus/*")]
    nodes = [
        f"{place.name} {_is_open(place)}" for pattern in _NODES for place in listed(root, pattern)
    ]
    nodes += [place.name for place in listed(root, _LATE_NODES) if not _is_open(place)]
    files = [_file_stamp(path) for path in driver_files(root)]
    return [platform.release(), *versions, *cards, *nodes, str(vulkan_loader(root)), *files]


def windows_stamps(registry: Registry) -> list[str]:
    """Return the drivers of display adapters with their versions."""
    return [
        f"{key[-4:]} {words(registry, key, 'DriverDesc')} {words(registry, key, 'DriverVersion')}"
        for key in display_classes(registry)
    ]


def mac_stamps(ask: Sysctl) -> list[str]:
    """Return the version of macOS, which holds all drivers, and what graphics may take."""
    return [platform.mac_ver()[0], ask((_WIRED_LIMIT,)).get(_WIRED_LIMIT, "")]


def _is_open(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)


def _file_stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return path.name
    return f"{path.name} {found.st_size} {found.st_mtime_ns}"
