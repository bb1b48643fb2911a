"""The list of engine packs, its schema, and one card that two libraries know."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import pytest

from desktop.backends.ladder import Cause, safer_plan
from desktop.backends.offload import fitted
from desktop.base.paths import resources
from desktop.domain.engine_pack import NvidiaDriver
from desktop.domain.errors import BadReference
from desktop.domain.layer_placing import cards_of
from desktop.domain.model import Device, DeviceKind, LoadPlan
from desktop.domain.settings import LibrarySettings
from desktop.models.engine_packs import load_engine_packs
from desktop.models.nvidia import compute_capabilities
from desktop.services.device_list import cards_once
from desktop.services.engine_packs import EnginePacks
from tests.harness.engine_packs import CARD, Room, archive_of, listed

GIB = 2**30


def schema() -> jsonschema.Draft202012Validator:
    read = json.loads((resources() / "engine_packs.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read)


def as_listed() -> dict[str, object]:
    pack: dict[str, object] = json.loads(msgspec.json.encode(listed(archive_of())))
    return pack


def test_the_list_that_comes_with_lapis_follows_its_schema_and_is_read() -> None:
    schema().validate(json.loads((resources() / "engine_packs.json").read_bytes()))
    assert load_engine_packs() == ()


def test_what_follows_the_schema_is_read_as_it_is(tmp_path: Path) -> None:
    written = {"schema_version": 1, "packs": [as_listed()]}
    schema().validate(written)
    (tmp_path / "engine_packs.json").write_text(json.dumps(written))

    assert load_engine_packs(tmp_path) == (listed(archive_of()),)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://downloads.example.org/cuda-12.tar.xz"},
        {"url": "https://downloads.example.org/cuda-12.zip"},
        {"sha256": "0" * 63},
        {"size": 0},
        {"files": []},
        {"files": [{"name": "../evil.so", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"name": ".hidden", "size": 1, "sha256": "0" * 64}]},
        {"id": "../cuda"},
        {"engine": "latest"},
        {"licence": {"name": "NVIDIA", "page": "javascript:alert(1)"}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_could_do_harm(change: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        schema().validate({"schema_version": 1, "packs": [as_listed() | change]})


def test_what_cards_can_compute_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.models.nvidia._program", lambda: "/usr/bin/nvidia-smi")
    asked: list[Sequence[str]] = []

    def answer(command: Sequence[str]) -> str:
        asked.append(command)
        return "8.6\n12.0\n[N/A]\n"

    assert compute_capabilities(answer) == ("8.6", "12.0")
    assert asked[0][1] == "--query-gpu=compute_cap"


CPU = Device("CPU", "", "CPU", DeviceKind.CPU, 16 * GIB, 16 * GIB)
CUDA = Device(
    "CUDA0",
    "NVIDIA GeForce RTX 3060",
    "CUDA",
    DeviceKind.GPU,
    8 * GIB,
    12 * GIB,
    card="0000:01:00.0",
)
VULKAN = replace(CUDA, name="Vulkan0", backend="Vulkan", description="RTX 3060 (NVK)")
PLAN = LoadPlan(Path("m.gguf"), layers=33, layer_bytes=GIB // 8, device_bytes=GIB // 4)


def test_a_card_that_cuda_and_vulkan_know_counts_once_and_cuda_has_it() -> None:
    for devices in (
        [CUDA, VULKAN, CPU],
        [replace(CUDA, card=""), replace(CUDA, card="", name="V", backend="Vulkan"), CPU],
    ):
        assert [one.name for one in cards_of(devices)] == ["CUDA0"]
        assert [one.name for one in cards_once(devices)] == ["CUDA0"]
        for plan in (PLAN, replace(PLAN, n_gpu_layers=20), replace(PLAN, layers=0)):
            assert fitted(plan, devices).devices == ("CUDA0",)


def test_two_cards_of_one_name_are_two_whatever_library_knows_them() -> None:
    second = replace(CUDA, name="CUDA1", card="0000:02:00.0")
    other = replace(second, name="Vulkan1", backend="Vulkan")
    devices = [CUDA, second, VULKAN, other, CPU]

    assert [one.name for one in cards_of(devices)] == ["CUDA0", "CUDA1"]
    assert [one.name for one in cards_of([CUDA, other, CPU])] == ["CUDA0", "Vulkan1"]
    assert [one.name for one in cards_once([CUDA, other, CPU])] == ["CUDA0", "Vulkan1"]


def test_where_cuda_fails_vulkan_gets_the_card_and_then_the_processor() -> None:
    devices = [CUDA, VULKAN, CPU]
    plan = fitted(PLAN, devices)
    step = safer_plan(plan, Cause.DRIVER, loading=True, devices=devices)
    assert step is not None
    assert step[0].devices == ("Vulkan0",)

    last = safer_plan(step[0], Cause.DRIVER, loading=True, devices=devices)
    assert last is not None
    assert last[0].n_gpu_layers == 0


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("driver", "fits"),
    [
        (CARD, True),
        (NvidiaDriver("525.60", ""), True),
        (NvidiaDriver("525.60.13", "5.0"), True),
        (NvidiaDriver("525.53", "8.6"), False),
        (NvidiaDriver("470.256.02", "8.6"), False),
        (NvidiaDriver("560.35.03", "3.5"), False),
        (None, False),
    ],
)
def test_a_pack_is_offered_where_card_and_driver_suffice(
    room: Room, driver: NvidiaDriver | None, *, fits: bool
) -> None:
    room.packs, room.driver = [listed(archive_of())], driver
    assert (room.open().view() is not None) is fits


@pytest.mark.parametrize(
    "change", [{"system": "win31"}, {"machine": "vax"}, {"engine": "0.0.1"}], ids=str
)
def test_and_only_for_this_system_and_engine(room: Room, change: dict[str, str]) -> None:
    room.packs = [replace(listed(archive_of()), **change)]  # type: ignore[arg-type]
    packs = room.open()

    assert packs.view() is None
    with pytest.raises(BadReference, match="no pack called cuda-12"):
        packs.find("cuda-12")


def test_where_none_is_listed_nobody_asks_for_the_driver(room: Room) -> None:
    def never() -> NvidiaDriver:
        raise AssertionError

    packs = EnginePacks(room.folder, room.work, LibrarySettings, {}, driver=never)
    try:
        assert packs.view() is None
        packs.settle(resume=True)
    finally:
        packs.close()
    assert not room.folder.exists()
