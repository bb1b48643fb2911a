"""Fault 9 for real: more memory asked than there is, or taken away while Lapis needs it."""

import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from desktop.backends.process import EngineProcess
from desktop.base.paths import paths_under
from desktop.domain.chat import Event, Notice, Sampling, TextDelta
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import EngineDied, OutOfMemory
from desktop.domain.model import DEFAULT_CONTEXT
from desktop.domain.settings import EngineSettings, Settings
from desktop.inference.load_order import Load
from desktop.inference.messages import Command
from desktop.models.hardware import memory
from desktop.services.engine import Engine
from desktop.services.planning import plan_for
from tests import gguf_files
from tests.harness.little_memory import (
    Glutton,
    LittleMemory,
    NoGroupsError,
    glutton,
    little_memory,
)
from tests.unit.engine_room import Room, engine_room, model_at, question
from tests.unit.engine_stubs import before, instead

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="these limits are Linux's"
)

MILLION = 1_000_000
MB = 10**6
LONG = Sampling(temperature=0, max_tokens=1500)
# Its cache takes 1 KB a token: 268 MB for all of it, 134 for half.
CONTEXT = 262_144
LAYERS = 8
# Of the address space that the engine takes without a model, and
SMALL = (0.2, 0.25, 0.3, 0.33, 0.36, 0.7)
# of that between a context of 512 tokens and the whole one.
SHARES = (0.1, 0.2, 0.7, 1.5)
LIMIT = 400 * MB
TAKEN = 150 * MB


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model whose cache is large beside everything else."""
    folder = tmp_path_factory.mktemp("roomy")
    return gguf_files.write_llama(folder / "roomy.gguf", context_length=CONTEXT, layers=LAYERS)


@pytest.fixture
def group() -> Iterator[LittleMemory]:
    """Return a control group with little memory."""
    try:
        with little_memory(LIMIT) as one:
            yield one
    except NoGroupsError as error:
        pytest.skip(str(error))


@pytest.fixture
def other_program(group: LittleMemory) -> Iterator[Glutton]:
    with glutton(group) as one:
        yield one


@pytest.fixture
def _engine_in_group(group: LittleMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every engine process live in the group, from before it takes anything."""
    procs = str(group.folder / "cgroup.procs")
    first = f"import os; open({procs!r}, 'w').write(str(os.getpid())); "
    before(monkeypatch, first)


def ended(room: Room) -> EngineState:
    return room.until_state(lambda state: state.phase in {Phase.READY, Phase.FAILED})


# A context of a million tokens.


def test_a_million_tokens_asked_for_in_the_settings_are_refused_with_what_would_fit(
    tmp_path: Path,
) -> None:
    # Its cache takes 32 KB a token: a million are more than most computers have.
    path = gguf_files.write_llama(tmp_path / "m.gguf", layers=256)
    asked = max(MILLION, memory().total // (256 * 128) + 1)
    settings = Settings(engine=EngineSettings(n_ctx=asked))
    paths = paths_under(tmp_path / "home")
    paths.create()
    engine = Engine(lambda chosen: plan_for(chosen, settings), paths)
    room = Room(engine)
    engine.watch(room.notice)
    try:
        engine.choose(model_at(path))
        error = room.until(Phase.FAILED).error
        assert isinstance(error, OutOfMemory)
        assert "needs" in str(error.title)
        offered = int(error.hint.values["tokens"].replace(",", ""))  # type: ignore[union-attr]
        assert 1024 <= offered < asked
        assert engine.engine_pid() is None, "native code has seen nothing of it"

        settings = Settings(engine=EngineSettings(n_ctx=1024))
        engine.choose(model_at(path))
        assert room.ask(question("Hello")).wait().text
    finally:
        engine.close()


def test_a_million_tokens_that_a_header_claims_cost_nothing(tmp_path: Path) -> None:
    honest = gguf_files.write_llama(tmp_path / "honest.gguf", context_length=DEFAULT_CONTEXT)
    boaster = gguf_files.write_llama(tmp_path / "boaster.gguf", context_length=MILLION)
    plans = [plan_for(model_at(path), Settings()) for path in (honest, boaster)]
    assert [plan.auto_context for plan in plans] == [DEFAULT_CONTEXT] * 2
    taken = []
    for path in (honest, boaster):
        with engine_room(tmp_path / path.stem, path) as room:
            loaded = room.until(Phase.READY).loaded
            assert loaded is not None
            assert loaded.n_ctx == DEFAULT_CONTEXT
            assert room.ask(question("Hello")).wait().text
            taken.append(psutil.Process(room.engine.engine_pid()).memory_info().rss)
    assert taken[1] < taken[0] + 50 * MB


# Memory that llama.cpp asks for and does not get.


def test_whatever_the_limit_memory_is_said_to_be_memory(
    tmp_path: Path, roomy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def virtual(n_ctx: int) -> int:
        with engine_room(tmp_path / f"{n_ctx}", roomy, n_ctx=n_ctx) as room:
            room.until(Phase.READY)
            return int(psutil.Process(room.engine.engine_pid()).memory_info().vms)

    little, much = virtual(512), virtual(CONTEXT)
    phases = []
    more = much - little
    limits = [*(share * little for share in SMALL), *(little + share * more for share in SHARES)]
    for limit in map(int, limits):
        head = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit})); "
        before(monkeypatch, head)
        with engine_room(tmp_path / f"limit {limit}", roomy, n_ctx=CONTEXT) as room:
            state = ended(room)
            phases.append(state.phase)
            if state.error is not None:
                assert "memory" in str(state.error.title), limit
                assert "damaged" not in str(state.error.hint), limit
            if limit in map(int, limits[-4:-1]):
                assert state.loaded is not None
                halvings = CONTEXT // state.loaded.n_ctx
                assert halvings == 2 if limit == int(limits[-2]) else halvings >= 4
                told = f"Memory ran out while loading, so the model now sees {state.loaded.n_ctx:,}"
                assert str(state.notice).startswith(told)
                assert state.reduced == state.notice
            if limit == int(limits[-1]):
                assert state.notice is None
    assert phases == [*[Phase.FAILED] * (len(limits) - 4), *[Phase.READY] * 4]


def test_memory_that_an_engine_does_not_get_in_mid_answer_is_no_damaged_file(
    tmp_path: Path, roomy: Path
) -> None:
    with engine_room(tmp_path / "home", roomy, n_ctx=4096, slots=2) as room:
        struck = threading.Event()

        def strike(event: Event) -> None:
            pid = room.engine.engine_pid()
            if isinstance(event, TextDelta) and not struck.is_set() and pid is not None:
                struck.set()
                resource.prlimit(pid, resource.RLIMIT_DATA, (0, 0))

        answers = [
            room.ask(question("word and another word " * 20, LONG), strike),
            room.ask(question("quite other words " * 20, LONG)),
        ]
        for answer in answers:
            error = answer.wait().failed.error
            assert isinstance(error, EngineDied)
            assert str(error.title) == "The engine ended because it got no more memory"
        assert answers[0].text
        assert room.ask(question("Hello")).wait().text
        assert not room.engine.state.crashes_here


_STARVED_ONCE = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.inference import host, runtime
real = runtime.Runtime.load
def load(self, *given):
    loaded = real(self, *given)
    decode = self.lib.llama_decode
    def starved(*_given):
        self.lib.llama_decode = decode
        return -2
    self.lib.llama_decode = starved
    return loaded
runtime.Runtime.load = load
host.main(int(sys.argv[2]))
"""


def test_a_batch_that_gets_no_memory_costs_its_answer_and_no_process(
    tmp_path: Path, roomy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _STARVED_ONCE)
    with engine_room(tmp_path / "home", roomy, n_ctx=4096) as room:
        error = room.ask(question("Hello")).wait().failed.error
        assert isinstance(error, OutOfMemory)
        assert str(error.title) == "There is not enough memory to go on with this answer"
        pid = room.engine.engine_pid()
        assert room.ask(question("Hello")).wait().text
        assert room.engine.engine_pid() == pid


# Another program that takes the memory.


@pytest.mark.usefixtures("_engine_in_group")
def test_memory_taken_away_while_a_model_is_loaded_costs_half_of_the_context_once(
    tmp_path: Path,
    roomy: Path,
    group: LittleMemory,
    other_program: Glutton,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = EngineProcess.send
    took = threading.Event()

    def eat_first(process: EngineProcess, command: Command) -> None:
        if isinstance(command, Load) and not took.is_set():
            took.set()
            other_program.eat(TAKEN)
        send(process, command)

    monkeypatch.setattr(EngineProcess, "send", eat_first)
    home = tmp_path / "home"
    with engine_room(home, roomy, n_ctx=CONTEXT) as room:
        answer = room.ask(question("Hello")).wait()
        assert answer.finished.usage.completion_tokens > 0
        told = "Memory ran out while loading, so the model now sees 131,072 tokens at once."
        notices = [str(event.text) for event in answer.events if isinstance(event, Notice)]
        assert notices == [told]
        assert group.kills == 1, "one death, one retry"
        assert other_program.lives
    with engine_room(home, roomy, n_ctx=CONTEXT) as room:
        state = ended(room)
        assert state.loaded is not None
        assert state.loaded.n_ctx == CONTEXT // 2
        assert (state.notice, str(state.reduced)) == (None, told)
        assert group.kills == 1, "what it learned keeps the next start from dying"
        other_program.end()
        room.engine.use_full_settings(model_at(roomy))
        state = ended(room)
        assert state.loaded is not None
        assert (state.loaded.n_ctx, state.reduced) == (CONTEXT, None)


@pytest.mark.usefixtures("_engine_in_group")
def test_a_model_that_has_no_room_at_all_is_tried_twice_and_not_again(
    tmp_path: Path, roomy: Path, group: LittleMemory, other_program: Glutton
) -> None:
    other_program.eat(TAKEN * 2)
    home = tmp_path / "home"
    with engine_room(home, roomy, n_ctx=CONTEXT) as room:
        state = ended(room)
        assert state.crashes_here
        assert "short of memory" in str(state.error)
        assert group.kills == 2
    with engine_room(home, roomy, n_ctx=CONTEXT) as room:
        assert ended(room).crashes_here
        assert isinstance(room.ask(question("Hello")).wait().failed.error, EngineDied)
        assert group.kills == 2, "no crash loop at the next start"
    assert other_program.lives


@pytest.mark.usefixtures("_engine_in_group")
def test_memory_taken_away_in_mid_answer_costs_the_engine_alone(
    tmp_path: Path, roomy: Path, other_program: Glutton
) -> None:
    # The other program becomes the larger one by far, and the engine is taken all the same.
    with engine_room(tmp_path / "home", roomy, n_ctx=CONTEXT // 4) as room:
        began = threading.Event()

        def hear(event: Event) -> None:
            if isinstance(event, TextDelta):
                began.set()

        room.until(Phase.READY)
        other_program.eat(200 * MB)
        endless = Sampling(temperature=0, max_tokens=30_000)
        answer = room.ask(question("Hello", endless), hear)
        assert began.wait(60)
        other_program.eat_until_somebody_dies(4 * MB)
        # Had the kernel not taken the engine first, the answer would have gone on.
        error = answer.wait().failed.error
        assert isinstance(error, EngineDied)
        assert "ended by the system, most likely because memory ran out" in str(error.title)
        assert "close other programs" in str(error.hint)
        assert answer.text
        other_program.end()
        assert room.ask(question("Hello")).wait().text
        assert room.engine.state.reduced is None, "the model is not to blame"
