"""Layers on a graphics card: Mesa's software device, through llama.cpp's Vulkan library.

Real engine processes throughout. The card is llvmpipe, which llama.cpp takes only when it is named;
it compiles its programs at their first use and computes a hundred times slower than the processor.
"""

import threading
from pathlib import Path

import psutil
import pytest

from desktop.backends.libraries import built_backends
from desktop.backends.trial import TrialFailed, Tried, find_devices, try_plan
from desktop.base.paths import resources
from desktop.domain.chat import ChatRequest, Event, Message, Notice, Role, Sampling, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.health import State
from desktop.domain.model import Device, DeviceKind, LoadPlan
from desktop.services.doctor_engine import examine_engine
from tests.gguf_files import write_gemma2, write_llama
from tests.unit.engine_room import engine_room, question
from tests.unit.engine_stubs import instead

ANSWER = "The model runs on the graphics card."
LAYERS = 4
ALL_LAYERS = LAYERS + 1
PATIENCE_SECONDS = 300.0
LONG = Sampling(temperature=0, max_tokens=30)
BABBLE = ChatRequest((Message(Role.USER, "Hello"),), Sampling(temperature=0, max_tokens=12))
# The trouble begins when a batch is decoded with layers on the card: as a driver reset does it.
_LOSING_THE_DEVICE = """
import os, sys
sys.path.insert(0, sys.argv[1])
from desktop.inference import host, runtime
real = runtime.Runtime.decode
batches = 0
def decode(self, *given):
    global batches
    batches += 1
    if self.offloaded and batches > {after}:
        sys.stderr.write("terminate called after throwing 'vk::DeviceLostError'")
        sys.stderr.flush()
        os.abort()
    return real(self, *given)
runtime.Runtime.decode = decode
host.main(int(sys.argv[2]))
"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _software_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0")


@pytest.fixture(scope="session")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of several layers that says `ANSWER` over and over."""
    file = tmp_path_factory.mktemp("speaker") / "speaker.gguf"
    return write_llama(file, answer=ANSWER, layers=LAYERS)


def plan(model: Path, layers: int, *devices: str) -> LoadPlan:
    return LoadPlan(
        path=model, n_ctx=1024, n_gpu_layers=layers, devices=devices, threads=1, slots=1
    )


def tried_on(folder: Path, chosen: LoadPlan, asked: ChatRequest) -> Tried:
    return try_plan(folder, chosen, asked, PATIENCE_SECONDS)


def cards(found: tuple[Device, ...]) -> list[Device]:
    return [device for device in found if device.is_gpu]


def test_this_build_has_both_backends() -> None:
    assert built_backends() == ("cpu", "vulkan")


def test_the_card_is_listed_with_its_memory(tmp_path: Path) -> None:
    found = find_devices(tmp_path)
    (card,) = cards(found)
    assert (card.name, card.backend) == ("Vulkan0", "Vulkan")
    assert "llvmpipe" in card.description
    assert 0 < card.free <= card.total
    assert [device.name for device in found if device.kind is DeviceKind.CPU] == ["CPU"]


def test_without_its_driver_the_processor_answers(
    tmp_path: Path, speaker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "missing.json"))
    assert cards(find_devices(tmp_path)) == []
    tried = tried_on(tmp_path, plan(speaker, -1), question("Hello"))
    assert tried.text.strip()
    assert tried.offloaded_layers == 0


@pytest.mark.parametrize(("layers", "on_the_card"), [(-1, ALL_LAYERS), (2, 2), (0, 0)])
def test_all_some_and_no_layers_on_the_card_give_the_same_answer(
    layers: int, on_the_card: int, tmp_path: Path, speaker: Path
) -> None:
    devices = ("Vulkan0",) if layers else ()
    asked = ChatRequest((Message(Role.USER, "Hello"),), LONG)
    tried = tried_on(tmp_path, plan(speaker, layers, *devices), asked)
    assert tried.offloaded_layers == on_the_card
    assert tried.text.strip().startswith(ANSWER)


def test_a_model_with_sliding_windows_babbles_alike_on_card_and_processor(tmp_path: Path) -> None:
    model = write_gemma2(tmp_path / "gemma2.gguf")
    texts = {
        tried_on(tmp_path, plan(model, layers, *devices), BABBLE).text
        for layers, devices in ((0, ()), (1, ("Vulkan0",)), (-1, ("Vulkan0",)))
    }
    assert len(texts) == 1


def test_a_device_that_is_not_there_is_refused(tmp_path: Path, speaker: Path) -> None:
    with pytest.raises(TrialFailed):
        tried_on(tmp_path, plan(speaker, -1, "CUDA7"), BABBLE)


def test_the_engine_says_what_computes_and_how_much_is_on_the_card(
    tmp_path: Path, speaker: Path
) -> None:
    with engine_room(tmp_path / "home", speaker, n_gpu_layers=-1) as room:
        loaded = room.until(Phase.READY).loaded
        assert loaded is not None
        assert "llvmpipe" in " ".join(loaded.devices)
        assert loaded.offloaded_layers == ALL_LAYERS
        assert room.ask(question("Hello")).wait().text


def test_a_choice_of_the_processor_leaves_the_card_alone(tmp_path: Path, speaker: Path) -> None:
    with engine_room(tmp_path / "home", speaker, n_gpu_layers=0) as room:
        loaded = room.until(Phase.READY).loaded
        assert loaded is not None
        assert "llvmpipe" not in " ".join(loaded.devices)
        assert room.ask(question("Hello")).wait().text
        assert not any("llvmpipe" in name for name in thread_names(room.engine.engine_pid()))


def test_layers_on_the_card_are_computed_there(tmp_path: Path, speaker: Path) -> None:
    with engine_room(tmp_path / "home", speaker, n_gpu_layers=-1) as room:
        assert room.ask(question("Hello")).wait().text
        assert any("llvmpipe" in name for name in thread_names(room.engine.engine_pid()))


def thread_names(pid: int | None) -> list[str]:
    """Return what the threads of a process call themselves; the card's are named after it."""
    assert pid is not None
    tasks = Path(f"/proc/{pid}/task")
    return [
        (tasks / str(one.id) / "comm").read_text().strip() for one in psutil.Process(pid).threads()
    ]


def test_a_card_lost_before_the_first_word_costs_nothing_but_the_card(
    tmp_path: Path, speaker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _LOSING_THE_DEVICE.format(after=0))
    with engine_room(tmp_path / "home", speaker, n_gpu_layers=-1) as room:
        answer = room.ask(question("Hello", LONG)).wait()
        notices = [event.text for event in answer.events if isinstance(event, Notice)]
        assert answer.finished.usage.completion_tokens > 0
        assert answer.text.strip().startswith(ANSWER)
        assert [str(text) for text in notices] == [
            "The graphics driver failed, so the model now runs on the processor."
        ]
        state = room.engine.state
        assert state.loaded is not None
        assert (state.loaded.plan.n_gpu_layers, state.loaded.offloaded_layers) == (0, 0)


def test_a_card_lost_in_mid_answer_keeps_the_text_and_the_processor_goes_on(
    tmp_path: Path, speaker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _LOSING_THE_DEVICE.format(after=12))
    with engine_room(tmp_path / "home", speaker, n_gpu_layers=-1) as room:
        spoke = threading.Event()

        def hear(event: Event) -> None:
            if isinstance(event, TextDelta):
                spoke.set()

        broken = room.ask(question("Hello", LONG), hear).wait()
        assert spoke.is_set()
        assert ANSWER.startswith(broken.text.strip()[:20])
        assert "kept" in str(broken.failed.error.hint)
        state = room.until_state(lambda state: state.notice is not None)
        assert "graphics driver" in str(state.notice)
        again = room.ask(question("Hello", LONG)).wait()
        assert again.text.strip().startswith(ANSWER)


def test_the_doctor_tries_the_card_and_finds_it_well(tmp_path: Path) -> None:
    guide = resources() / "guide" / "guide.gguf"
    found = examine_engine(tmp_path, guide, trial_seconds=PATIENCE_SECONDS)
    card = {finding.name: finding for finding in found}["engine.device.Vulkan0"]
    assert card.state is State.OK, card
    assert card.facts["works"] is True
    assert isinstance(card.facts["offloaded_layers"], int)
    assert card.facts["offloaded_layers"] > 0


def test_the_doctor_tells_of_a_card_that_fails_when_it_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _LOSING_THE_DEVICE.format(after=0))
    findings = {
        finding.name: finding
        for finding in examine_engine(tmp_path, resources() / "guide" / "guide.gguf")
    }
    assert findings["engine.device.CPU"].state is State.OK
    assert findings["engine.device.Vulkan0"].state is State.BAD
    assert "DeviceLost" in str(findings["engine.device.Vulkan0"].facts["last_words"])
