"""What the computer has for models, as values."""

import threading
from pathlib import Path

import pytest

from desktop.domain.machine import DiskUse, MemoryUse, UnitKind
from desktop.domain.model import Device, DeviceKind
from desktop.domain.text import Text
from desktop.models.graphics import GraphicsCard, Maker
from desktop.models.hardware import Processor
from desktop.services.this_computer import (
    Cards,
    card_unit,
    disk_use,
    find_cards,
    look,
    processor_unit,
)

_GB = 1_000_000_000


def _card(kind: DeviceKind = DeviceKind.GPU, free: int = 7 * _GB, backend: str = "CUDA") -> Device:
    return Device("CUDA0", "Some Card", backend, kind, free, 8 * _GB)


def test_one_look_adds_up(tmp_path: Path) -> None:
    machine = look(tmp_path, 1000, 2000, Cards())

    memory, disk = machine.memory, machine.disk
    assert memory.lapis + memory.others + memory.free == memory.total
    assert memory.lapis > 2000
    assert disk is not None
    assert disk.models == 1000
    assert disk.models + disk.others + disk.free <= disk.total
    assert machine.units[0].kind is UnitKind.PROCESSOR
    assert "cores" in machine.units[0].can.values


def test_a_folder_that_is_not_there_yet_lies_on_the_disk_above_it(tmp_path: Path) -> None:
    there, not_there = disk_use(tmp_path, 0), disk_use(tmp_path / "a" / "b", 0)

    assert there is not None
    assert not_there is not None
    assert there.total == not_there.total
    assert not_there.folder == str(tmp_path / "a" / "b")


def test_parts_are_never_negative() -> None:
    assert MemoryUse(10, 8, 5).others == 0
    assert DiskUse("", 10, 8, 5).others == 0


@pytest.mark.parametrize(
    ("features", "warned"),
    [(("sse4_2", "avx"), True), (("avx", "avx2"), False), (("asimd",), False), ((), False)],
)
def test_a_processor_without_avx2_is_said_to_be_slow(
    features: tuple[str, ...], warned: bool
) -> None:
    unit = processor_unit(Processor("Some", features), 4, 10 * _GB)

    assert (unit.advice is not None) is warned
    assert str(unit.can) == ("Lapis uses 4 cores. Models up to about 8.5 GB fit into memory now.")


def test_with_no_memory_left_nothing_fits() -> None:
    assert processor_unit(Processor("Some", ()), 4, 0).can.values["size"] == "0 B"


def test_a_card_says_how_large_a_model_it_takes() -> None:
    unit = card_unit(_card())

    assert (unit.total, unit.free, unit.works) == (8 * _GB, 7 * _GB, True)
    assert "CUDA" in str(unit.can)
    assert "5.5 GB" in str(unit.can)
    assert "Too little" in str(card_unit(_card(free=_GB)).can)


def test_a_card_without_memory_of_its_own_shows_no_bar() -> None:
    unit = card_unit(_card(DeviceKind.INTEGRATED_GPU, backend="MTL"))

    assert (unit.total, unit.free) == (0, 0)
    assert str(unit.can) == "Computes with Metal, in the memory of the computer."


def test_cards_are_told_once_and_the_processor_is_no_card(tmp_path: Path) -> None:
    cpu = Device("CPU", "Some Processor", "CPU", DeviceKind.CPU, 0, 0)
    twice = Cards((_card(), _card(backend="Vulkan"), cpu))

    units = [unit for unit in look(tmp_path, 0, 0, twice).units[1:] if unit.works]

    assert [str(unit.can)[:18] for unit in units] == ["Computes with CUDA"]


def test_an_engine_that_does_not_start_is_a_reason(tmp_path: Path) -> None:
    machine = look(tmp_path, 0, 0, Cards(problem=Text("It hangs")))

    assert machine.units[1].works is False
    assert str(machine.units[1].can) == "It hangs"


def test_an_engine_process_is_asked_from_any_thread(tmp_path: Path) -> None:
    found: list[Cards] = []
    thread = threading.Thread(target=lambda: found.append(find_cards(tmp_path)))
    thread.start()
    thread.join(60)

    (cards,) = found
    assert cards.problem is None
    assert any(device.kind is DeviceKind.CPU for device in cards.devices)


def test_before_anybody_asked_cards_are_said_to_be_untried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = (GraphicsCard(Maker.AMD, "Radeon", "amdgpu", openable=True),)
    monkeypatch.setattr("desktop.services.this_computer.graphics_cards", lambda: here)

    (unit,) = look(tmp_path, 0, 0, None).units[1:]

    assert (unit.name, unit.works) == ("AMD Radeon", None)
