"""Who is answered by which model, and when: one line for files, and servers beside it."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop.backends.base import CountListener, Listener
from desktop.backends.load_events import Loaded, LoadEvent, LoadFailed, Unloaded
from desktop.domain.chat import (
    NOTHING_USED,
    ChatRequest,
    Event,
    Failed,
    Finished,
    Queued,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import ModelLoadError, ModelNotFound
from desktop.domain.model import InstalledModel, LoadedModel, LoadPlan
from desktop.domain.text import Text
from desktop.services.engine_turns import EngineTurns
from desktop.services.model_turns import Wanted

A = InstalledModel("a", "A", Path("/m/a.gguf"), 1)
B = InstalledModel("b", "B", Path("/m/b.gguf"), 1)
FAR = InstalledModel("openai:box/m", "m", Path("openai:box/m"), 0, server="box", leaves_to="box")
STRANGER = InstalledModel("openai:gone/m", "m", Path("openai:gone/m"), 0, server="gone")
DONE = Finished(StopReason.STOP, NOTHING_USED)
STOPPED = Finished(StopReason.STOPPED, NOTHING_USED)


def _loaded(model: InstalledModel) -> LoadedModel:
    return LoadedModel(LoadPlan(model.path), "", "llama", 1, 1, 512, 512, ("CPU",), True, 1.0)


@dataclass
class Scripted:
    """A backend that does what the test says, and remembers what it was told."""

    posted: list[Listener] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    loads: list[tuple[Path, bool]] = field(default_factory=list)
    observer: Callable[[LoadEvent], None] = lambda _event: None

    def load(
        self,
        make_plan: Callable[[], LoadPlan],
        observer: Callable[[LoadEvent], None],
        *,
        full: bool = False,
    ) -> None:
        self.loads.append((make_plan().path, full))
        self.observer = observer

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        self.posted.append(listener)
        return len(self.posted)

    def embed(
        self,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
        listener: Listener,
    ) -> int:
        raise AssertionError

    def count(self, requests: Sequence[ChatRequest], listener: CountListener, purpose: int) -> None:
        raise AssertionError

    def cancel(self, request: int) -> None:
        self.cancelled.append(request)

    def unload(self) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError

    def tell(self, number: int, *events: Event) -> None:
        """Say something of the request with this number, from 1."""
        for event in events:
            self.posted[number - 1](event)


@dataclass
class Place:
    """The turns, both backends, and everything that was heard."""

    local: Scripted = field(default_factory=Scripted)
    far: Scripted = field(default_factory=Scripted)
    states: list[EngineState] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    heard: dict[str, list[Event]] = field(default_factory=dict)
    contexts: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turns = EngineTurns(
            self.local, self._served, self._plan, self.states.append, self.usages.append
        )

    def _plan(self, model: InstalledModel, _n_ctx: int | None, _anyway: bool) -> LoadPlan:
        return LoadPlan(model.path)

    def _served(self, model: InstalledModel, n_ctx: int | None) -> Scripted:
        if model == STRANGER:
            raise ModelNotFound(Text("Nobody knows it"), Text("Add the connection."))
        self.contexts.append(n_ctx)
        return self.far

    def ask(self, name: str, wanted: Wanted | None = None) -> int:
        """Ask, and keep what is heard under `name`."""
        heard = self.heard.setdefault(name, [])
        return self.turns.ask(
            lambda backend, listener: backend.submit(ChatRequest(), listener), heard.append, wanted
        )

    def become(self, model: InstalledModel) -> None:
        """Let the local backend have loaded what it was told to load."""
        self.local.observer(Loaded(_loaded(model), None, None))


@pytest.fixture
def place() -> Place:
    made = Place()
    made.turns.choose(A)
    made.become(A)
    return made


def test_who_wants_another_file_waits_is_told_so_once_and_has_it_loaded_then(place: Place) -> None:
    place.ask("first", Wanted(A))
    place.ask("second", Wanted(B))
    place.ask("third", Wanted(A))
    assert place.heard == {"first": [], "second": [Queued(0)], "third": [Queued(0)]}
    assert [path for path, _ in place.local.loads] == [A.path]

    place.local.tell(1, DONE)
    assert [path for path, _ in place.local.loads] == [A.path, B.path]
    assert len(place.local.posted) == 2, "who came later waits for the first model again"
    place.local.tell(2, DONE)

    assert [path for path, _ in place.local.loads] == [A.path, B.path, A.path]
    assert place.heard["second"] == [Queued(0), DONE]
    assert len(place.local.posted) == 3


def test_a_server_is_asked_at_once_beside_everything_else(place: Place) -> None:
    place.ask("here", Wanted(A))
    place.ask("line", Wanted(B))
    place.ask("far", Wanted(FAR, 4096))
    assert len(place.far.posted) == 1
    assert place.contexts == [4096]
    assert place.turns.state.model == A, "somebody else's question chooses nothing"

    place.far.tell(1, TextDelta("x"), DONE)

    assert place.heard["far"] == [TextDelta("x"), DONE]
    assert place.usages == [], "what a server needed says nothing about this computer"
    assert place.heard["line"] == [Queued(0)]


def test_a_served_model_is_chosen_at_once_and_the_loaded_one_stays(place: Place) -> None:
    place.turns.choose(FAR, 2048)
    assert place.turns.state == EngineState(Phase.READY, FAR, 1.0, n_ctx=2048)
    assert len(place.local.loads) == 1

    place.ask("whoever")
    assert (len(place.far.posted), place.contexts) == (1, [2048])
    place.local.observer(Unloaded(unloaded_idle=True))

    assert place.turns.state.model == FAR
    assert place.turns.local.phase is Phase.IDLE


def test_a_model_still_loading_does_not_come_back_over_a_served_one() -> None:
    place = Place()
    place.turns.choose(A)
    place.turns.choose(FAR)
    place.become(A)
    assert place.turns.state.model == FAR
    assert place.states[-1].model == FAR


def test_the_usual_model_being_served_shows_again_when_it_is_asked(place: Place) -> None:
    place.turns.choose(FAR)
    place.ask("own", Wanted(B))
    place.become(B)
    assert place.turns.state.model == B
    assert place.turns.chosen == FAR
    place.ask("usual", Wanted(FAR, is_usual=True))
    assert place.turns.state.model == FAR


def test_one_that_waits_can_be_stopped_and_lets_others_in(place: Place) -> None:
    place.ask("first", Wanted(A))
    number = place.ask("second", Wanted(B))
    place.ask("third", Wanted(A))
    place.turns.cancel(number)

    assert place.heard["second"] == [Queued(0), STOPPED]
    assert len(place.local.posted) == 2, "the third shares the first one's model"
    place.turns.cancel(number)
    assert place.heard["second"] == [Queued(0), STOPPED]


def test_a_stop_reaches_whoever_has_the_request(place: Place) -> None:
    here, far = place.ask("here", Wanted(A)), place.ask("far", Wanted(FAR))
    place.turns.cancel(here)
    place.turns.cancel(far)
    assert (place.local.cancelled, place.far.cancelled) == ([1], [1])


def test_who_wants_a_model_of_its_own_waits_for_it_again_when_another_is_chosen(
    place: Place,
) -> None:
    place.ask("own", Wanted(A))
    place.ask("spoken", Wanted(A))
    place.local.tell(2, TextDelta("x"))
    place.turns.choose(B)
    assert place.local.cancelled == [1], "the one that has begun ends as the backend says"
    place.local.tell(1, STOPPED)
    assert place.heard["own"] == [Queued(0)], "that end was not its own"

    place.local.tell(2, STOPPED)

    assert [path for path, _ in place.local.loads] == [A.path, B.path, A.path]
    place.local.tell(3, TextDelta("y"), DONE)
    assert place.heard["own"] == [Queued(0), TextDelta("y"), DONE]


def test_who_takes_the_usual_model_takes_the_one_chosen_meanwhile(place: Place) -> None:
    place.ask("busy", Wanted(A))
    place.ask("waits", Wanted(B, is_usual=True))
    place.turns.choose(FAR)
    assert len(place.far.posted) == 1
    place.far.tell(1, DONE)
    assert place.heard["waits"] == [Queued(0), DONE]


def test_a_load_that_failed_ends_those_who_waited_for_it_and_the_line_goes_on(place: Place) -> None:
    place.ask("bad", Wanted(B))
    place.ask("good", Wanted(A))
    error = ModelLoadError(Text("No"), Text("Another."))
    place.local.observer(LoadFailed(error, crashes_here=False))
    place.local.tell(1, Failed(error))

    assert place.heard["bad"] == [Failed(error)]
    assert [path for path, _ in place.local.loads] == [A.path, B.path, A.path]


def test_a_model_that_no_connection_has_fails_and_nobody_else(place: Place) -> None:
    place.ask("lost", Wanted(STRANGER))
    place.ask("here", Wanted(A))
    (failed,) = place.heard["lost"]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ModelNotFound)
    assert len(place.local.posted) == 1
    place.local.tell(1, DONE)
    assert not place.turns.is_busy


def test_the_end_stops_everything_that_waits_and_what_servers_were_asked(place: Place) -> None:
    place.ask("first", Wanted(A))
    place.ask("second", Wanted(B))
    place.ask("far", Wanted(FAR))
    place.turns.close()
    assert place.heard["second"] == [Queued(0), STOPPED]
    assert place.far.cancelled == [1]

    place.ask("late", Wanted(A))

    assert place.heard["late"] == [STOPPED]
    place.local.tell(1, STOPPED)
    assert len(place.local.posted) == 1
