"""The processor as Windows describes it: in the registry, and by two calls. Any thread.

Layout of SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, PROCESSOR_RELATIONSHIP and GROUP_AFFINITY, and
the numbers of processor features, as in Microsoft's documentation of GetLogicalProcessorInformationEx
and IsProcessorFeaturePresent.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from desktop.domain.machine import Processor
from desktop.models.windows_registry import MachineRegistry, Registry, words

_KEY: Final = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_FEATURES: Final = {
    38: "sse4_2",
    39: "avx",
    40: "avx2",
    41: "avx512f",
    29: "asimd",
    43: "asimddp",
    46: "sve",
}
_CORE: Final = 0
_HEAD: Final = struct.Struct("<II")
_BODY: Final = struct.Struct("<BB20xH")
_GROUP: Final = struct.Struct("<QH6x")
_MOST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Core:
    """A physical core: its class (a higher one is faster) and how many logical processors it has."""

    efficiency_class: int
    threads: int


def read(
    registry: Registry | None = None,
    relations: Callable[[], bytes] | None = None,
    has_feature: Callable[[int], bool] | None = None,
) -> Processor:
    """Return what the system says; the three parts stand in for it in tests."""
    cores = list(core_list((relations or _relations)()))
    fast = fast_among(cores)
    has = has_feature or _has_feature
    return Processor(
        " ".join(words(registry or MachineRegistry(), _KEY, "ProcessorNameString").split()),
        tuple(name for number, name in _FEATURES.items() if has(number)),
        len(fast),
        len(cores) - len(fast),
        sum(core.threads for core in cores),
    )


def fast_cores() -> int:
    """Return how many cores are of the fast kind; 0 where the system does not say."""
    return len(fast_among(list(core_list(_relations()))))


def fast_among(cores: list[Core]) -> list[Core]:
    """Return the cores of the highest class; all of them where they are alike."""
    highest = max((core.efficiency_class for core in cores), default=0)
    return [core for core in cores if core.efficiency_class == highest]


def core_list(said: bytes) -> Iterator[Core]:
    """Yield the cores in the answer of GetLogicalProcessorInformationEx, as far as it makes sense."""
    start = 0
    while start + _HEAD.size <= len(said):
        relation, length = _HEAD.unpack_from(said, start)
        body = start + _HEAD.size
        end = start + length
        if length < _HEAD.size or end > len(said):
            return
        if relation == _CORE and body + _BODY.size <= end:
            _, efficiency_class, groups = _BODY.unpack_from(said, body)
            masks = body + _BODY.size
            fitting = min(groups, (end - masks) // _GROUP.size)
            threads = sum(
                _GROUP.unpack_from(said, masks + index * _GROUP.size)[0].bit_count()
                for index in range(fitting)
            )
            yield Core(efficiency_class, threads)
        start = end


def _relations() -> bytes:
    """Return the system's answer on its cores; empty where it gives none."""
    import ctypes

    from desktop.base.native import windows_library

    length = ctypes.c_ulong(0)
    try:
        ask = windows_library("kernel32").GetLogicalProcessorInformationEx
        ask.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_ulong)]
        ask.restype = ctypes.c_int
        ask(_CORE, None, ctypes.byref(length))
        if not 0 < length.value <= _MOST:
            return b""
        buffer = ctypes.create_string_buffer(length.value)
        if not ask(_CORE, buffer, ctypes.byref(length)):
            return b""
    except (OSError, AttributeError):
        return b""
    return buffer.raw[: length.value]


def _has_feature(number: int) -> bool:
    from desktop.base.native import windows_library

    try:
        return bool(windows_library("kernel32").IsProcessorFeaturePresent(number))
    except (OSError, AttributeError):
        return False
