"""What a model is said to take of card and processor is what it takes there, with every split.

The card is Mesa's software device; the truth is llama.cpp's own report of a real load.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType as Kind

from desktop.backends.side_job import SIDE_JOB
from desktop.domain.errors import ModelLoadError
from desktop.domain.footprint import HOST, DeviceBytes, Point
from desktop.domain.model import KvType, LoadPlan
from desktop.services.measuring import measure
from tests import gguf_files, gguf_heads
from tests.harness.real_load import Buffer, allocated
from tests.unit.engine_stubs import instead

CARD = "Vulkan0"
POINTS = (Point(2048), Point(8192), Point(8192, KvType.Q8_0))
USES = {"model": "weights", "KV": "kv", "RS": "kv", "compute": "compute", "output": "output"}
# llama.cpp rounds each buffer to a hundredth of a MiB when it tells of it.
ROUNDING = 2**20 / 200 + 1
_WITHOUT_ACCOUNT = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.inference import breakdown, side_jobs
def absent(self, lib):
    raise AttributeError("not in this build")
breakdown.Breakdown.__init__ = absent
side_jobs.main(int(sys.argv[2]))
"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _software_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0")


def dense(folder: Path) -> Path:
    path = folder / "dense.gguf"
    return gguf_files.write_llama(path, width=256, layers=6, weights=Kind.Q4_0)


def tied(folder: Path) -> Path:
    """Return a model with windows, whose embeddings are its output matrix too."""
    return gguf_files.write_gemma2(folder / "tied.gguf", layers=4)


def hybrid(folder: Path) -> Path:
    """Return a mixture of experts of which three of four layers keep a state."""
    return gguf_heads.write_with_head(folder / "hybrid.gguf", "qwen35moe")


def recurrent(folder: Path) -> Path:
    return gguf_files.write_recurrent(folder / "recurrent.gguf", layers=4)


MODELS = [dense, tied, hybrid, recurrent]


def plan_for(path: Path, layers: int) -> LoadPlan:
    return LoadPlan(path=path, n_gpu_layers=layers, devices=(CARD,), threads=1)


def made(buffers: tuple[Buffer, ...], device: str, use: str) -> tuple[int, float]:
    """Return the bytes of all buffers of `use` on `device`, and how far the telling may be off."""
    sizes = [one.size for one in buffers if one.device == device and USES[one.use] == use]
    return sum(sizes), len(sizes) * ROUNDING


@pytest.mark.parametrize("layers", [0, 2, -1])
@pytest.mark.parametrize("make", MODELS)
def test_card_and_processor_take_what_was_said(
    make: Callable[[Path], Path], layers: int, tmp_path: Path
) -> None:
    plan = plan_for(make(tmp_path), layers)

    found = measure(tmp_path, plan.path, plan, POINTS)

    real = allocated(plan, [one.point for one in found])
    for one, buffers in zip(found, real, strict=True):
        assert [device.device for device in one.devices] == [HOST, CARD][: 2 if layers else 1]
        assert {buffer.device for buffer in buffers} <= {one.device for one in one.devices}
        for device in one.devices:
            for use in ("weights", "kv", "compute", "output"):
                size, rounding = made(buffers, device.device, use)
                assert abs(getattr(device, use) - size) <= rounding, (one.point, device, use)


def test_layers_on_the_card_are_counted(tmp_path: Path) -> None:
    path = dense(tmp_path)
    counts = [
        (one.layers, one.gpu_layers)
        for layers in (0, 2, -1)
        for one in measure(tmp_path, path, plan_for(path, layers), [Point(2048)])
    ]

    assert counts == [(7, 0), (7, 2), (7, 7)]


@pytest.mark.parametrize("layers", [2, -1])
@pytest.mark.parametrize("make", MODELS)
def test_a_build_that_hands_out_no_account_is_read_by_its_log(
    make: Callable[[Path], Path], layers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(make(tmp_path), layers)
    exact = measure(tmp_path, plan.path, plan, POINTS)
    instead(monkeypatch, _WITHOUT_ACCOUNT, SIDE_JOB)

    for one, other in zip(measure(tmp_path, plan.path, plan, POINTS), exact, strict=True):
        for device, true in zip(one.devices, other.devices, strict=True):
            assert device.total == pytest.approx(true.total, rel=0.02, abs=2**16)


def test_a_card_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = dense(tmp_path)
    plan = replace(plan_for(path, -1), devices=("CUDA7",))

    with pytest.raises(ModelLoadError, match="CUDA7"):
        measure(tmp_path, path, plan, [Point(2048)])


def test_without_layers_on_it_the_card_is_not_touched(tmp_path: Path) -> None:
    path = dense(tmp_path)
    (found,) = measure(tmp_path, path, replace(plan_for(path, 0), devices=()), [Point(2048)])

    assert [one.device for one in found.devices] == [HOST]
    assert isinstance(found.devices[0], DeviceBytes)
