"""What a model is said to take is what llama.cpp really takes when it loads it; and bad files."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from gguf import GGMLQuantizationType as Kind

from desktop.backends.side_job import SIDE_JOB, Cancelled, JobDied, run_job
from desktop.backends.wire import load_command
from desktop.base.sparse import sparse_file
from desktop.domain.errors import (
    EngineMissing,
    LapisError,
    ModelFileError,
    ModelLoadError,
    OutOfMemory,
)
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.model import FlashAttention, KvType, LoadPlan
from desktop.inference.side_messages import Measure, Measured
from desktop.services import measuring
from desktop.services.measuring import measure
from tests import gguf_files, gguf_heads
from tests.harness.models import Models
from tests.harness.real_load import allocated
from tests.unit.engine_stubs import instead, stub

_POINTS = (
    Point(512),
    Point(2048),
    Point(4096),
    Point(2048, KvType.Q8_0),
    Point(2048, KvType.Q4_0),
)


_USES = {"model": "weights", "KV": "kv", "RS": "kv", "compute": "compute", "output": "output"}
# llama.cpp rounds each buffer to a hundredth of a MiB when it tells of it.
_ROUNDING = 2**20 / 200


@dataclass(frozen=True, slots=True)
class Truth:
    """What a real load took on the processor; of each use `rounding` bytes are lost in the telling."""

    taken: DeviceBytes
    rounding: dict[str, float]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def plan_for(path: Path) -> LoadPlan:
    return LoadPlan(path=path, n_gpu_layers=0, threads=1)


def really(plan: LoadPlan, point: Point) -> Truth:
    """Load a model as the engine does, and return what llama.cpp made."""
    (buffers,) = allocated(plan, [point])
    assert {buffer.device for buffer in buffers} == {HOST}
    sizes = dict.fromkeys(_USES.values(), 0)
    rounding = dict.fromkeys(_USES.values(), 1.0)
    for buffer in buffers:
        sizes[_USES[buffer.use]] += buffer.size
        rounding[_USES[buffer.use]] += _ROUNDING
    return Truth(DeviceBytes(HOST, **sizes), rounding)


def assert_same(found: Footprint, truth: Truth) -> None:
    (device,) = found.devices
    for use, rounding in truth.rounding.items():
        said, made = getattr(device, use), getattr(truth.taken, use)
        assert abs(said - made) <= rounding, (found.point, use, said, made)


def dense(folder: Path) -> Path:
    return gguf_files.write_llama(folder / "dense.gguf", width=256, layers=3)


def repacked(folder: Path) -> Path:
    """Return a model whose matrices lie in another order for most processors."""
    path = folder / "repacked.gguf"
    return gguf_files.write_llama(path, width=256, layers=3, weights=Kind.Q4_0)


def in_parts(folder: Path) -> Path:
    path = folder / "parts.gguf"
    return gguf_files.write_llama(path, width=256, layers=3, parts=3)


def windowed(folder: Path) -> Path:
    """Return a model with windows, whose output matrix is that of its embeddings."""
    return gguf_files.write_gemma2(folder / "windowed.gguf", layers=4)


def recurrent(folder: Path) -> Path:
    return gguf_files.write_recurrent(folder / "recurrent.gguf", layers=2)


def hybrid(folder: Path) -> Path:
    return gguf_heads.write_with_head(folder / "hybrid.gguf", "qwen35")


def mixture(folder: Path) -> Path:
    return gguf_heads.write_with_head(folder / "mixture.gguf", "glm4moe")


def embedding(folder: Path) -> Path:
    return gguf_files.write_bert(folder / "embedding.gguf")


@pytest.mark.parametrize(
    "make", [dense, repacked, in_parts, windowed, recurrent, hybrid, mixture, embedding]
)
def test_what_is_measured_is_what_is_taken(
    make: Callable[[Path], Path], work: Path, tmp_path: Path
) -> None:
    plan = plan_for(make(tmp_path))

    found = measure(work, plan.path, plan, _POINTS)

    assert [one.certainty for one in found] == [Certainty.MEASURED] * len(_POINTS)
    for one in found:
        assert_same(one, really(plan, one.point))
    assert list(work.iterdir()) == []
    assert psutil.Process().children() == []


@pytest.mark.parametrize(
    "change",
    [
        {"slots": 1},
        {"extra_buffers": False},
        {"swa_full": True},
        {"n_batch": 256, "n_ubatch": 128},
        {"draft_tokens": 0},
        {"flash_attention": FlashAttention.OFF},
        {"mmap": True},
    ],
)
def test_every_setting_counts_that_the_engine_follows(
    change: dict[str, object], work: Path, tmp_path: Path
) -> None:
    path = windowed(tmp_path)
    plan = replace(plan_for(path), **change)  # type: ignore[arg-type]
    (found,) = measure(work, path, plan, [Point(2048)])

    assert_same(found, really(replace(plan, mmap=False), found.point))


@pytest.mark.parametrize("kind", ["glm4moe", "qwen35", "qwen35moe"])
def test_heads_that_guess_have_a_context_of_their_own(
    kind: gguf_heads.Kind, work: Path, tmp_path: Path
) -> None:
    path = gguf_heads.write_with_head(tmp_path / "model.gguf", kind)
    rollback = 0 if kind == "glm4moe" else 3
    plan = replace(plan_for(path), next_token_heads=True, rollback=rollback)

    (without,) = measure(work, path, plan_for(path), [Point(1024)])
    (found,) = measure(work, path, plan, [Point(1024)])

    assert_same(found, really(plan, found.point))
    assert found.weights > without.weights
    assert found.kv > without.kv


def test_a_model_that_guesses_for_another_is_counted(
    work: Path, tmp_path: Path, models: Models
) -> None:
    path = dense(tmp_path)
    plan = replace(plan_for(path), draft_model=models.llama)

    (alone,) = measure(work, path, plan_for(path), [Point(1024)])
    (found,) = measure(work, path, plan, [Point(1024)])

    assert_same(found, really(plan, found.point))
    assert found.weights > alone.weights


def test_a_cache_that_cannot_be_quantised_is_measured_as_it_will_be(
    work: Path, models: Models
) -> None:
    # Heads of 16 numbers, where a block has 32.
    found = measure(work, models.gemma2, plan_for(models.gemma2), [Point(1024, KvType.Q8_0)])

    assert [one.point for one in found] == [Point(1024)]


def test_the_header_alone_measures_as_the_whole_file(work: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", width=512, layers=4)
    size = path.stat().st_size
    whole = measure(work, path, plan_for(path), _POINTS)

    with sparse_file(tmp_path, path.read_bytes()[: 2**17], size) as hollow:
        assert hollow.stat().st_blocks * 512 < 2**20 < size
        measured = measure(work, hollow, plan_for(hollow), _POINTS)
        assert [one.devices for one in measured] == [one.devices for one in whole]


def test_layers_are_counted_and_the_projector_is_added(work: Path, tmp_path: Path) -> None:
    path = dense(tmp_path)
    (found,) = measure(work, path, plan_for(path), [Point(1024)], projector_bytes=12345)

    assert (found.layers, found.gpu_layers) == (4, 0)
    assert found.total == found.devices[0].total + 12345 + found.process


def test_memory_never_falls_when_the_context_grows(work: Path, tmp_path: Path) -> None:
    path = hybrid(tmp_path)
    points = [Point(context) for context in range(256, 20_000, 1024)]
    totals = [one.total for one in measure(work, path, plan_for(path), points)]

    assert totals == sorted(totals)
    assert totals[0] < totals[-1]


_WITHOUT_ACCOUNT = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.inference import breakdown, side_jobs
def absent(self, lib):
    raise AttributeError("not in this build")
def astray(self, ctx):
    raise ValueError("a map of 0 entries")
breakdown.Breakdown.{method}
side_jobs.main(int(sys.argv[2]))
"""


@pytest.mark.parametrize("method", ["__init__ = absent", "of = astray"])
@pytest.mark.parametrize("make", [dense, in_parts, windowed, recurrent, mixture])
def test_a_build_that_hands_out_no_account_is_read_by_its_log(
    make: Callable[[Path], Path],
    method: str,
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make(tmp_path)
    exact = measure(work, path, plan_for(path), _POINTS)
    instead(monkeypatch, _WITHOUT_ACCOUNT.format(method=method), SIDE_JOB)

    for one, other in zip(measure(work, path, plan_for(path), _POINTS), exact, strict=True):
        for use in _USES.values():
            assert getattr(one, use) == pytest.approx(getattr(other, use), rel=0.01, abs=2**14)


def test_an_unknown_architecture_is_called_by_its_name(work: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf")
    path.write_bytes(path.read_bytes().replace(b"llama", b"l1ama"))

    with pytest.raises(ModelFileError, match="l1ama") as caught:
        measure(work, path, plan_for(path), [Point(512)])

    assert "newer version of Lapis" in str(caught.value.hint)


def test_one_that_only_llama_cpp_does_not_know_too(
    work: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "error loading model: unknown model architecture: 'gemma9'"
    answer = f"out(JobFailed('architecture', {said!r}))"
    instead(monkeypatch, stub(f"{_JOB_WORDS}\nhear(); {answer}; wait_for_ever()"), SIDE_JOB)

    with pytest.raises(ModelLoadError, match="gemma9"):
        measure(work, models.llama, plan_for(models.llama), [Point(512)])


@pytest.mark.parametrize("content", [b"", b"GGUF nonsense", b"<!doctype html>", b"\0" * 9999])
def test_what_is_no_model_is_said_without_a_process(
    content: bytes, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "raise SystemExit('never started')", SIDE_JOB)
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(ModelFileError):
        measure(work, path, plan_for(path), [Point(512)])


def test_a_file_cut_off_is_said_without_a_process(
    work: Path, tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "raise SystemExit('never started')", SIDE_JOB)
    path = tmp_path / "model.gguf"
    path.write_bytes(models.llama.read_bytes()[:-4096])

    with pytest.raises(ModelFileError, match="incomplete"):
        measure(work, path, plan_for(path), [Point(512)])


_JOB_WORDS = """
from desktop.inference.side_messages import *
def measured(rooms, process=1):
    out(Measured(architecture="llama", parameters=1, trained=512, embeds=False, layers=["CPU"],
                 process=process, rooms=rooms))
CPU_ROOM = Room("CPU", 1, 1, 1, 1)
"""


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("out(Step('load')); os.abort()", ModelLoadError),
        ("out(Step('load')); os.kill(os.getpid(), signal.SIGSEGV)", ModelLoadError),
        ("os.abort()", JobDied),
        ("os.kill(os.getpid(), signal.SIGSEGV)", JobDied),
        ("os.kill(os.getpid(), signal.SIGKILL)", JobDied),
        ("wait_for_ever()", JobDied),
        ("out(JobFailed('memory', '')); wait_for_ever()", OutOfMemory),
        ("out(JobFailed('context', '')); wait_for_ever()", OutOfMemory),
        ("out(JobFailed('backends', '')); wait_for_ever()", EngineMissing),
        ("out(JobFailed('device', 'CUDA7')); wait_for_ever()", ModelLoadError),
        ("measured([]); wait_for_ever()", JobDied),
        ("measured([[]]); wait_for_ever()", JobDied),
        ("measured([[Room('CPU', -1, 1, 1, 1)]]); wait_for_ever()", JobDied),
        ("measured([[Room('CPU', 1, 2**60, 1, 1)]]); wait_for_ever()", JobDied),
        ("measured([[CPU_ROOM]], process=-1); wait_for_ever()", JobDied),
        ("measured([[CPU_ROOM], [CPU_ROOM]]); wait_for_ever()", JobDied),
    ],
)
def test_whatever_becomes_of_the_process_is_said_in_words(
    code: str,
    error: type[LapisError],
    work: Path,
    models: Models,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instead(monkeypatch, stub(f"{_JOB_WORDS}\nhear(); {code}"), SIDE_JOB)
    monkeypatch.setattr(measuring, "_SECONDS", 2.0)

    with pytest.raises(error) as caught:
        measure(work, models.llama, plan_for(models.llama), [Point(512)])

    assert str(caught.value.title)
    assert str(caught.value.hint)
    assert list(work.iterdir()) == []


def test_a_crash_with_layers_on_a_card_is_not_blamed_on_the_file(
    work: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "hear(); out(Step('load')); os.kill(os.getpid(), signal.SIGSEGV)"
    instead(monkeypatch, stub(crash), SIDE_JOB)
    plan = replace(plan_for(models.llama), n_gpu_layers=-1)

    with pytest.raises(JobDied):
        measure(work, models.llama, plan, [Point(512)])


def test_progress_at_every_point_keeps_a_slow_measurement_alive(
    work: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = """
    hear()
    for done in range(6):
        time.sleep(0.6)
        out(Advanced(done))
    measured([[CPU_ROOM]])
    wait_for_ever()
    """
    instead(monkeypatch, stub(_JOB_WORDS) + textwrap.dedent(slow), SIDE_JOB)
    monkeypatch.setattr(measuring, "_SECONDS", 2.0)

    (found,) = measure(work, models.llama, plan_for(models.llama), [Point(512)])

    assert found.devices == (DeviceBytes(HOST, 1, 1, 1, 1),)


def test_every_point_is_a_sign_of_life(work: Path, models: Models) -> None:
    load = load_command(plan_for(models.llama), None, 0)
    order = Measure(load, [(context, "f16") for context in (512, 1024, 2048)])
    told: list[int] = []

    def tick(points: int | None) -> None:
        told.extend([] if points is None else [points])

    run_job(work, order, Measured, patience=60, tick=tick)

    assert told == [1, 2, 3]


def test_a_measurement_can_be_called_off(work: Path, models: Models) -> None:
    with pytest.raises(Cancelled):
        measure(work, models.llama, plan_for(models.llama), [Point(512)], cancelled=lambda: True)

    assert list(work.iterdir()) == []
    assert psutil.Process().children() == []
