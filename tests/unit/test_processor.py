"""The processor: its name, cores and abilities, as each system tells them."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from desktop.domain.machine import Processor
from desktop.models import processor_linux, processor_mac, processor_windows
from desktop.models.mac_facts import Sysctl, sysctl
from desktop.models.processor import processor
from desktop.models.processor_windows import Core, core_list
from tests.harness.registry import FakeRegistry


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def test_this_computer_has_a_processor() -> None:
    found = processor()

    assert found.name
    assert 1 <= found.cores <= found.threads


# Linux


def test_the_first_processor_of_the_listing_speaks_for_all(tmp_path: Path) -> None:
    put(
        tmp_path / "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Some Core i7\nflags\t\t: fpu avx2 avx fma\n\n"
        "processor\t: 1\nmodel name\t: Some Core i7\nflags\t\t: fpu avx512f",
    )

    found = processor_linux.read(tmp_path)

    assert (found.name, found.features) == ("Some Core i7", ("avx", "fma", "avx2"))
    assert (found.cores, found.threads) == (0, 0)


def test_a_board_with_an_arm_processor_is_called_by_its_own_name(tmp_path: Path) -> None:
    put(tmp_path / "proc/cpuinfo", "processor : 0\nFeatures : fp asimd i8mm")
    put(tmp_path / "sys/firmware/devicetree/base/model", "Some Board 5\0")

    found = processor_linux.read(tmp_path)

    assert (found.name, found.features) == ("Some Board 5", ("asimd", "i8mm"))


def test_both_kinds_of_cores_are_counted(tmp_path: Path) -> None:
    system = tmp_path / "sys/devices"
    put(system / "system/cpu/online", "0-7")
    for cpu, cores in enumerate(["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"]):
        put(system / f"system/cpu/cpu{cpu}/topology/core_cpus_list", cores)
    put(system / "cpu_core/cpus", "0-3")
    put(system / "cpu_atom/cpus", "4-7")

    found = processor_linux.read(tmp_path)

    assert (found.performance_cores, found.efficiency_cores, found.threads) == (2, 4, 8)


def test_processors_that_are_switched_off_are_no_cores(tmp_path: Path) -> None:
    system = tmp_path / "sys/devices/system/cpu"
    put(system / "present", "0-7")
    put(system / "online", "0-3")
    for cpu in range(4):
        put(system / f"cpu{cpu}/topology/core_cpus_list", str(cpu))

    found = processor_linux.read(tmp_path)

    assert (found.cores, found.threads) == (4, 4)


def test_without_any_file_nothing_is_said(tmp_path: Path) -> None:
    assert processor_linux.read(tmp_path) == Processor("")


# macOS

_M2 = """machdep.cpu.brand_string: Apple M2 Pro
hw.perflevel0.physicalcpu: 8
hw.perflevel1.physicalcpu: 4
hw.physicalcpu: 12
hw.logicalcpu: 12
hw.optional.neon: 1
hw.optional.arm.FEAT_DotProd: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_SME: 0
"""
_INTEL = """machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz
hw.physicalcpu: 6
hw.logicalcpu: 12
hw.optional.sse4_2: 1
hw.optional.avx1_0: 1
hw.optional.avx2_0: 1
hw.optional.avx512f: 0
"""


def mac(said: str) -> Sysctl:
    """Return a kernel that says this, to whoever asks the program for it."""

    def ask(names: Sequence[str]) -> Mapping[str, str]:
        def run(command: Sequence[str]) -> str:
            assert command[0] == "/usr/sbin/sysctl"
            lines = [line for line in said.splitlines() if line.partition(":")[0] in command]
            return "\n".join(lines)

        return sysctl(names, run)

    return ask


def test_a_mac_has_fast_and_slow_cores() -> None:
    found = processor_mac.read(mac(_M2))

    assert found.name == "Apple M2 Pro"
    assert (found.performance_cores, found.efficiency_cores, found.threads) == (8, 4, 12)
    assert found.features == ("asimd", "asimddp", "i8mm")
    assert processor_mac.fast_cores(mac(_M2)) == 8


def test_an_older_mac_has_cores_of_one_kind() -> None:
    found = processor_mac.read(mac(_INTEL))

    assert (found.performance_cores, found.efficiency_cores, found.threads) == (6, 0, 12)
    assert found.features == ("sse4_2", "avx", "avx2")
    assert processor_mac.fast_cores(mac(_INTEL)) == 6


@pytest.mark.parametrize("said", ["", "nonsense", "hw.perflevel0.physicalcpu: many"])
def test_a_mac_that_says_nothing_is_not_guessed_at(said: str) -> None:
    assert processor_mac.read(mac(said)) == Processor("")
    assert processor_mac.fast_cores(mac(said)) == 0


# Windows


def relation(efficiency_class: int, *masks: int) -> bytes:
    """Return what GetLogicalProcessorInformationEx says of a core, laid out as winnt.h has it."""
    groups = b"".join(struct.pack("<QH3H", mask, 0, 0, 0, 0) for mask in masks)
    flags = 1 if any(mask.bit_count() > 1 for mask in masks) else 0
    body = struct.pack("<BB20sH", flags, efficiency_class, b"", len(masks)) + groups
    return struct.pack("<II", 0, 8 + len(body)) + body


def test_windows_tells_fast_cores_by_their_class() -> None:
    said = relation(1, 0b11) + relation(1, 0b1100) + relation(0, 1 << 4) + relation(0, 1 << 5)
    name = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
    registry = FakeRegistry({name: {"ProcessorNameString": "Some Core i5   "}})

    found = processor_windows.read(registry, lambda: said, {38, 39, 40}.__contains__)

    assert found.name == "Some Core i5"
    assert (found.performance_cores, found.efficiency_cores, found.threads) == (2, 2, 6)
    assert found.features == ("sse4_2", "avx", "avx2")


def test_a_core_has_the_size_that_windows_gives_it() -> None:
    # sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX) of one group is 48.
    assert len(relation(0, 1)) == 48


def test_other_relations_are_stepped_over_and_a_cut_answer_ends_early() -> None:
    cache = struct.pack("<II", 2, 24) + b"\x07" * 16
    core = relation(0, 0b11)

    assert list(core_list(cache + core)) == [Core(0, 2)]
    assert list(core_list(core + core[:20])) == [Core(0, 2)]
    assert list(core_list(struct.pack("<II", 0, 0) * 3)) == []
    assert list(core_list(b"")) == []


def test_a_core_that_claims_more_groups_than_it_holds_is_counted_as_far_as_it_goes() -> None:
    said = bytearray(relation(0, 0b111))
    said[30:32] = struct.pack("<H", 9)

    assert list(core_list(bytes(said))) == [Core(0, 3)]


def test_instruction_sets_are_named_as_makers_name_them_and_none_that_another_one_implies() -> None:
    assert Processor("x", ("avx", "fma", "avx2", "sse4_2")).instructions == "AVX2, FMA"
    assert Processor("x", ("f16c", "avx")).instructions == "AVX, F16C"
    assert Processor("x", ("asimd", "asimddp")).instructions == "DotProd, NEON"
    assert Processor("x").instructions == ""
