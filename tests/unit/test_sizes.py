"""The one door to memory figures: reckoned at once, measured once, kept, corrected by what was."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import pytest

from desktop.backends.side_job import Cancelled
from desktop.base.cancelling import never
from desktop.domain.errors import ModelFileError, NetworkError, StorageError
from desktop.domain.footprint import (
    HOST,
    Certainty,
    DeviceBytes,
    Footprint,
    Load,
    Point,
)
from desktop.domain.model import GgufInfo, InstalledModel, KvType, LoadPlan
from desktop.domain.repository import (
    Gate,
    QuantisedModel,
    RemoteFile,
    Repository,
    Source,
    SourceKind,
)
from desktop.domain.settings import EngineSettings
from desktop.domain.shelf import ModelDefaults
from desktop.domain.speed import Reading
from desktop.domain.text import Text
from desktop.models.fit import reckoned
from desktop.models.gguf import read_gguf
from desktop.models.gguf_reader import read_header
from desktop.models.split import part_path
from desktop.services.remote_headers import RemoteHeaders, WholeHeader
from desktop.services.sized_points import plan_key
from desktop.services.sizes import Listed, Sizes, grid, plain_plan
from desktop.store import records as store_records
from desktop.store.migrations import create
from desktop.store.record_sizes import LoadRecord
from desktop.store.record_steps import RECORD_STEPS
from desktop.store.records import Records
from tests.gguf_files import write_llama
from tests.harness.waiting import wait_for

MIB = 2**20
POINTS = [Point(2048), Point(4096), Point(4096, KvType.Q8_0)]
SOURCE = Source(SourceKind.HUGGING_FACE, "https://hub.example")


class Llama:
    """Stands in for the measuring process: counts what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[Point] = []
        self.waits: threading.Event | None = None

    def __call__(
        self,
        work_folder: Path,
        path: Path,
        plan: LoadPlan,
        points: Sequence[Point],
        *,
        projector_bytes: int = 0,
        info: GgufInfo | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> tuple[Footprint, ...]:
        self.asked += points
        if self.waits is not None:
            assert self.waits.wait(30)
        return tuple(
            Footprint(
                point,
                (DeviceBytes(HOST, 1000 * MIB, point.context * 1000, 100 * MIB, MIB),),
                Certainty.MEASURED,
                layers=33,
                projector=projector_bytes,
                process=150 * MIB,
            )
            for point in points
        )


@pytest.fixture
def llama() -> Llama:
    return Llama()


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    path = write_llama(tmp_path / "tiny.gguf", context_length=32_768)
    return InstalledModel("tiny", "Tiny", path, path.stat().st_size)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with closing(Records(tmp_path / "models.db")) as one:
        yield one


def sizes_of(records: Records | None, llama: Llama, machine: str = "here") -> Sizes:
    return Sizes(Path("work"), records, ask=llama, machine=lambda: machine)


@pytest.fixture
def sizes(records: Records, llama: Llama) -> Sizes:
    return sizes_of(records, llama)


def listed(size: int = 5 * 10**9, repository: str = "somebody/Some-8B-GGUF") -> Listed:
    file = RemoteFile("some-Q4_K_M.gguf", size, "", "https://hub.example/some")
    model = QuantisedModel("some-Q4_K_M", "Q4_K_M", (file,))
    return Listed(Repository(SOURCE, repository, "c0", Gate.OPEN, "", "", (model,)), model)


def seen(plan: LoadPlan, predicted: Footprint, host: int) -> Load:
    return Load("", plan_key(plan), "", 1.0, predicted, host=host)


@pytest.mark.parametrize(
    ("longest", "stops"),
    [
        (0, (2048, 3072, 4096, 6144, 8192)),
        (1000, (1000,)),
        (2048, (2048,)),
        (2049, (2048, 2049)),
        (10_000, (2048, 3072, 4096, 6144, 8192, 10_000)),
    ],
)
def test_a_slider_stops_at_doubles_and_halfway_between(
    longest: int, stops: tuple[int, ...]
) -> None:
    assert grid(longest) == stops


def test_no_header_makes_a_slider_endless() -> None:
    assert len(grid(2**62)) < 40


def test_what_is_reckoned_is_the_formula(sizes: Sizes, model: InstalledModel) -> None:
    plan = plain_plan(EngineSettings())
    found = sizes.reckoned(model, plan, POINTS[:2])

    info = read_gguf(model.path)
    assert found == tuple(
        reckoned(info, replace(plan, n_ctx=point.context)) for point in POINTS[:2]
    )
    assert {one.certainty for one in found} == {Certainty.RECKONED}


def test_a_file_that_is_no_model_is_no_number(sizes: Sizes, tmp_path: Path) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<!DOCTYPE html>")
    with pytest.raises(ModelFileError):
        sizes.reckoned(InstalledModel("page", "page", page, 15), LoadPlan(page), POINTS)


def test_what_was_measured_is_not_measured_again(
    sizes: Sizes, llama: Llama, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    assert sizes.known(model, plan, POINTS) == (None,) * 3
    found = sizes.measured(model, plan, POINTS)
    again = sizes.measured(model, plan, [*reversed(POINTS), Point(8192)])

    assert [one.point for one in found] == POINTS
    assert again[:3] == tuple(reversed(found))
    assert llama.asked == [*POINTS, Point(8192)]
    assert sizes.known(model, plan, POINTS) == found


def test_where_it_is_not_measured_the_formula_stands_in(
    sizes: Sizes, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    sizes.measured(model, plan, POINTS[:1])

    best = sizes.best(model, plan, POINTS[:2])
    assert [one.certainty for one in best] == [Certainty.MEASURED, Certainty.RECKONED]


def test_what_was_measured_is_known_after_a_restart(
    sizes: Sizes, records: Records, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    found = sizes.measured(model, plan, POINTS)

    other = Llama()
    later = sizes_of(records, other)
    assert later.known(model, plan, POINTS) == (None,) * 3, "the disk is not asked"
    assert later.kept(model, plan, POINTS) == found
    assert later.known(model, plan, POINTS) == found
    assert later.measured(model, plan, POINTS) == found
    assert other.asked == []


@pytest.mark.parametrize("change", ["file", "machine", "plan"])
def test_what_was_measured_of_something_else_does_not_count(
    sizes: Sizes, records: Records, model: InstalledModel, change: str
) -> None:
    plan = LoadPlan(model.path)
    sizes.measured(model, plan, POINTS)
    if change == "file":
        os.utime(model.path, (1, 1))
    elif change == "plan":
        plan = replace(plan, slots=1)
    later = sizes_of(records, Llama(), "elsewhere" if change == "machine" else "here")

    assert len(records.sizes(os.path.realpath(model.path))) == 3
    assert later.kept(model, plan, POINTS) == (None,) * 3
    if change == "file":
        assert sizes.kept(model, plan, POINTS) == (None,) * 3


def test_what_other_drivers_took_is_not_kept_for_ever(
    sizes: Sizes, records: Records, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    sizes.measured(model, plan, POINTS)
    sizes_of(records, Llama(), "elsewhere").measured(model, plan, POINTS[:1])

    kept = records.sizes(os.path.realpath(model.path))
    assert [one.stamp.rpartition(" ")[2] for one in kept] == ["elsewhere"]


def test_threads_do_not_change_what_a_model_takes() -> None:
    plan = LoadPlan(Path("m.gguf"))
    assert plan_key(replace(plan, threads=3, n_ctx=99, path=Path("n"))) == plan_key(plan)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_gpu_layers": 3},
        {"slots": 2},
        {"draft_tokens": 3},
        {"n_ubatch": 64},
        {"extra_buffers": False},
        {"swa_full": True},
        {"next_token_heads": True},
        {"devices": ("CUDA1",)},
    ],
)
def test_what_changes_the_memory_changes_the_key(changes: dict[str, object]) -> None:
    plan = LoadPlan(Path("m.gguf"))
    assert plan_key(replace(plan, **changes)) != plan_key(plan)  # type: ignore[arg-type]


def test_without_a_database_everything_is_known_until_the_end(
    llama: Llama, model: InstalledModel
) -> None:
    sizes = sizes_of(None, llama)
    plan = LoadPlan(model.path)
    found = sizes.measured(model, plan, POINTS)
    assert sizes.kept(model, plan, POINTS) == found


def test_a_database_that_is_none_costs_nothing(
    llama: Llama, model: InstalledModel, tmp_path: Path
) -> None:
    (tmp_path / "models.db").mkdir()
    with closing(Records(tmp_path / "models.db")) as broken:
        sizes = sizes_of(broken, llama)
        plan = LoadPlan(model.path)
        found = sizes.measured(model, plan, POINTS)
        sizes.note_load(model, seen(plan, found[0], found[0].host))
        assert sizes.kept(model, plan, POINTS)[1:] == tuple(
            sizes.corrected(model, plan, one) for one in found[1:]
        )


def test_a_draft_model_is_added_to_what_was_measured(
    sizes: Sizes, model: InstalledModel, tmp_path: Path
) -> None:
    draft = write_llama(tmp_path / "draft.gguf")
    plan = LoadPlan(model.path)
    (alone,) = sizes.measured(model, plan, POINTS[:1])
    (helped,) = sizes.measured(model, replace(plan, draft_model=draft), POINTS[:1])

    assert helped.weights == alone.weights + read_gguf(draft).weights
    assert helped.kv > alone.kv


# What is only listed


def test_a_listed_model_is_reckoned_by_the_catalogue_or_guessed(sizes: Sizes) -> None:
    plan = plain_plan(EngineSettings())
    unknown = listed()
    known = listed(repository="bartowski/gemma-2-9b-it-GGUF")

    (guess,) = sizes.reckoned(unknown, plan, [Point(8192)])
    (figure,) = sizes.reckoned(known, plan, [Point(8192)])
    assert (guess.certainty, figure.certainty) == (Certainty.GUESSED, Certainty.RECKONED)
    assert guess.weights == figure.weights == 5 * 10**9
    assert guess.total > guess.weights
    assert sizes.known(unknown, plan, [Point(8192)]) == (None,)


def test_without_a_network_nothing_is_measured_of_a_listed_model(
    sizes: Sizes, llama: Llama
) -> None:
    with pytest.raises(NetworkError):
        sizes.measured(listed(), LoadPlan(Path()), POINTS)
    assert llama.asked == []
    assert sizes.read_header(listed()) is None


def test_another_commit_is_another_model(records: Records, llama: Llama) -> None:
    sizes = sizes_of(records, llama)
    old = listed()
    new = replace(old, repository=replace(old.repository, commit="c1"))
    plan = LoadPlan(Path())
    store = sizes._store
    place = store.place_of(old, plan)
    store.recall(place)
    (figure,) = llama(Path(), Path(), plan, [POINTS[0]])
    store.keep(place, {POINTS[0]: figure})

    assert sizes.known(old, plan, POINTS[:1]) == (figure,)
    assert sizes.known(new, plan, POINTS[:1]) == (None,)


# What was seen


def test_what_was_seen_corrects_the_process_and_nothing_else(
    sizes: Sizes, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    found = sizes.measured(model, plan, POINTS)
    sizes.note_load(model, seen(plan, found[0], found[0].host + 40 * MIB))

    for before, after in zip(found, sizes.known(model, plan, POINTS), strict=True):
        assert after is not None
        assert after.certainty is Certainty.SEEN
        assert after.process == before.process + 40 * MIB
        assert after.devices == before.devices


def test_pages_that_are_never_touched_come_off_the_room_to_compute(
    sizes: Sizes, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    sizes.note_load(model, seen(plan, found, found.host - 180 * MIB))
    (after,) = sizes.measured(model, plan, POINTS[:1])

    assert after.host == found.host - 180 * MIB
    assert (after.process, after.compute) == (0, found.compute - 30 * MIB)
    assert (after.weights, after.kv) == (found.weights, found.kv)


@pytest.mark.parametrize("share", [0.0, 0.3, 2.0, 100.0])
def test_what_is_too_far_from_it_corrects_nothing_and_is_kept(
    sizes: Sizes, model: InstalledModel, share: float
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    sizes.note_load(model, seen(plan, found, round(found.host * share)))

    assert sizes.measured(model, plan, POINTS[:1]) == (found,)
    (load,) = sizes.loads(model)
    assert load.host == round(found.host * share)
    assert load.predicted == found


def test_loads_are_known_after_a_restart_and_on_this_computer_alone(
    sizes: Sizes, records: Records, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    timed = replace(
        seen(plan, found, found.host), decode_tps=12.5, reading=Reading(1000, (("Card", 5),))
    )
    sizes.note_load(model, timed)
    sizes.note_load(model, seen(plan, found, found.host + MIB))

    later = sizes_of(records, Llama())
    (load,) = later.loads(model)
    assert (load.host, load.decode_tps) == (found.host + MIB, 12.5), "the last speed stays"
    assert load.path == os.path.realpath(model.path)
    assert later.kept(model, plan, POINTS[:1])[0] == sizes.known(model, plan, POINTS[:1])[0]
    assert sizes_of(records, Llama(), "elsewhere").loads(model) == ()
    (run,) = records.speeds()
    assert (run.model, run.reading, run.seconds) == (load.path, timed.reading, 1 / 12.5)


def test_a_formula_with_its_margins_is_no_measure_for_what_was_seen(
    sizes: Sizes, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    (formula,) = sizes.reckoned(model, plan, POINTS[:1])
    other = seen(plan, replace(formula, point=Point(1024)), formula.host - 50 * MIB)
    sizes.note_load(model, other)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    assert found.certainty is Certainty.MEASURED, "nobody measured it with that context"

    sizes.note_load(model, seen(plan, formula, found.host - 30 * MIB))
    (after,) = sizes.measured(model, plan, POINTS[:1])
    assert after.host == found.host - 30 * MIB, "held against what was measured since"


def test_a_load_with_layers_elsewhere_corrects_what_is_here(
    sizes: Sizes, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    other = replace(plan, n_gpu_layers=7)
    sizes.note_load(model, replace(seen(other, found, found.host + 9 * MIB), cards=999 * MIB))

    (after,) = sizes.measured(model, plan, POINTS[:1])
    assert (after.host, after.cards) == (found.host + 9 * MIB, 0)


def test_a_file_that_was_changed_has_no_past(
    sizes: Sizes, records: Records, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    sizes.note_load(model, seen(plan, found, found.host + MIB))
    os.utime(model.path, (1, 1))

    assert sizes.loads(model) == ()
    assert sizes_of(records, Llama()).loads(model) == ()


def test_a_model_that_was_moved_keeps_its_past(
    sizes: Sizes, records: Records, model: InstalledModel, tmp_path: Path
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    (tmp_path / "new").mkdir()
    moved = replace(model, path=model.path.rename(tmp_path / "new" / "tiny.gguf"))
    records.moved(str(tmp_path), str(tmp_path / "new"))

    assert sizes_of(records, Llama()).kept(moved, plan, POINTS[:1]) == (found,)
    records.forget([str(moved.path)])
    assert sizes_of(records, Llama()).kept(moved, plan, POINTS[:1]) == (None,)


def test_many_may_ask_at_the_same_time(sizes: Sizes, llama: Llama, model: InstalledModel) -> None:
    plan = LoadPlan(model.path)
    found: list[tuple[Footprint, ...]] = []
    threads = [
        threading.Thread(target=lambda: found.append(sizes.measured(model, plan, POINTS)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 8
    assert len(set(found)) == 1
    assert llama.asked == POINTS, "whoever comes second waits for the first"


def test_whoever_waits_for_another_can_leave(
    sizes: Sizes, llama: Llama, model: InstalledModel
) -> None:
    plan = LoadPlan(model.path)
    llama.waits = threading.Event()
    first = threading.Thread(target=lambda: sizes.measured(model, plan, POINTS))
    first.start()
    wait_for(lambda: llama.asked)
    with pytest.raises(Cancelled):
        sizes.measured(model, plan, POINTS, lambda: True)
    llama.waits.set()
    first.join(30)

    assert None not in sizes.known(model, plan, POINTS)


def test_a_real_file_is_measured_by_llama_cpp_itself(
    records: Records, model: InstalledModel, tmp_path: Path
) -> None:
    sizes = Sizes(tmp_path, records, machine=lambda: "here")
    plan = LoadPlan(model.path, n_gpu_layers=0, threads=1)
    found = sizes.measured(model, plan, POINTS[:2])

    info = read_gguf(model.path)
    for point, one in zip(POINTS[:2], found, strict=True):
        formula = reckoned(info, replace(plan, n_ctx=point.context))
        assert one.certainty is Certainty.MEASURED
        assert one.kv == formula.kv
        assert one.weights == pytest.approx(formula.weights, rel=0.01)
        assert one.total <= formula.total, "the formula is rather too large"


class Headers:
    """Stands in for `RemoteHeaders`: the files lie here, and their headers are cut off."""

    def __init__(self, files: Sequence[Path], folder: Path) -> None:
        self.files = files
        self.folder = folder
        self.asked: list[str] = []

    def first(self, *_given: object) -> GgufInfo:
        self.asked.append("first")
        return replace(
            read_gguf(self.files[0]), weights=sum(one.stat().st_size for one in self.files)
        )

    def info(self, *_given: object) -> GgufInfo:
        self.asked.append("info")
        return read_gguf(self.files[0])

    def parts(self, *_given: object) -> tuple[WholeHeader, ...]:
        self.asked.append("parts")
        return tuple(map(self._head, self.files))

    def projector(self, *_given: object) -> int:
        self.asked.append("projector")
        return 7 * MIB

    def _head(self, file: Path) -> WholeHeader:
        with file.open("rb") as stream:
            reader = read_header(stream, file.stat().st_size)
        head = self.folder / f"{file.name}.head"
        head.write_bytes(file.read_bytes()[: reader.data])
        return WholeHeader(head, file.stat().st_size, 0)


@pytest.mark.parametrize("parts", [1, 3])
def test_of_a_listed_model_the_header_is_enough(
    records: Records, tmp_path: Path, parts: int
) -> None:
    first = write_llama(tmp_path / "real.gguf", layers=6, parts=parts)
    files = [part_path(first, number, parts) for number in range(1, parts + 1)]
    files = files if parts > 1 else [first]
    (tmp_path / "heads").mkdir()
    headers = Headers(files, tmp_path / "heads")
    work = tmp_path / "work"
    sizes = Sizes(work, records, cast("RemoteHeaders", headers), machine=lambda: "here")
    remote = tuple(RemoteFile(one.name, one.stat().st_size, "", "") for one in files)
    model = QuantisedModel("real", "F32", remote)
    picture = RemoteFile("mmproj.gguf", 5 * MIB, "", "")
    repository = Repository(SOURCE, "somebody/Real", "c0", Gate.OPEN, "", "", (model,), (picture,))
    subject = Listed(repository, model, picture)
    plan = LoadPlan(Path(), n_gpu_layers=0, threads=1)

    (guess,) = sizes.reckoned(subject, plan, POINTS[:1])
    sizes.read_header(subject)
    (formula,) = sizes.reckoned(subject, plan, POINTS[:1])
    (found,) = sizes.measured(subject, plan, POINTS[:1])
    here = InstalledModel("real", "Real", first, sum(one.size for one in remote))
    (installed,) = sizes.measured(here, plan, POINTS[:1])

    assert (guess.certainty, guess.projector) == (Certainty.GUESSED, 5 * MIB + 2**30)
    assert (formula.certainty, formula.kv) == (Certainty.RECKONED, installed.kv)
    assert found.devices == installed.devices
    assert (found.projector, installed.projector) == (7 * MIB, 0)
    assert sizes.reckoned(subject, plan, POINTS[:1])[0].projector == 7 * MIB
    assert headers.asked == ["first", "info", "parts", "projector"]
    assert list(work.iterdir()) == [], "nothing is left of the hollow files"


# The database


def test_a_database_of_an_earlier_version_learns_of_sizes_and_keeps_what_it_has(
    tmp_path: Path, llama: Llama, model: InstalledModel
) -> None:
    path = tmp_path / "old.db"
    create(path, RECORD_STEPS[:1])
    own = ModelDefaults(n_ctx=4096)
    with closing(sqlite3.connect(path)) as old, old:
        value = msgspec.json.encode(own).decode()
        old.execute("INSERT INTO defaults VALUES (?, ?)", (b"one", value))
    with closing(Records(path)) as records:
        sizes = sizes_of(records, llama)
        found = sizes.measured(model, LoadPlan(model.path), POINTS)
        sizes.note_load(model, seen(LoadPlan(model.path), found[0], found[0].host))

        assert records.defaults("one") == own
        real = os.path.realpath(model.path)
        assert [one.footprint for one in records.sizes(real)] == list(found)
        assert len(records.loads(real)) == 1
        assert records.notice is None


def test_what_is_kept_has_bounds(
    sizes: Sizes,
    records: Records,
    model: InstalledModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_records, "MOST_SIZES", 4)
    monkeypatch.setattr(store_records, "MOST_LOADS", 2)
    others = [
        InstalledModel(name, name, write_llama(tmp_path / name), 1) for name in ("b.gguf", "c.gguf")
    ]
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    for moment, context in enumerate((1, 2, 3)):
        predicted = replace(found, point=Point(context))
        sizes.note_load(model, replace(seen(plan, predicted, 5), changed_at=float(moment)))
    for other in others:
        sizes.measured(other, LoadPlan(other.path), POINTS)

    real = os.path.realpath(model.path)
    assert [one.load.predicted.point.context for one in records.loads(real)] == [3, 2]
    kept = [records.sizes(os.path.realpath(each.path)) for each in (model, *others)]
    assert [len(each) for each in kept] == [0, 0, 3], "all but the last, once there are too many"


def test_what_cannot_be_read_is_not_taken_from_a_file_that_was_there_before(
    sizes: Sizes, records: Records, model: InstalledModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = LoadPlan(model.path)
    (found,) = sizes.measured(model, plan, POINTS[:1])
    sizes.note_load(model, seen(plan, replace(found, point=Point(1024)), found.host + MIB))
    os.utime(model.path, (1, 1))

    def fail(*_given: object) -> list[LoadRecord]:
        raise StorageError(Text("It is locked"), Text(""))

    monkeypatch.setattr(records, "loads", fail)
    load = seen(plan, found, found.host)
    sizes.note_load(model, load)
    assert [one.predicted.point for one in sizes.loads(model)] == [found.point]


def test_a_file_written_anew_in_its_place_is_read_anew(sizes: Sizes, tmp_path: Path) -> None:
    path = write_llama(tmp_path / "one.gguf", context_length=4096)
    model = InstalledModel("one", "One", path, path.stat().st_size)
    first = sizes.read_header(model)
    write_llama(path, context_length=8192)
    os.utime(path, (1, 1))

    assert path.stat().st_size == model.size, "else it is seen by its size"
    after = sizes.read_header(model)
    assert (first and first.context_length, after and after.context_length) == (4096, 8192)


def test_rows_that_lapis_has_not_written_are_passed_over(
    sizes: Sizes, records: Records, model: InstalledModel, tmp_path: Path
) -> None:
    plan = LoadPlan(model.path)
    found = sizes.measured(model, plan, POINTS[:1])
    sizes.note_load(model, replace(seen(plan, found[0], found[0].host), decode_tps=5.0))
    path = os.fsencode(os.path.realpath(model.path))
    with closing(sqlite3.connect(tmp_path / "models.db")) as other, other:
        rows = [
            (path, "p", 1, "f17", "s", "{}"),
            (path, "p", 2, "f16", "s", "no JSON"),
            (path, "p", 3, "f16", "s", '{"point": 3}'),
            ("text", "p", 4, "f16", "s", "{}"),
        ]
        other.executemany("INSERT INTO sizes VALUES (?, ?, ?, ?, ?, ?)", rows)
        other.execute(
            "INSERT INTO loads VALUES (?, 'p', 1, 'f16', 'm', 's', 9e9, '[]', 1, 1, 1.0, 'x')",
            (path,),
        )

    assert [one.footprint for one in records.sizes(os.fsdecode(path))] == list(found)
    assert [one.load.decode_tps for one in records.loads(os.fsdecode(path))] == [5.0]
    assert records.speeds() == [], "nobody knows what its tokens read"
