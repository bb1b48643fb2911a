"""Files that llama.cpp cannot load are found out without loading them, and break nothing else."""

from pathlib import Path

import psutil
import pytest
from gguf import GGMLQuantizationType as Kind

from desktop.backends.side_job import SIDE_JOB, JobDied
from desktop.base.paths import resources
from desktop.domain.errors import (
    EngineMissing,
    LapisError,
    ModelFileError,
    ModelLoadError,
    OutOfMemory,
)
from desktop.domain.footprint import Point
from desktop.domain.model import LoadPlan
from desktop.services import measuring
from tests import gguf_files
from tests.harness.models import Models
from tests.unit.engine_stubs import instead, stub

_FAILS = "from desktop.inference.side_messages import JobFailed\nhear(); out(JobFailed({!r}, ''))"
# The real process; its child notes what it read of the file.
_READ = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from desktop.inference import measuring, side_jobs
# Later it may not be opened any more.
accounts = open("/proc/self/io")
real = measuring.measure
def measure(*given):
    found = real(*given)
    Path({noted!r}).write_text(accounts.read().split()[1])
    return found
measuring.measure = measure
side_jobs.main(int(sys.argv[2]))
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def fault(work: Path, path: Path) -> LapisError | None:
    """Return why the file at `path` cannot be loaded, None if it can."""
    try:
        measuring.measure(work, path, LoadPlan(path=path, n_gpu_layers=0), [Point(256)])
    except (ModelFileError, ModelLoadError) as error:
        return error
    return None


@pytest.mark.parametrize("kind", ["llama", "gemma2", "recurrent", "bert"])
def test_models_of_every_kind_can_be_loaded(kind: str, work: Path, models: Models) -> None:
    assert fault(work, getattr(models, kind)) is None
    assert list(work.iterdir()) == []
    assert psutil.Process().children() == []


def test_the_guide_can_be_loaded(work: Path) -> None:
    assert fault(work, resources() / "guide" / "guide.gguf") is None


def test_a_split_model_can_be_loaded_and_one_with_a_damaged_part_not(
    work: Path, tmp_path: Path
) -> None:
    path = gguf_files.write_llama(tmp_path / "Big.gguf", weights=Kind.F16, width=256, parts=3)
    assert fault(work, path) is None

    part = tmp_path / "Big-00002-of-00003.gguf"
    part.write_bytes(part.read_bytes()[:-4096])
    assert isinstance(fault(work, path), ModelFileError)


def test_weights_that_llama_cpp_misses_are_noticed(work: Path, models: Models) -> None:
    path = work.parent / "model.gguf"
    path.write_bytes(
        models.llama.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight")
    )

    found = fault(work, path)

    assert isinstance(found, ModelLoadError)
    assert str(found) == "The engine could not load this model"


def test_weights_of_another_shape_are_noticed(work: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", extra={"llama.feed_forward_length": 256})

    assert isinstance(fault(work, path), ModelLoadError)


@pytest.mark.parametrize("content", [b"", b"GGUF nonsense and more of it", b"<!doctype html>"])
def test_what_is_no_model_is_said_without_a_process(
    content: bytes, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "raise SystemExit('never started')", SIDE_JOB)
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    assert isinstance(fault(work, path), ModelFileError)


@pytest.mark.parametrize("ending", ["os.abort()", "os.kill(os.getpid(), signal.SIGSEGV)"])
def test_a_file_that_crashes_the_engine_is_to_blame(
    ending: str, work: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub(f"hear(); out(Step('load')); {ending}"), SIDE_JOB)

    found = fault(work, models.llama)

    assert isinstance(found, ModelLoadError)
    assert str(found) == "The engine crashes on this model file"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("hear(); os.kill(os.getpid(), signal.SIGKILL)", JobDied),
        ("hear(); os.kill(os.getpid(), signal.SIGILL)", JobDied),
        ("hear(); w.write(b'nonsense' * 9); w.flush(); wait_for_ever()", JobDied),
        ("hear(); wait_for_ever()", JobDied),
        (_FAILS.format("memory"), OutOfMemory),
        (_FAILS.format("backends"), EngineMissing),
    ],
)
def test_what_is_not_the_files_fault_is_no_verdict(
    code: str,
    error: type[LapisError],
    work: Path,
    models: Models,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instead(monkeypatch, stub(code), SIDE_JOB)
    monkeypatch.setattr(measuring, "_SECONDS", 1.0)

    with pytest.raises(error):
        fault(work, models.llama)
    assert list(work.iterdir()) == []


def test_the_weights_are_not_read(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self/io").exists():
        pytest.skip("the system does not tell what a process reads")
    path = gguf_files.write_llama(tmp_path / "model.gguf", width=512, layers=4)
    noted = tmp_path / "read"
    instead(monkeypatch, _READ.replace("{noted!r}", repr(str(noted))), SIDE_JOB)

    assert fault(work, path) is None

    # The libraries and Python itself are read too.
    assert path.stat().st_size > 30_000_000
    assert int(noted.read_text()) < 15_000_000
