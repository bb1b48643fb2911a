"""What is seen of loaded models is held against what was foretold: memory and speed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.chat import Sampling, Usage
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.footprint import HOST, Certainty, Point
from desktop.domain.model import Device, DeviceKind, InstalledModel, LoadedModel, LoadPlan
from desktop.models.fit import reckoned
from desktop.models.gguf import read_gguf
from desktop.services.load_watch import LoadWatch
from desktop.services.model_notes import ModelNotes
from desktop.services.seen_loads import Seen, as_loaded
from desktop.services.sized_points import plan_key
from desktop.services.sizes import Sizes
from desktop.store.records import Records
from tests.gguf_files import write_llama
from tests.harness.waiting import wait_for
from tests.unit.engine_room import engine_room, model_at, question

MIB = 2**20
CARD = Device("CUDA0", "Some Card", "CUDA", DeviceKind.GPU, 2**33, 2**33)


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    return model_at(write_llama(tmp_path / "tiny.gguf", layers=7))


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[ModelNotes]:
    with closing(ModelNotes(Records(tmp_path / "models.db"))) as one:
        yield one


@pytest.fixture
def sizes(notes: ModelNotes, tmp_path: Path) -> Sizes:
    return Sizes(tmp_path, notes.records, machine=lambda: "here")


def loaded(model: InstalledModel, **changes: object) -> LoadedModel:
    plan = LoadPlan(model.path)
    found = LoadedModel(plan, "tiny", "llama", 1000, 4000, 2048, 2048, (HOST,), True, 5.0)
    return replace(found, **changes)  # type: ignore[arg-type]


def usage(tokens: int = 100, tps: float = 20.0, accepted: int = 0) -> Usage:
    return Usage(50, 0, tokens, 10.0, 100.0, tps, accepted, accepted)


def memory(resident: int, gpu: int = 0) -> EngineMemory:
    return EngineMemory(resident, gpu)


def test_the_most_that_was_seen_counts_and_the_fastest_answer(
    model: InstalledModel, sizes: Sizes
) -> None:
    seen = Seen(model, loaded(model), sizes, ())
    assert seen.add(usage(tps=20), memory(90 * MIB))
    assert seen.add(usage(tps=10), memory(120 * MIB))
    assert not seen.add(usage(tps=10), memory(80 * MIB)), "no news"
    load = seen.load(1.0)

    assert load is not None
    assert (load.host, load.decode_tps) == (120 * MIB, 20)
    assert load.predicted == reckoned(read_gguf(model.path), LoadPlan(model.path, n_ctx=2048))
    assert load.reading is not None
    assert 0 < load.reading.processor <= model.size


def test_without_a_card_it_does_not_matter_how_many_layers_one_would_get(
    model: InstalledModel, sizes: Sizes
) -> None:
    on_cards = loaded(model, offloaded_layers=3, devices=("CUDA0", HOST))
    plans = [
        load.plan
        for found in (loaded(model), on_cards)
        if (load := Seen(model, found, sizes, (CARD,)).load(1.0)) is not None
    ]
    assert plans == [
        plan_key(LoadPlan(model.path, n_gpu_layers=0)),
        plan_key(LoadPlan(model.path, n_gpu_layers=-1)),
    ]


def test_a_short_answer_says_nothing_about_the_speed(model: InstalledModel, sizes: Sizes) -> None:
    seen = Seen(model, loaded(model), sizes, ())
    seen.add(usage(tokens=63), memory(90 * MIB))
    load = seen.load(1.0)

    assert load is not None
    assert (load.decode_tps, load.reading) == (0, None)


def test_guesses_that_came_true_are_luck(model: InstalledModel, sizes: Sizes) -> None:
    seen = Seen(model, loaded(model), sizes, ())
    seen.add(usage(tokens=100, tps=50, accepted=60), memory(90 * MIB))
    assert seen.load(1.0).decode_tps == 0  # type: ignore[union-attr]
    seen.add(usage(tokens=200, tps=50, accepted=100), memory(90 * MIB))
    assert seen.load(1.0).decode_tps == 25  # type: ignore[union-attr]


def test_what_chats_leave_behind_is_not_the_models(model: InstalledModel, sizes: Sizes) -> None:
    seen = Seen(model, loaded(model), sizes, ())
    for number in range(20):
        seen.add(usage(), memory((100 + number) * MIB))

    assert seen.total == 107 * MIB


def test_a_mapped_file_is_not_held_against_what_was_foretold(
    model: InstalledModel, sizes: Sizes
) -> None:
    seen = Seen(model, loaded(model, plan=LoadPlan(model.path, mmap=True)), sizes, ())
    seen.add(usage(), memory(90 * MIB))

    assert seen.load(1.0).host == 0  # type: ignore[union-attr]


def test_a_file_that_is_gone_is_no_defect(model: InstalledModel, sizes: Sizes) -> None:
    model.path.unlink()
    seen = Seen(model, loaded(model), sizes, ())
    assert seen.add(usage(), memory(90 * MIB))
    assert seen.load(1.0) is None


def test_what_llama_cpp_put_on_cards_is_foretold_there(model: InstalledModel, sizes: Sizes) -> None:
    plan = LoadPlan(model.path, n_gpu_layers=6, tensor_split=(2.0, 1.0))
    state = loaded(model, plan=plan, devices=("CUDA0", "CUDA1", HOST), offloaded_layers=6)
    alone = sizes.reckoned(model, plan, [Point(2048)])[0]
    found = as_loaded(alone, state)

    assert [one.device for one in found.devices] == [HOST, "CUDA0", "CUDA1"]
    assert (found.gpu_layers, found.layers) == (6, 8)
    assert found.devices[1].weights == pytest.approx(2 * found.devices[2].weights, abs=2)
    assert found.weights == alone.weights
    seen = Seen(model, state, sizes, (CARD,))
    seen.add(usage(), memory(90 * MIB, 40 * MIB))
    load = seen.load(1.0)
    assert load is not None
    assert load.cards == 40 * MIB
    assert load.reading is not None
    assert [name for name, _ in load.reading.cards] == ["Some Card", "CUDA1"]


def test_answers_are_noted_for_the_model_that_gave_them(
    model: InstalledModel, notes: ModelNotes, sizes: Sizes, tmp_path: Path
) -> None:
    other = model_at(write_llama(tmp_path / "other.gguf"))
    resident = [100 * MIB]
    watch = LoadWatch(notes, lambda: memory(resident[0]), sizes=sizes, settled=0)
    watch.observe_answer(usage())
    watch.observe(EngineState(Phase.READY, model, 1.0, loaded(model)))
    watch.observe_answer(usage(tokens=0))
    watch.observe_answer(usage())
    resident[0] = 200 * MIB
    watch.observe(EngineState(Phase.READY, other, 1.0, loaded(other)))
    watch.observe_answer(usage(tps=30))
    watch.close()

    (first,) = sizes.loads(model)
    (second,) = sizes.loads(other)
    assert (first.host, first.decode_tps) == (100 * MIB, 20)
    assert (second.host, second.decode_tps) == (200 * MIB, 30)
    assert notes.records.file(str(model.path)).record.measured_memory == 100 * MIB
    assert [run.seconds for run in notes.records.speeds()] == [1 / 30, 1 / 20]


def test_a_real_answer_leaves_memory_and_speed_behind(
    model: InstalledModel, notes: ModelNotes, sizes: Sizes, tmp_path: Path
) -> None:
    with engine_room(tmp_path / "home", model.path, n_gpu_layers=0) as room:
        watch = LoadWatch(notes, room.engine.memory, sizes=sizes, settled=0)
        watch.observe(room.until(Phase.READY))
        room.engine.watch(watch.observe)
        room.engine.watch_answers(watch.observe_answer)
        said = room.ask(question("Hello", Sampling(temperature=1, seed=1, max_tokens=100))).wait()
        wait_for(lambda: sizes.loads(model), 60)
        watch.close()

    (load,) = sizes.loads(model)
    assert load.predicted.certainty is Certainty.RECKONED
    assert 20 * MIB < load.host < load.predicted.host + 200 * MIB
    assert said.finished.usage.completion_tokens == 100
    assert 0 < load.decode_tps < 1.001 * said.finished.usage.decode_tps
    (run,) = notes.records.speeds()
    assert run.reading == load.reading
