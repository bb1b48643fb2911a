"""A smaller file of the same model, made by real llama.cpp: foretold, whole, or not there at all.

What only a broken process does (die, hang, lie) is done by stand-ins for it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import psutil
import pytest
from gguf import GGMLQuantizationType as Kind

from desktop.backends.side_job import SIDE_JOB, Cancelled, JobDied, run_job
from desktop.base.paths import resources
from desktop.domain.errors import LapisError, ModelFileError, StorageError, UserFixable
from desktop.domain.footprint import Point
from desktop.domain.model import LoadPlan
from desktop.inference.side_messages import Predict, Predicted
from desktop.models.gguf import open_header, read_gguf
from desktop.models.gguf_types import TENSORS
from desktop.models.quantising import _KINDS, TARGETS, stem_for
from desktop.services.measuring import measure
from desktop.services.requantise import Choice, choices, requantise
from desktop.services.shelf_incoming import INCOMING, remove_leftovers
from tests import gguf_files
from tests.harness.waiting import wait_for
from tests.unit.engine_stubs import instead, stub

_ROOT = Path(__file__).parents[2]
_ALIGNMENT = 32
# A child that predicts as the real one does, and has begun to write.
_PREDICTS = """
from desktop.inference.side_messages import *
order = hear()
if isinstance(order, Predict):
    from desktop.inference.bindings import load_bindings
    from desktop.inference.requantising import predict
    out(predict(load_bindings()[0], order))
    sys.exit(0)
part = Path(os.fsdecode(order.folder)) / order.name
part.write_bytes(bytes(100_000))
"""
# The real process, but for the writing, which never comes to its end.
_SLOW = """
import os, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from desktop.inference import requantising, side_jobs
def quantise(lib, order, on_progress):
    (Path(os.fsdecode(order.folder)) / order.name).write_bytes(bytes(100_000))
    threading.Event().wait()
requantising.quantise = quantise
side_jobs.main(int(sys.argv[2]))
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def loads(work: Path, path: Path) -> bool:
    """Whether llama.cpp takes the file; raises what it says if not."""
    return bool(measure(work, path, LoadPlan(path=path, n_gpu_layers=0), [Point(256)]))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an F16 model whose rows suit K-quants."""
    path = tmp_path_factory.mktemp("half") / "Tiny-F16.gguf"
    return gguf_files.write_llama(path, weights=Kind.F16, width=256, layers=2)


def make(
    work: Path,
    path: Path,
    quantisation: str,
    library: Path,
    told: Callable[[int, int], None] = lambda _done, _total: None,
    cancel: Event | None = None,
) -> Path | None:
    return requantise(work, path, quantisation, library, told, cancel or Event())


def left(*folders: Path) -> list[Path]:
    """Return whatever lies in the folders."""
    return [path for folder in folders for path in folder.rglob("*")]


def test_every_quantisation_comes_out_as_long_as_foretold_and_loads(
    half: Path, work: Path, library: Path
) -> None:
    foretold = choices(work, half)

    made = {name: make(work, half, name, library) or half for name, _size in foretold}

    assert [name for name, _size in foretold] == list(TARGETS)
    for name, size in foretold:
        path = made[name]
        assert path == library / f"Tiny-{name}" / f"Tiny-{name}.gguf"
        assert 0 <= size - path.stat().st_size < _ALIGNMENT + 1
        info = read_gguf(path)
        assert info.quantisation == name
        assert info.has_template
    assert loads(work, made["Q4_K_M"])
    assert loads(work, made["Q2_K"])
    assert left(work) == []
    assert not (library / INCOMING).exists()


@pytest.mark.parametrize("kind", [Kind.F32, Kind.BF16, Kind.Q8_0])
def test_other_whole_files_are_made_smaller_too(
    kind: Kind, work: Path, library: Path, tmp_path: Path
) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", weights=kind, width=256)
    foretold = dict(choices(work, path))

    made = make(work, path, "Q4_K_M", library)

    assert made is not None
    assert 0 <= foretold["Q4_K_M"] - made.stat().st_size <= _ALIGNMENT
    assert ("Q8_0" in foretold) == (kind is not Kind.Q8_0)


def test_a_split_model_becomes_one_file(work: Path, library: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(
        tmp_path / "Big-F16.gguf", weights=Kind.F16, width=256, layers=2, parts=3
    )
    foretold = dict(choices(work, path))

    made = make(work, path, "Q4_K_M", library)

    assert made == library / "Big-Q4_K_M" / "Big-Q4_K_M.gguf"
    assert 0 <= foretold["Q4_K_M"] - made.stat().st_size <= _ALIGNMENT
    assert "split.count" not in open_header(made)[0].values
    assert loads(work, made)


def test_a_part_that_is_missing_is_named(work: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "Big-F16.gguf", weights=Kind.F16, width=256, parts=3)
    (tmp_path / "Big-F16-00002-of-00003.gguf").unlink()

    with pytest.raises(ModelFileError, match="Parts of this model are missing"):
        choices(work, path)


def test_the_guide_is_made_smaller_where_that_saves_something(work: Path, library: Path) -> None:
    guide = resources() / "guide" / "guide.gguf"
    foretold = choices(work, guide)

    assert [name for name, _size in foretold] == ["Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0"]
    made = make(work, guide, "Q4_K_M", library)
    assert made is not None
    assert abs(dict(foretold)["Q4_K_M"] - made.stat().st_size) <= _ALIGNMENT
    assert loads(work, made)


def test_what_saves_nothing_is_refused(work: Path, library: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", weights=Kind.Q8_0, width=256)

    with pytest.raises(UserFixable, match="As Q8_0 this model would not be smaller"):
        make(work, path, "Q8_0", library)
    assert left(library) == []


def test_what_is_quantised_already_is_refused(work: Path, library: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", weights=Kind.Q4_0, width=256)

    with pytest.raises(ModelFileError, match=r"quantised already \(Q4_0\)"):
        choices(work, path)
    with pytest.raises(ModelFileError, match="quantised already"):
        make(work, path, "Q2_K", library)
    assert left(library) == []


@pytest.mark.parametrize("name", ["IQ2_XXS", "Q4_K_M ", "", "../../x"])
def test_a_quantisation_that_is_not_offered_is_refused(
    name: str, half: Path, work: Path, library: Path
) -> None:
    with pytest.raises(UserFixable, match="cannot be made here"):
        make(work, half, name, library)


def test_progress_counts_bytes_of_the_new_file_and_never_goes_back(
    half: Path, work: Path, library: Path
) -> None:
    told: list[tuple[int, int]] = []

    made = make(work, half, "Q6_K", library, lambda done, total: told.append((done, total)))

    assert made is not None
    assert {total for _done, total in told} == {dict(choices(work, half))["Q6_K"]}
    assert [done for done, _total in told] == sorted(done for done, _total in told)
    assert any(0 < done < total for done, total in told)
    assert told[-1][0] == told[-1][1]


def test_what_is_stopped_leaves_nothing(half: Path, work: Path, library: Path) -> None:
    cancel = Event()

    made = make(work, half, "Q2_K", library, lambda _done, _total: cancel.set(), cancel)

    assert made is None
    assert left(work, library) == []


def test_what_is_stopped_before_it_began_leaves_nothing(
    half: Path, work: Path, library: Path
) -> None:
    cancel = Event()
    cancel.set()

    assert make(work, half, "Q2_K", library, cancel=cancel) is None
    assert left(work, library) == []


def test_a_name_that_is_taken_is_refused_before_anything_is_written(
    half: Path, work: Path, library: Path
) -> None:
    taken = library / "tiny-q4_k_m.GGUF"
    taken.write_bytes(b"another")

    with pytest.raises(StorageError, match="Tiny-Q4_K_M is in the library already"):
        make(work, half, "Q4_K_M", library)

    assert left(library) == [taken]
    assert taken.read_bytes() == b"another"


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "memory ran out"),
        ("os.abort()", "stopped itself"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("sys.stderr.write('std::bad_alloc'); sys.stderr.flush(); os._exit(1)", "no more memory"),
        ("os._exit(0)", "ended unexpectedly"),
        ("w.write(b'nonsense' * 100); w.flush(); wait_for_ever()", "failed and was ended"),
        ("out(Predicted([])); wait_for_ever()", "failed and was ended"),
    ],
)
def test_a_process_that_dies_is_told_in_words_and_leaves_nothing(
    ending: str,
    words: str,
    half: Path,
    work: Path,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instead(monkeypatch, stub(_PREDICTS + ending), SIDE_JOB)

    with pytest.raises(JobDied, match=words) as death:
        make(work, half, "Q4_K_M", library)

    assert "Nothing was changed" in str(death.value.hint)
    assert left(work, library) == []


@pytest.mark.parametrize(
    "answer",
    [
        "Predicted([])",
        "Predicted([[]])",
        "Predicted([[Share('q4_K', 256, 1)]])",
        "Predicted([[Share('q4_K', 256, 1), Share('q4_K', 0, 10**18)]])",
        "Predicted([[Share('no such type', 256, 21)]])",
    ],
)
def test_a_prediction_that_cannot_be_true_is_not_believed(
    answer: str, half: Path, work: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"from desktop.inference.side_messages import *\nhear(); out({answer})"
    instead(monkeypatch, stub(code), SIDE_JOB)

    with pytest.raises(JobDied, match="failed and was ended"):
        make(work, half, "Q4_K_M", library)


def test_a_result_that_is_not_what_was_asked_for_is_thrown_away(
    half: Path, work: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub(_PREDICTS + "out(Quantised())"), SIDE_JOB)

    with pytest.raises(StorageError, match="came out damaged"):
        make(work, half, "Q4_K_M", library)
    assert left(work, library) == []


def test_a_process_that_says_nothing_is_ended(
    half: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("hear(); wait_for_ever()"), SIDE_JOB)

    with pytest.raises(JobDied, match="stopped responding"):
        run_job(work, Predict(os.fsencode(half), [15]), Predicted, patience=0.4)
    assert left(work) == []


def test_a_process_is_gone_when_its_job_is_cancelled(
    half: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("hear(); out(Step('quantise')); wait_for_ever()"), SIDE_JOB)
    asked = iter([False, True])

    with pytest.raises(Cancelled):
        run_job(
            work,
            Predict(os.fsencode(half), [15]),
            Predicted,
            patience=60,
            cancelled=lambda: next(asked),
        )
    assert psutil.Process().children() == []
    assert left(work) == []


def test_an_answer_to_another_question_is_no_answer(
    half: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("hear(); ready(); wait_for_ever()"), SIDE_JOB)

    with pytest.raises(JobDied, match="failed and was ended"):
        run_job(work, Predict(os.fsencode(half), [15]), Predicted, patience=60)


def test_a_system_that_starts_no_process_is_told(half: Path, work: Path) -> None:
    shutil.rmtree(work)
    work.write_text("no folder")

    with pytest.raises(LapisError, match="could not be started"):
        choices(work, half)


@linux
def test_a_killed_lapis_takes_its_job_along_and_the_next_start_clears_up(
    half: Path, work: Path, library: Path
) -> None:
    code = f"""
import sys
from pathlib import Path
from threading import Event
from desktop.backends import process
from desktop.backends.side_job import SIDE_JOB
from desktop.services.requantise import requantise
from tests.unit.engine_stubs import commands
process.child_command = commands({_SLOW!r}, SIDE_JOB)
work, half, library = map(Path, sys.argv[1:])
requantise(work, half, "Q4_K_M", library, lambda *_: None, Event())
"""
    with subprocess.Popen([sys.executable, "-c", code, work, half, library], cwd=_ROOT) as lapis:
        try:
            wait_for(lambda: list(library.rglob("*.part")), 60)
            (child,) = psutil.Process(lapis.pid).children()
            remove_leftovers(library)
            assert list(library.rglob("*.part"))
        finally:
            lapis.send_signal(signal.SIGKILL)
            lapis.wait()
    wait_for(lambda: not child.is_running())
    assert [path.name for path in library.iterdir()] == [INCOMING]

    remove_leftovers(library)

    assert left(library) == []


# Disks


@linux
def test_a_disk_that_is_full_or_too_small_is_said_and_nothing_stays(
    half: Path, work: Path, tmp_path: Path
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    code = """
import json, sys
from pathlib import Path
from threading import Event
from desktop.domain.errors import StorageError
from desktop.services import shelf_room
from desktop.services.requantise import requantise
work, half, disk = map(Path, sys.argv[1:])
titles = []
for room_to_leave in (shelf_room.ROOM_TO_LEAVE, -10**9):
    shelf_room.ROOM_TO_LEAVE = room_to_leave
    try:
        requantise(work, half, "Q8_0", disk, lambda *_: None, Event())
    except StorageError as error:
        titles.append(str(error.title))
print(json.dumps([titles, [str(path) for path in disk.rglob("*")]]))
"""
    script = tmp_path / "script.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(_ROOT)!r})\n{code}", encoding="utf-8")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=1m none {disk}"
    if subprocess.run(["unshare", "-Urm", "sh", "-c", mount], check=False).returncode:
        pytest.skip("user namespaces are not allowed here")

    done = subprocess.run(
        [
            *("unshare", "-Urm", "sh", "-c"),
            f"{mount} && exec {sys.executable} {script} {work} {half} {disk}",
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )

    titles, stayed = json.loads(done.stdout)
    assert titles == [
        f"There is not enough room in {disk}: 2 MB are needed, 1 MB are free",
        "The disk is full",
    ]
    assert stayed == []


@linux
def test_a_folder_that_may_not_be_written_to_is_said(half: Path, work: Path) -> None:
    with pytest.raises(StorageError):
        make(work, half, "Q4_K_M", Path("/proc/nowhere"))


# Hostile files


@pytest.mark.parametrize(
    "name", [b"] - [ 9], type = i8, ", b"[ 1/ 9] a - [ 7], typ", b"size = 1 MiB -> 2 Mi\n"]
)
def test_a_tensor_named_like_a_line_of_the_log_deceives_nobody(
    name: bytes, half: Path, work: Path, library: Path
) -> None:
    path = half.with_name("hostile-F16.gguf")
    path.write_bytes(half.read_bytes().replace(b"blk.0.ffn_gate.weight", name))
    assert path.read_bytes() != half.read_bytes()
    foretold = dict(choices(work, path))

    made = make(work, path, "Q4_K_M", library)

    assert made is not None
    assert 0 <= foretold["Q4_K_M"] - made.stat().st_size <= _ALIGNMENT


def test_weights_that_are_no_numbers_are_refused(half: Path, work: Path, library: Path) -> None:
    path = half.with_name("nan-F16.gguf")
    header, _size = open_header(half)
    place = header.data + next(t.start for t in header.tensors if t.name == "blk.1.ffn_up.weight")
    content = bytearray(half.read_bytes())
    content[place : place + 512] = b"\x00\x7e" * 256
    path.write_bytes(content)

    with pytest.raises(ModelFileError, match="damaged"):
        make(work, path, "Q4_K_M", library)
    assert left(work, library) == []


def test_a_file_cut_off_is_refused(half: Path, work: Path) -> None:
    path = half.with_name("cut-F16.gguf")
    path.write_bytes(half.read_bytes()[:-4096])

    with pytest.raises(ModelFileError, match="incomplete"):
        choices(work, path)


def test_a_layout_that_llama_cpp_would_write_wrongly_is_refused(work: Path, tmp_path: Path) -> None:
    path = gguf_files.write_llama(
        tmp_path / "model.gguf", weights=Kind.F16, extra={"general.alignment": 16}
    )

    with pytest.raises(ModelFileError, match="laid out"):
        choices(work, path)


# Names


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("gemma-2-9b-it-F16.gguf", "gemma-2-9b-it-Q4_K_M"),
        ("gemma-2-9b-it-f16.gguf", "gemma-2-9b-it-Q4_K_M"),
        ("Model.BF16.gguf", "Model-Q4_K_M"),
        ("Model_fp16.gguf", "Model-Q4_K_M"),
        ("Model-Q8_0-00001-of-00002.gguf", "Model-Q4_K_M"),
        ("F16-trainer-7B.gguf", "trainer-7B-Q4_K_M"),
        ("千问 7B.gguf", "千问 7B-Q4_K_M"),
        ("a:b?c.gguf", "a_b_c-Q4_K_M"),
        ("F16.gguf", "model-Q4_K_M"),
        (".gguf", "Their own name-Q4_K_M"),
        ("sha256-0123abcd", "Their own name-Q4_K_M"),
    ],
)
def test_the_new_file_is_named_after_the_old_one(file: str, stem: str) -> None:
    assert stem_for(Path(file), "Their own name", "Q4_K_M") == stem


def test_the_types_are_those_of_ggml() -> None:
    assert {name.casefold(): number for name, number in _KINDS.items()} == {
        Kind(number).name.casefold(): number for number in _KINDS.values()
    }
    assert set(_KINDS.values()) <= set(TENSORS)


def test_a_choice_is_a_pair() -> None:
    assert Choice("Q4_K_M", 5) == ("Q4_K_M", 5)
