"""What is set for a model is within bounds and never long waited for; what it took is noted."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.chat import Sampling
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.errors import StorageError
from desktop.domain.model import InstalledModel, LoadedModel, LoadPlan
from desktop.domain.shelf import ModelDefaults
from desktop.services.load_watch import LoadWatch
from desktop.services.model_notes import ModelNotes, key_of
from desktop.store.records import Records
from tests.gguf_files import write_llama
from tests.harness.waiting import wait_for
from tests.unit.engine_room import engine_room, model_at

MODEL = InstalledModel("one", "One", Path("/m/one.gguf"), 1)
OTHER = InstalledModel("two", "Two", Path("/m/two.gguf"), 1)
OWN = ModelDefaults("Be brief.", Sampling(temperature=0.2, stop=("END",)), 512, 3, "phi")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models.db"


@pytest.fixture
def notes(path: Path) -> Iterator[ModelNotes]:
    with closing(ModelNotes(Records(path))) as one:
        yield one


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep the database locked against writing, as a backup does."""
    with closing(ModelNotes(Records(path))) as maker:
        maker.set_defaults(OTHER, OWN)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def on_the_disk(path: Path, model: InstalledModel) -> ModelDefaults:
    with closing(Records(path)) as records:
        return records.defaults(key_of(model))


# What is set


def test_what_is_set_comes_back_in_another_run(path: Path, notes: ModelNotes) -> None:
    guide = replace(MODEL, is_guide=True)
    notes.set_defaults(MODEL, OWN)
    notes.set_defaults(guide, ModelDefaults(n_ctx=99))

    with closing(ModelNotes(Records(path))) as later:
        assert later.defaults(MODEL) == OWN
        assert later.defaults(replace(guide, path=Path("/elsewhere"))) == ModelDefaults(n_ctx=99)
        assert later.defaults(OTHER) == ModelDefaults()


def test_a_question_makes_no_file(path: Path, notes: ModelNotes) -> None:
    assert notes.defaults(MODEL) == ModelDefaults()
    assert not path.exists()


@pytest.mark.parametrize(
    ("kept", "used"),
    [
        (replace(OWN, n_ctx=-1), replace(OWN, n_ctx=None)),
        (replace(OWN, n_ctx=10_000_001), replace(OWN, n_ctx=None)),
        (replace(OWN, n_gpu_layers=-2), replace(OWN, n_gpu_layers=None)),
        (replace(OWN, system_prompt="a\0b"), replace(OWN, system_prompt=None)),
        (replace(OWN, system_prompt="x" * 1_000_001), replace(OWN, system_prompt=None)),
        (ModelDefaults(n_ctx=0, n_gpu_layers=0), ModelDefaults(n_ctx=0, n_gpu_layers=0)),
        (
            ModelDefaults(sampling=Sampling(temperature=70, top_k=7, top_p=-1, seed=2**40)),
            ModelDefaults(sampling=Sampling(top_k=7)),
        ),
        (ModelDefaults(sampling=Sampling(stop=("",) * 3)), ModelDefaults(sampling=Sampling())),
    ],
)
def test_what_is_out_of_bounds_counts_as_not_set(
    path: Path, notes: ModelNotes, kept: ModelDefaults, used: ModelDefaults
) -> None:
    with closing(Records(path)) as records:
        records.set_defaults(key_of(MODEL), kept)

    assert notes.defaults(MODEL) == used


def test_what_is_not_kept_holds_all_the_same_and_is_told(path: Path) -> None:
    with locked(path), closing(ModelNotes(Records(path))) as notes:
        with pytest.raises(StorageError, match="Another program"):
            notes.set_defaults(MODEL, OWN, 0.01)

        assert notes.defaults(MODEL) == OWN
        assert on_the_disk(path, MODEL) == ModelDefaults()
        assert notes.defaults(OTHER) == OWN, "reading needs no lock"


def test_nobody_who_asks_waits_behind_a_thread_that_waits_for_another_program(path: Path) -> None:
    with closing(ModelNotes(Records(path, patience=3600))) as notes:
        with locked(path):
            thread = threading.Thread(target=notes.remember_used, args=(MODEL.path,), daemon=True)
            thread.start()
            wait_for(notes.records._lock.locked)

            assert notes.defaults(OTHER) == ModelDefaults(), "as where nothing can be read"
            with pytest.raises(StorageError, match="Another program"):
                notes.read_defaults(OTHER, 0.01)
            with pytest.raises(StorageError, match="Another program"):
                notes.set_defaults(MODEL, OWN, 0.01)
            assert notes.records._lock.locked()
        thread.join(10)

        assert notes.defaults(OTHER) == OWN
        assert notes.records.file("/m/one.gguf").record.used_at > 0


def test_what_is_known_is_asked_for_once_until_it_is_to_be_read_again(
    path: Path, notes: ModelNotes
) -> None:
    notes.set_defaults(MODEL, OWN)
    with closing(Records(path)) as records:
        records.forget([key_of(MODEL)])

    assert notes.defaults(MODEL) == OWN
    notes.read_again()
    assert notes.defaults(MODEL) == ModelDefaults()


def test_where_nothing_can_be_read_nothing_is_set(path: Path, notes: ModelNotes) -> None:
    path.mkdir()

    assert notes.defaults(MODEL) == ModelDefaults()
    notes.remember_loaded(MODEL.path, 512, 1000)
    notes.remember_used(MODEL.path)
    with pytest.raises(StorageError):
        notes.set_defaults(MODEL, OWN)


# What it took


class Noted:
    """Notes taken in memory."""

    def __init__(self) -> None:
        self.used: list[Path] = []
        self.loaded: list[tuple[Path, int, int]] = []

    def remember_used(self, path: Path) -> None:
        self.used.append(path)

    def remember_loaded(self, path: Path, context: int, memory: int) -> None:
        self.loaded.append((path, context, memory))


def ready(model: InstalledModel, n_ctx: int = 512) -> EngineState:
    loaded = LoadedModel(
        LoadPlan(model.path), "tiny", "llama", 1000, 4000, n_ctx, 512, ("CPU",), True, 5.0
    )
    return EngineState(Phase.READY, model, 1.0, loaded)


def measured() -> EngineMemory:
    return EngineMemory(resident=1000, gpu=50)


def test_a_model_is_measured_once_it_has_settled() -> None:
    noted = Noted()
    watch = LoadWatch(noted, measured, settled=0)
    state = ready(MODEL)
    watch.observe(EngineState(Phase.LOADING, MODEL))
    watch.observe(state)
    watch.observe(replace(state, notice=None))
    wait_for(lambda: noted.loaded)
    watch.close()

    assert noted.used == [MODEL.path], "once, whatever else is told of it"
    assert noted.loaded == [(MODEL.path, 512, 1050)]


def test_what_ends_earlier_is_measured_at_its_end() -> None:
    noted = Noted()
    watch = LoadWatch(noted, measured, settled=3600)
    watch.observe(ready(MODEL))
    watch.close()

    assert noted.loaded == [(MODEL.path, 512, 1050)]


@pytest.mark.parametrize("later", [EngineState(Phase.IDLE, MODEL), ready(OTHER, 1024)])
def test_a_model_that_has_left_again_is_not_measured(later: EngineState) -> None:
    noted = Noted()
    watch = LoadWatch(noted, measured, settled=3600)
    watch.observe(ready(MODEL))
    wait_for(lambda: noted.used)
    watch.observe(later)
    watch.close()

    assert noted.used[0] == MODEL.path
    assert [path for path, _, _ in noted.loaded] == ([OTHER.path] if later.loaded else [])


def test_without_a_process_there_is_nothing_to_measure() -> None:
    noted = Noted()
    watch = LoadWatch(noted, lambda: None, settled=0)
    watch.observe(ready(MODEL))
    watch.close()

    assert (noted.used, noted.loaded) == ([MODEL.path], [])


def test_what_a_real_model_took_is_on_the_disk(tmp_path: Path, notes: ModelNotes) -> None:
    model = write_llama(tmp_path / "tiny.gguf")
    with engine_room(tmp_path / "home") as room:
        watch = LoadWatch(notes, room.engine.memory, settled=0)
        room.engine.watch(watch.observe)
        room.engine.choose(model_at(model))
        kept = wait_for(lambda: notes.records.file(str(model)).record.measured_memory, 60)
        loaded = room.engine.state.loaded
        watch.close()

    record = notes.records.file(str(model)).record
    assert loaded is not None
    assert record.measured_context == loaded.n_ctx
    assert kept > 10_000_000, "a process with llama.cpp"
    assert record.used_at > 0
