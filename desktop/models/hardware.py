"""What this computer has for a model: memory and processor cores, inside whatever limits us.

A container or a sandbox may allow less than the computer has, so control groups (version 2) and
the processor affinity are asked too. Reads a few small files; any thread.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_SYS: Final = Path("/sys")
_OWN_GROUP: Final = Path("/proc/self/cgroup")
_SYSCTL: Final = "/usr/sbin/sysctl"
_PROCESSOR: Final = Path("/proc/cpuinfo")
# What llama.cpp has kernels for, as Linux names it on x86 and on ARM.
_FEATURES: Final = (
    *("sse4_2", "avx", "f16c", "fma", "avx2", "bmi2", "avx_vnni"),
    *("avx512f", "avx512vl", "avx512_vbmi", "avx512_vnni", "avx512_bf16"),
    *("amx_tile", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "fphp", "i8mm", "bf16", "sve", "sve2", "sme"),
)
_FAST_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the computer in bytes: all of it, and what is free or can be freed at once."""

    total: int
    available: int


def memory() -> Memory:
    """Return the memory that this process may use now."""
    real = psutil.virtual_memory()
    return limited(Memory(total=int(real.total), available=int(real.available)), groups())


def limited(real: Memory, folders: list[Path]) -> Memory:
    """Return `real` cut down to the memory limits of the control groups in `folders`."""
    total, available = real.total, real.available
    for folder in folders:
        limit = _number(folder / "memory.max")
        if limit is None:
            continue
        used = (_number(folder / "memory.current") or 0) - _page_cache(folder)
        total = min(total, limit)
        available = min(available, max(0, limit - used))
    return Memory(total, available)


def usable_cores() -> int:
    """Return how many threads compute well: fast physical cores inside affinity and quota."""
    if sys.platform == "darwin":
        return max(1, _mac_cores() or psutil.cpu_count(logical=False) or 1)
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = psutil.Process().cpu_affinity()
    if sys.platform != "linux":
        return max(1, min(physical, len(allowed)))
    return bounded_cores(set(allowed), _SYS, groups())


def bounded_cores(allowed: set[int], system: Path, folders: list[Path]) -> int:
    """Return the fast physical cores among the logical ones in `allowed`, at most the quota.

    `system` is `/sys`. On processors with two kinds of cores only the fast ones count: the slow
    ones make the others wait.
    """
    fast = _fast(allowed, system / "devices") or allowed
    topology = system / "devices/system/cpu"
    cores = {
        system_text(topology / f"cpu{cpu}/topology/core_cpus_list")
        or system_text(topology / f"cpu{cpu}/topology/thread_siblings_list")
        or str(cpu)
        for cpu in fast
    }
    quotas = [quota for folder in folders if (quota := _quota(folder)) is not None]
    return max(1, int(min([len(cores), *quotas])))


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor's name, and those of its abilities that make models faster.

    `features` are Linux's names; empty where the system does not list them.
    """

    name: str
    features: tuple[str, ...]


def processor(listing: Path = _PROCESSOR) -> Processor:
    """Return what this computer computes with; `listing` is the kernel's description of it."""
    if sys.platform == "darwin":
        return Processor(_asked("machdep.cpu.brand_string") or platform.machine(), ())
    known: dict[str, str] = {}
    for line in system_text(listing).splitlines():
        name, _, value = line.partition(":")
        known.setdefault(name.strip(), value.strip())
    flags = set((known.get("flags") or known.get("Features") or "").split())
    return Processor(
        known.get("model name") or platform.processor() or platform.machine(),
        tuple(feature for feature in _FEATURES if feature in flags),
    )


def groups() -> list[Path]:
    """Return the folders of our control group and of all above it; empty where there is none."""
    return list(_groups(system_text(_OWN_GROUP), _SYS / "fs/cgroup"))


def _groups(own: str, root: Path) -> Iterator[Path]:
    for line in own.splitlines():
        if line.startswith("0::"):
            folder = root / line.removeprefix("0::").lstrip("/")
            inside = [one for one in (folder, *folder.parents) if one.is_relative_to(root)]
            yield from (one for one in inside if ".." not in one.parts)


def _fast(allowed: set[int], devices: Path) -> set[int]:
    """Return the logical processors of the fast kind, or none where all are alike."""
    hybrid = _cpu_list(system_text(devices / "cpu_core/cpus"))
    if hybrid:
        return hybrid & allowed
    capacity = {cpu: _number(devices / f"system/cpu/cpu{cpu}/cpu_capacity") or 0 for cpu in allowed}
    most = max(capacity.values(), default=0)
    return {cpu for cpu, value in capacity.items() if most and value >= _FAST_SHARE * most}


def _cpu_list(text: str) -> set[int]:
    """Return the numbers of a kernel list like `0-3,8`."""
    out: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            out |= set(range(int(first), int(last or first) + 1))
    return out


def _quota(folder: Path) -> float | None:
    """Return the processors' worth of time that the group may use, from `cpu.max`."""
    quota, _, period = system_text(folder / "cpu.max").partition(" ")
    if not quota.isdigit() or not period.isdigit() or not int(period):
        return None
    return int(quota) / int(period)


def _page_cache(folder: Path) -> int:
    """Return the bytes of cached files, which the kernel gives back when memory is asked for."""
    for line in system_text(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file" and value.isdigit():
            return int(value)
    return 0


def _mac_cores() -> int | None:
    """Return the performance cores of an Apple processor, or None."""
    answer = _asked("hw.perflevel0.physicalcpu")
    return int(answer) if answer.isdigit() else None


def _asked(name: str) -> str:
    """Return a value of the macOS kernel; empty where it has none of that name."""
    try:
        done = subprocess.run(
            [_SYSCTL, "-n", name], capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _number(path: Path) -> int | None:
    text = system_text(path)
    return int(text) if text.isdigit() else None


def system_text(path: Path) -> str:
    """Return a small system file without its line end; empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
