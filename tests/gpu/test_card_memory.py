"""A graphics card without enough memory, and how much a model takes of one that has it.

On Mesa's software device, as in `test_gpu`. Its memory is that of the process, so a card that is
full is made by bounding the process where it takes memory for the card; the driver and llama.cpp
then refuse as they do on any card.
"""

import resource
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from desktop.backends.process import ENGINE
from desktop.base.child_program import start_code
from desktop.domain.chat import Event, Notice, Sampling, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied
from tests.gguf_files import write_llama
from tests.unit.engine_room import Room, engine_room, model_at, question
from tests.unit.engine_stubs import instead

ANSWER = "The model runs on the graphics card."
LAYERS = 8
ALL_LAYERS = LAYERS + 1
# The cache of these tokens takes 134 MB, as much in each layer.
CONTEXT = 65_536
CACHE = CONTEXT * LAYERS * 256
MB = 10**6
SHORT = Sampling(temperature=0, max_tokens=12)
LONG = Sampling(temperature=0, max_tokens=60)
PARTLY = (
    "The graphics card has too little memory for all of the model, so the processor does a part."
)
NOTHING = "The graphics card has too little memory, so the model runs on the processor."
# More than `room` layers on the card, and there are only `count` bytes for their cache.
_LITTLE_ROOM = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from desktop.inference import host, runtime
real = runtime.Runtime._create_context
def create(self, order):
    if order.n_gpu_layers < 0 or order.n_gpu_layers > {room}:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        bound = pages * resource.getpagesize() + {count}
        resource.setrlimit(resource.RLIMIT_AS, (bound, resource.RLIM_INFINITY))
    return real(self, order)
runtime.Runtime._create_context = create
host.main(int(sys.argv[2]))
"""
# This driver does not tell what is free. Here what the process takes is what the card lacks.
_TELLING = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import msgspec
from desktop.inference import host, runtime
real = runtime.devices
def devices(ggml):
    taken = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return [
        msgspec.structs.replace(one, free=one.total - taken) if one.kind == "gpu" else one
        for one in real(ggml)
    ]
runtime.devices = devices
host.main(int(sys.argv[2]))
"""

Play = Callable[[str], None]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _software_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that changes what the next engine processes do."""
    return lambda code: instead(monkeypatch, code)


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("speaker") / "speaker.gguf"
    return write_llama(file, answer=ANSWER, layers=LAYERS, context_length=CONTEXT)


def room_with_card(
    home: Path, model: Path, *, n_ctx: int = CONTEXT, n_gpu_layers: int = -1, slots: int = 1
) -> AbstractContextManager[Room]:
    return engine_room(
        home, model, n_ctx=n_ctx, n_gpu_layers=n_gpu_layers, slots=slots, layers=ALL_LAYERS
    )


def asked(room: Room) -> tuple[str, list[str]]:
    """Ask; return the answer and what was told beside it."""
    answer = room.ask(question("Hello", SHORT)).wait()
    notices = [str(event.text) for event in answer.events if isinstance(event, Notice)]
    return answer.text.strip(), notices


@pytest.mark.parametrize(
    ("room_for", "count", "layers", "told"),
    [(4, 40 * MB, 4, PARTLY), (0, 100 * MB, 0, NOTHING)],
)
def test_a_card_that_is_full_gets_less_of_the_model_and_that_is_told(
    tmp_path: Path,
    speaker: Path,
    play: Play,
    room_for: int,
    count: int,
    layers: int,
    told: str,
) -> None:
    play(_LITTLE_ROOM.format(room=room_for, count=count))
    with room_with_card(tmp_path / "home", speaker) as room:
        text, notices = asked(room)
        assert ANSWER.startswith(text[:20])
        assert text
        assert notices == [told]
        state = room.engine.state
        assert state.loaded is not None
        assert (state.loaded.offloaded_layers, str(state.reduced)) == (layers, told)
        # Whoever filled the card may be gone by the next load.
        play(start_code(ENGINE))
        room.engine.choose(model_at(speaker))
        state = room.until(Phase.READY)
        assert state.loaded is not None
        assert (state.loaded.offloaded_layers, state.reduced) == (ALL_LAYERS, None)


def test_memory_that_ends_in_mid_answer_is_no_damaged_file(tmp_path: Path, speaker: Path) -> None:
    with room_with_card(tmp_path / "home", speaker, n_ctx=4096, slots=2) as room:
        struck = threading.Event()

        def strike(event: Event) -> None:
            pid = room.engine.engine_pid()
            if isinstance(event, TextDelta) and not struck.is_set() and pid is not None:
                struck.set()
                resource.prlimit(pid, resource.RLIMIT_AS, (0, 0))

        # The driver makes new programs for another number of tokens, and has no room for them.
        answer = room.ask(question("Hello", LONG), strike)
        room.ask(question("word and other words " * 8, SHORT))
        error = answer.wait().failed.error
        assert isinstance(error, EngineDied)
        assert "memory" in str(error.title)
        assert answer.text
        assert asked(room)[0]


def test_what_a_model_takes_of_a_card_is_measured(
    tmp_path: Path, speaker: Path, play: Play
) -> None:
    play(_TELLING)
    with room_with_card(tmp_path / "home", speaker) as room:
        room.until(Phase.READY)
        memory = room.engine.memory()
        assert memory is not None
        assert CACHE < memory.gpu < CACHE + 300 * MB
        room.engine.unload()
        room.until(Phase.IDLE)
        assert room.engine.memory() is None


@pytest.mark.parametrize("layers", [-1, 0])
def test_nothing_is_made_up_for_a_driver_that_does_not_tell_or_a_card_not_used(
    tmp_path: Path, speaker: Path, play: Play, layers: int
) -> None:
    if layers == 0:
        play(_TELLING)
    with room_with_card(tmp_path / "home", speaker, n_gpu_layers=layers) as room:
        room.until(Phase.READY)
        memory = room.engine.memory()
        assert memory is not None
        assert memory.resident > 0
        assert memory.gpu == 0
