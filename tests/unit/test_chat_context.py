"""A context that one chat wants: the model is loaded with it, and with the usual one afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.base.paths import paths_under
from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.services.engine import Engine
from tests.gguf_files import write_llama
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, model_at, question


@contextmanager
def _engine(folder: Path, planned: list[tuple[int, bool]]) -> Iterator[Engine]:
    paths = paths_under(folder)
    paths.create()

    def plan(model: InstalledModel, n_ctx: int = 512, *, anyway: bool = False) -> LoadPlan:
        planned.append((n_ctx, anyway))
        return LoadPlan(path=model.path, threads=1, n_ctx=n_ctx)

    engine = Engine(
        plan,
        paths,
        plan_anyway=lambda model: plan(model, anyway=True),
        plan_context=lambda model, n_ctx, anyway: plan(model, n_ctx, anyway=anyway),
    )
    try:
        yield engine
    finally:
        engine.close()


def _ready(engine: Engine) -> EngineState:
    wait_for(lambda: engine.state.phase is Phase.READY, 60)
    return engine.state


def test_it_lasts_as_long_as_the_model_is_chosen_for_it(tmp_path: Path) -> None:
    planned: list[tuple[int, bool]] = []
    model = model_at(write_llama(tmp_path / "tiny.gguf"))
    with _engine(tmp_path / "home", planned) as engine:
        engine.choose(model, 1024)
        state = _ready(engine)
        assert state.loaded is not None
        assert (state.n_ctx, state.loaded.n_ctx) == (1024, 1024)

        engine.unload()
        wait_for(lambda: engine.state.phase is Phase.IDLE, 60)
        assert engine.state.n_ctx == 1024
        answer = Answer()
        engine.ask(question("Hello"), answer.take)
        answer.wait()
        engine.use_full_settings(model)
        _ready(engine)
        engine.load_anyway(model)
        assert _ready(engine).n_ctx == 1024
        engine.choose(model)
        assert _ready(engine).n_ctx is None

    assert planned == [(1024, False), (1024, False), (1024, False), (1024, True), (512, False)]


def test_another_model_does_not_inherit_it(tmp_path: Path) -> None:
    planned: list[tuple[int, bool]] = []
    one = model_at(write_llama(tmp_path / "one.gguf"))
    two = model_at(write_llama(tmp_path / "two.gguf"))
    with _engine(tmp_path / "home", planned) as engine:
        engine.choose(one, 1024)
        _ready(engine)
        engine.load_anyway(two)
        assert _ready(engine).n_ctx is None

    assert planned[-1] == (512, True)
