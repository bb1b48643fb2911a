"""Other engines in the real program: a model of theirs chosen, asked, stopped, killed in mid-answer."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.ui.tokens import LIGHT
from tests import gguf_files
from tests.e2e.conftest import StartLapis
from tests.e2e.test_window import Disk
from tests.harness.hands import Hands
from tests.harness.llama_server import llama_server
from tests.harness.ollama import OllamaModel, OllamaRequest, OllamaServer
from tests.harness.program import Program
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_REPLY = "The sky scatters blue light."
_SENTENCE = "Lapis is answered by a server."
_FAR = "https://models.example.com/v1"
_MODEL_BUTTON = (133, 24)
"""Where the name of the model stands, from the right upper corner of the window."""
_HEADER = 60
_NEAR = 60
_FEW = 20
"""More pixels than that have the very colour of a badge, if there is one."""
_PAST_THE_GUIDE = ("Down", "Down")


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([OllamaModel("gemma2:9b", reply=_REPLY)]) as one:
        yield one


@pytest.fixture
def disk(lapis_home: Path) -> Disk:
    return Disk(lapis_home)


def _settle(home: Path, **settings: object) -> None:
    file = paths_under(home).settings
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"welcomed": True, **settings}), encoding="utf-8")


def _openai(name: str, address: str) -> dict[str, object]:
    """Return settings with one server."""
    return {"servers": [{"kind": "openai", "name": name, "address": address}]}


def _kept_model(home: Path) -> str:
    kept = json.loads(paths_under(home).settings.read_text(encoding="utf-8"))
    return str(kept.get("model", ""))


def _questions(ollama: OllamaServer, text: str) -> list[OllamaRequest]:
    """Return the requests for an answer to `text`."""
    found = ollama.asked("/api/chat")
    return [one for one in found if one.body["messages"][-1]["content"] == text]


@dataclass(frozen=True, slots=True)
class Desk:
    """A person before the window of `program`."""

    screen: Screen
    program: Program
    window: Window
    disk: Disk

    def ask(self, question: str) -> None:
        """Type a question, press Enter, wait until it is on the disk."""
        before = len(self.disk.messages())
        self.window.focus()
        self.screen.type(question)
        self.screen.key("Return")
        wait_for(lambda: len(self.disk.messages()) == before + 2, 20, "a question on the disk")

    def wait_for_text(self, length: int) -> str:
        """Wait until that much of the newest answer is on the disk, and return it."""
        wait_for(lambda: len(self.disk.answer().content) >= length, 40, "a growing answer")
        return self.disk.answer().content

    def wait_for_end(self) -> str:
        """Wait until the newest answer has ended, and return how."""
        wait_for(lambda: self.disk.answer().state != "streaming", 60, "an end")
        return self.disk.answer().state

    def has_badge(self) -> bool:
        """Return whether the line above the chat has words in the colour of a warning."""
        hands = Hands(self.screen.environment["DISPLAY"])
        try:
            left, top, width, _height = self.window.place
            data = hands.picture(left, top, width, _HEADER)
        finally:
            hands.close()
        wanted = [int(LIGHT.warn[at : at + 2], 16) for at in (5, 3, 1)]
        pixels = zip(data[0::4], data[1::4], data[2::4], strict=True)
        # Letters that are drawn softly have few pixels of the very colour.
        return sum(math.dist(pixel, wanted) < _NEAR for pixel in pixels) > _FEW

    def has_engine(self) -> bool:
        """Return whether there is a process with a model of this computer."""
        return any("inference.host" in " ".join(one.cmdline()) for one in self.program.children())


def _open(start: StartLapis, screen: Screen, disk: Disk, **environment: str) -> Desk:
    """Start Lapis and wait until everything is there that comes after its window."""
    program = start("--show", environment=environment)
    window = screen.window("Lapis$", program.pid, 40)
    left = paths_under(disk.folder).hotkeys
    wait_for(left.exists, 40, "the second part of the start")
    window.focus()
    return Desk(screen, program, window, disk)


def test_a_model_of_ollama_is_chosen_in_the_menu_and_answers(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, ollama: OllamaServer
) -> None:
    desk = _open(start_lapis, screen, disk, OLLAMA_HOST=ollama.address)

    def choose() -> bool:
        """Choose the first model after the guide; the menu may be open before Ollama has answered."""
        right, top = _MODEL_BUTTON
        place = (str(desk.window.place[2] - right), str(top))
        screen.xdotool("mousemove", "--window", desk.window.number, *place, "click", "1")
        wait_for(lambda: ollama.asked("/api/tags"), 20, "Ollama asked for its models")
        screen.key(*_PAST_THE_GUIDE, "Return", "Escape")
        return _kept_model(lapis_home) == "ollama:gemma2:9b"

    wait_for(choose, 60, "a model of Ollama")
    desk.ask("Why?")
    assert desk.wait_for_end() == "complete"

    assert disk.answer().content == _REPLY
    assert not desk.has_badge()
    (asked,) = _questions(ollama, "Why?")
    assert asked.body["options"]["num_ctx"] > 0


def test_a_model_of_ollama_needs_no_engine_here_and_a_stop_reaches_its_server(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, ollama: OllamaServer
) -> None:
    ollama.faults.is_endless = True
    _settle(lapis_home, model="ollama:gemma2:9b")
    desk = _open(start_lapis, screen, disk, OLLAMA_HOST=ollama.address)
    desk.ask("Talk")
    desk.wait_for_text(len(_REPLY))
    assert not desk.has_engine()
    screen.key("Escape")
    assert desk.wait_for_end() == "stopped"

    (asked,) = _questions(ollama, "Talk")
    assert asked.left.wait(10)
    assert disk.answer().content.startswith(_REPLY)
    assert disk.is_whole()


def test_a_server_that_is_killed_in_mid_answer_costs_that_answers_rest(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, tmp_path: Path
) -> None:
    model = gguf_files.write_llama(
        tmp_path / "talks.gguf", context_length=131_072, answer=_SENTENCE
    )
    with llama_server(model, tmp_path, "--n_ctx", "65536") as server:
        _settle(lapis_home, model="openai:box/tiny", connections=_openai("box", server.address))
        desk = _open(start_lapis, screen, disk)
        desk.ask("Talk")
        text = desk.wait_for_text(3 * len(_SENTENCE))
        assert text.startswith(_SENTENCE)
        assert not desk.has_engine()
        server.process.kill()
        assert desk.wait_for_end() == "interrupted"
    assert disk.answer().content.startswith(text)

    # The window lives, and says what is wrong with the next one, too.
    desk.ask("Still there?")
    assert desk.wait_for_end() == "failed"
    assert desk.program.running
    assert disk.is_whole()


def test_offline_nothing_reaches_a_server_elsewhere(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk
) -> None:
    _settle(
        lapis_home,
        model="openai:far/large",
        connections={"offline": True, **_openai("far", _FAR)},
    )
    desk = _open(start_lapis, screen, disk)
    wait_for(desk.has_badge, 20, "a badge: words would leave this computer")
    desk.ask("Anybody?")
    assert desk.wait_for_end() == "failed"

    assert "offline" in disk.note().lower()
    assert desk.program.network_attempts == ""
