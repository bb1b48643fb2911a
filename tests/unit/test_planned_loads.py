"""What is planned loads: on twenty machines with as much memory as chance gives them.

A machine is a control group that may take only so much, where the system lets us make one, else an
address space of that size. The engine process lives in it from its first byte on.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from desktop.base.paths import paths_under
from desktop.domain.advice import Computer
from desktop.domain.chat import Sampling
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import TooLarge
from desktop.domain.footprint import Footprint, Point
from desktop.domain.model import GgufInfo, KvType, LoadPlan
from desktop.models.fit import PROCESS, SYSTEM, context_for
from desktop.models.gguf import read_gguf
from desktop.services.engine import Engine
from desktop.services.measuring import measure
from desktop.services.planning import fitting_plan
from tests.gguf_files import write_gemma2, write_llama, write_recurrent
from tests.harness.little_memory import LittleMemory, NoGroupsError, little_memory
from tests.unit.engine_room import Room, engine_room, model_at, question
from tests.unit.engine_stubs import before

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="these limits are Linux's"
)

MB = 10**6
MACHINES = 20
LEAST, MOST = 250 * MB, 750 * MB
# The longest first, up to 512 MB of cache in some of the models.
CONTEXTS = tuple(range(524_288, 1024, -4096))
SHORT = Sampling(temperature=0, max_tokens=16)
TEXT = "A word, and another word, and many more of them. " * 30


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer of `limit` bytes for models, beside what the system keeps."""

    limit: int
    group: LittleMemory | None

    @property
    def computer(self) -> Computer:
        """What Lapis knows of it."""
        return Computer(total=self.limit + SYSTEM, available=self.limit)

    @property
    def kills(self) -> int:
        """How many engines it could not hold."""
        return 0 if self.group is None else self.group.kills


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[GgufInfo, ...]:
    """Return models that take their memory for different things."""
    folder = tmp_path_factory.mktemp("models")
    return tuple(
        map(
            read_gguf,
            (
                write_llama(folder / "cache.gguf", context_length=524_288, layers=32),
                write_llama(folder / "weights.gguf", context_length=65_536, layers=6, width=512),
                write_llama(
                    folder / "small.gguf", context_length=524_288, layers=24, answer="Yes, it is."
                ),
                write_gemma2(folder / "windows.gguf", context_length=524_288, layers=32),
                write_recurrent(folder / "states.gguf", layers=4),
            ),
        )
    )


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory, models: tuple[GgufInfo, ...]) -> int:
    """Return the address space that an engine takes beside a model."""
    folder = tmp_path_factory.mktemp("idle")
    with engine_room(folder, models[0].path, n_ctx=256, n_gpu_layers=0) as room:
        room.until(Phase.READY)
        return int(psutil.Process(room.pid).memory_info().vms)


@contextmanager
def machine(limit: int, idle: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Let every engine that is started now live on a machine of `limit` bytes."""
    with monkeypatch.context() as changed:
        try:
            with little_memory(limit) as group:
                procs = str(group.folder / "cgroup.procs")
                first = f"import os; open({procs!r}, 'w').write(str(os.getpid())); "
                before(changed, first)
                yield Machine(limit, group)
        except NoGroupsError:
            space = idle + limit - PROCESS
            first = f"import resource as r; r.setrlimit(r.RLIMIT_AS, ({space}, {space})); "
            before(changed, first)
            yield Machine(limit, None)


@contextmanager
def loaded(plan: LoadPlan, home: Path) -> Iterator[tuple[Room, EngineState]]:
    """Give an engine that was told to load `plan`, and what became of it."""
    paths = paths_under(home)
    paths.create()
    engine = Engine(lambda _model: plan, paths)
    room = Room(engine)
    engine.watch(room.notice)
    try:
        engine.choose(model_at(plan.path))
        yield room, room.until_state(lambda state: state.phase in {Phase.READY, Phase.FAILED})
    finally:
        engine.close()


def measured(
    info: GgufInfo, wished: LoadPlan, work_folder: Path
) -> Callable[[LoadPlan], Footprint]:
    """Return what llama.cpp itself says of plans like `wished`, whatever the context."""
    points = [Point(n_ctx, wished.kv_type) for n_ctx in (*CONTEXTS, 8192, 4096, 2048)]
    found = dict(zip(points, measure(work_folder, info.path, wished, points), strict=True))
    return lambda plan: found[Point(context_for(info, plan), plan.kv_type)]


def wish(rng: random.Random, info: GgufInfo) -> LoadPlan:
    """Return what a person might have set, but for the context."""
    return LoadPlan(
        info.path,
        n_gpu_layers=0,
        threads=1,
        kv_type=rng.choice((KvType.F16, KvType.Q8_0)) if "small" in info.path.stem else KvType.F16,
        slots=rng.choice((1, 2, 4)),
        draft_tokens=rng.choice((0, 8)),
    )


def planned(
    rng: random.Random, models: tuple[GgufInfo, ...], here: Machine, work_folder: Path
) -> tuple[GgufInfo, LoadPlan]:
    """Return a plan that is not refused, as a rule the one with the longest context.

    By formula, or as llama.cpp measured it.
    """
    for _ in range(50):
        info = rng.choice(models)
        wished = wish(rng, info)
        take = measured(info, wished, work_folder) if rng.random() < 0.4 else None
        for n_ctx in (0,) if rng.random() < 0.2 else CONTEXTS:
            plan = replace(wished, n_ctx=n_ctx)
            with suppress(TooLarge):
                return info, fitting_plan(info, plan, here.computer, "model", take)
    pytest.fail("nothing fits on this machine")


@pytest.mark.parametrize("seed", range(MACHINES))
def test_what_is_planned_loads_and_answers_as_it_was_planned(
    seed: int,
    models: tuple[GgufInfo, ...],
    idle: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(seed)
    limit = rng.randint(LEAST, MOST)
    with machine(limit, idle, monkeypatch) as here:
        info, plan = planned(rng, models, here, tmp_path)
        with loaded(plan, tmp_path / "home") as (room, state):
            assert state.loaded is not None, (state.error, plan)
            wanted = -(-context_for(info, plan) // 256) * 256
            assert (state.loaded.n_ctx, state.notice) == (wanted, None)
            answer = room.ask(question(TEXT, SHORT)).wait()
            assert answer.finished.usage.completion_tokens > 0
        assert here.kills == 0


def test_the_machines_are_small_enough_to_matter(
    models: tuple[GgufInfo, ...], idle: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest plan of the largest machine does not load on the smallest one."""
    info = models[0]
    wished = LoadPlan(info.path, n_ctx=262_144, n_gpu_layers=0, threads=1)
    with machine(LEAST, idle, monkeypatch) as here:
        with pytest.raises(TooLarge):
            fitting_plan(info, wished, here.computer, "model")
        with loaded(wished, tmp_path / "home") as (_, state):
            assert state.loaded is None or state.notice is not None


def test_what_is_wanted_anyway_answers_from_the_disk(
    models: tuple[GgufInfo, ...], idle: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = next(one for one in models if one.path.stem == "weights")
    wished = LoadPlan(info.path, n_ctx=1024, n_gpu_layers=0, threads=1, slots=1)
    limit = 110 * MB
    with machine(limit, idle, monkeypatch) as here:
        if here.group is None:
            pytest.skip("an address space holds what is mapped into it")
        with pytest.raises(TooLarge):
            fitting_plan(info, wished, here.computer, "model")
        plan = fitting_plan(info, wished, here.computer, "model", anyway=True)
        assert plan == replace(plan, mmap=True, extra_buffers=False)
        with loaded(plan, tmp_path / "home") as (room, state):
            assert state.loaded is not None, state.error
            assert room.ask(question("Hello", SHORT)).wait().text
        assert here.kills == 0
