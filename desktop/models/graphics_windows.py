r"""Graphics cards as Windows lists them in its registry. Any thread.

Below `Enum\PCI` stands every device that ever was in the computer; the configuration manager
(`cfgmgr32.dll`) says which of them are there now, and how they do. What its driver says of a card
stands in the key of the class of display adapters. Memory is taken from `qwMemorySize`, which has
64 bits: the figure that Windows' instrumentation gives (AdapterRAM) ends at 4 GB.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from desktop.models.graphics_card import VENDORS, GraphicsCard, Maker, Trouble
from desktop.models.windows_registry import MachineRegistry, Registry, size, words

_PCI: Final = r"SYSTEM\CurrentControlSet\Enum\PCI"
_CLASSES: Final = r"SYSTEM\CurrentControlSet\Control\Class"
_DISPLAY: Final = "{4d36e968-e325-11ce-bfc1-08002be10318}"
_NUMBERS: Final = re.compile(r"VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)
_DISPLAY_CODE: Final = "CC_03"
# Draws and computes nothing: it stands in until a driver is installed.
_STAND_IN: Final = "basicdisplay"
# CONFIGRET and the problem codes of cfg.h.
_SUCCESS: Final = 0
_HAS_PROBLEM: Final = 0x400
_NO_DRIVER: Final = frozenset({1, 18, 28})
_DISABLED: Final = frozenset({22, 29})

ABSENT: Final = -1
WORKS: Final = 0

State = Callable[[str], int]
"""How a device does, by its place in `Enum`: `ABSENT`, `WORKS`, or the code of its problem."""


def read(registry: Registry | None = None, state: State | None = None) -> tuple[GraphicsCard, ...]:
    """Return the cards that are in the computer now; both parts stand in for it in tests."""
    return tuple(_cards(registry or MachineRegistry(), state or _state))


def display_classes(registry: Registry) -> list[str]:
    """Return the keys in which drivers of display adapters describe themselves."""
    root = rf"{_CLASSES}\{_DISPLAY}"
    return [rf"{root}\{key}" for key in registry.keys(root) if key.isdigit()]


def _cards(registry: Registry, state: State) -> Iterator[GraphicsCard]:
    for kind in registry.keys(_PCI):
        found = _NUMBERS.search(kind)
        maker = VENDORS.get(found[1].lower()) if found else None
        if found is None or maker is None:
            continue
        for instance in registry.keys(rf"{_PCI}\{kind}"):
            place = rf"{_PCI}\{kind}\{instance}"
            if not _is_display(registry, place):
                continue
            problem = state(rf"PCI\{kind}\{instance}")
            if problem == ABSENT:
                continue
            driver = words(registry, place, "Driver")
            own = rf"{_CLASSES}\{driver}" if driver else ""
            service = words(registry, place, "Service")
            idle = problem in _NO_DRIVER or service.casefold() == _STAND_IN
            yield GraphicsCard(
                maker,
                _name(registry, own, place) or f"{found[1]}:{found[2]}".lower(),
                driver="" if idle else service,
                openable=True,
                version="" if idle or not own else _version(registry, own, maker),
                memory=_memory(registry, own) if own else 0,
                trouble=_trouble(problem),
            )


def _is_display(registry: Registry, place: str) -> bool:
    if words(registry, place, "ClassGUID").casefold() == _DISPLAY:
        return True
    # Without a driver it belongs to no class; its bus still says what it is.
    codes = registry.value(place, "CompatibleIDs")
    listed = codes if isinstance(codes, list) else [codes]
    return any(isinstance(code, str) and _DISPLAY_CODE in code.upper() for code in listed)


def _name(registry: Registry, own: str, place: str) -> str:
    named = words(registry, own, "DriverDesc") if own else ""
    # "@oem12.inf,%device%;NVIDIA GeForce" holds a key into a file, then the words.
    return named or words(registry, place, "DeviceDesc").rpartition(";")[2]


def _version(registry: Registry, own: str, maker: Maker) -> str:
    said = words(registry, own, "DriverVersion")
    digits = "".join(said.split(".")[-2:])
    if maker is not Maker.NVIDIA or not digits.isdigit() or len(digits) < 5:
        return said
    # Windows has 32.0.15.6094 for what NVIDIA calls 560.94.
    return f"{digits[-5:-2]}.{digits[-2:]}"


def _memory(registry: Registry, own: str) -> int:
    return size(registry, own, "HardwareInformation.qwMemorySize") or size(
        registry, own, "HardwareInformation.MemorySize"
    )


def _trouble(problem: int) -> Trouble | None:
    if problem in _DISABLED:
        return Trouble.OFF
    return Trouble.FAILING if problem != WORKS and problem not in _NO_DRIVER else None


def _state(place: str) -> int:
    """Ask the configuration manager; where it cannot be asked, a device counts as working."""
    import ctypes

    from desktop.base.native import windows_library

    node, status, problem = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_ulong()
    try:
        manager = windows_library("cfgmgr32")
        if manager.CM_Locate_DevNodeW(ctypes.byref(node), ctypes.c_wchar_p(place), 0) != _SUCCESS:
            return ABSENT
        asked = manager.CM_Get_DevNode_Status(ctypes.byref(status), ctypes.byref(problem), node, 0)
    except (OSError, AttributeError):
        # An edition without it.
        return WORKS
    return problem.value if asked == _SUCCESS and status.value & _HAS_PROBLEM else WORKS
