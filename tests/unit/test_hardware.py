"""Memory and cores: what the system says, cut down to what this process may use."""

import os
from pathlib import Path

import psutil
import pytest

from desktop.models.hardware import (
    Memory,
    _groups,
    bounded_cores,
    groups,
    limited,
    memory,
    usable_cores,
)

GIB = 2**30


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def processor(system: Path, siblings: list[str]) -> Path:
    """Write the part of /sys that says which logical processors share a core."""
    for cpu, cores in enumerate(siblings):
        put(system / f"devices/system/cpu/cpu{cpu}/topology/core_cpus_list", cores)
    return system


def test_this_computer_has_memory_and_cores() -> None:
    free = memory()

    assert 0 < free.available <= free.total <= psutil.virtual_memory().total
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert all(folder.is_dir() for folder in groups())


def test_two_threads_of_a_core_count_once(tmp_path: Path) -> None:
    system = processor(tmp_path, ["0,4", "1,5", "2,6", "3,7"] * 2)

    assert bounded_cores(set(range(8)), system, []) == 4
    assert bounded_cores({0, 4, 1}, system, []) == 2


def test_without_word_from_the_system_each_processor_counts(tmp_path: Path) -> None:
    assert bounded_cores({0, 1, 2}, tmp_path, []) == 3
    assert bounded_cores(set(), tmp_path, []) == 1


def test_only_the_fast_cores_of_a_hybrid_processor_count(tmp_path: Path) -> None:
    system = processor(tmp_path, ["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"])
    put(system / "devices/cpu_core/cpus", "0-3")
    put(system / "devices/cpu_atom/cpus", "4-7")

    assert bounded_cores(set(range(8)), system, []) == 2
    assert bounded_cores({6, 7}, system, []) == 2


def test_only_the_big_cores_of_an_arm_processor_count(tmp_path: Path) -> None:
    system = processor(tmp_path, [str(cpu) for cpu in range(8)])
    for cpu, capacity in enumerate([250] * 4 + [1024] * 3 + [1000]):
        put(system / f"devices/system/cpu/cpu{cpu}/cpu_capacity", str(capacity))

    assert bounded_cores(set(range(8)), system, []) == 4


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 4), ("200000 100000", 2), ("250000 100000", 2), ("50000 100000", 1), ("", 4)],
)
def test_the_quota_of_a_container_bounds_the_cores(quota: str, cores: int, tmp_path: Path) -> None:
    system = processor(tmp_path / "sys", ["0", "1", "2", "3"])
    put(tmp_path / "group/cpu.max", quota)

    assert bounded_cores(set(range(4)), system, [tmp_path / "group"]) == cores


def test_the_limit_of_a_container_bounds_the_memory(tmp_path: Path) -> None:
    real = Memory(total=32 * GIB, available=20 * GIB)
    inner, outer = tmp_path / "outer/inner", tmp_path / "outer"
    put(inner / "memory.max", "max")
    put(outer / "memory.max", str(8 * GIB))
    put(outer / "memory.current", str(5 * GIB))
    put(outer / "memory.stat", f"anon 1\ninactive_file {2 * GIB}\nfile 3")

    assert limited(real, [inner, outer]) == Memory(total=8 * GIB, available=5 * GIB)
    assert limited(real, [inner]) == real
    assert limited(real, [tmp_path]) == real


def test_a_container_over_its_limit_has_nothing_free(tmp_path: Path) -> None:
    put(tmp_path / "memory.max", str(GIB))
    put(tmp_path / "memory.current", str(2 * GIB))

    assert limited(Memory(32 * GIB, 20 * GIB), [tmp_path]).available == 0


def test_the_own_group_and_all_above_it_are_asked() -> None:
    root = Path("/sys/fs/cgroup")

    assert list(_groups("0::/user/app\n", root)) == [root / "user/app", root / "user", root]
    assert list(_groups("0::/\n", root)) == [root]
    assert list(_groups("4:memory:/old\n", root)) == []
    assert list(_groups("", root)) == []
