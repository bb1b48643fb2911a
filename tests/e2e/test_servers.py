"""Other engines in the real program: a model of theirs chosen, asked, stopped, killed in mid-answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from tests.e2e.conftest import StartLapis
from tests.e2e.test_window import Disk
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.program import Program
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_REPLY = "The sky scatters blue light."
_SENTENCE = "Lapis is answered by a server."
_ENDLESS = 131_072
_MODEL_BUTTON = (133, 24)
"""Where the name of the model stands, from the right upper corner of the window."""


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


def _kept_model(home: Path) -> str:
    kept = json.loads(paths_under(home).settings.read_text(encoding="utf-8"))
    return str(kept.get("model", ""))


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

    def wait_for_end(self) -> str:
        """Wait until the newest answer is complete in some way, and return in which."""
        wait_for(lambda: self.disk.answer().state not in {"streaming", ""}, 40, "an end")
        return self.disk.answer().state


def _open(start: StartLapis, screen: Screen, disk: Disk, **environment: str) -> Desk:
    """Start Lapis and wait until everything is there that comes after its window."""
    program = start("--show", environment=environment)
    window = screen.window("Lapis$", program.pid, 40)
    left = paths_under(disk.folder).hotkeys
    wait_for(left.exists, 40, "the second part of the start")
    window.focus()
    return Desk(screen, program, window, disk)


def test_a_model_of_ollama_is_chosen_in_the_window_and_answers(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, ollama: OllamaServer
) -> None:
    desk = _open(start_lapis, screen, disk, OLLAMA_HOST=ollama.address)

    def choose() -> bool:
        """Choose it in the menu; the first look may be before its server was asked."""
        right, top = _MODEL_BUTTON
        desk.window.click(desk.window.place[2] - right, top)
        import time as t_; t_.sleep(1.5); screen.screenshot(Path("/tmp/w/h/m1.png"))
        screen.type("gemma")
        t_.sleep(1); screen.screenshot(Path("/tmp/w/h/m2.png"))
        screen.key("Return", "Escape")
        return "ollama" in _kept_model(lapis_home)

    wait_for(choose, 12, "a model of Ollama")
    assert _kept_model(lapis_home) == "ollama:gemma2:9b"
    desk.ask("Why?")
    assert desk.wait_for_end() == "complete"

    assert disk.answer().content == _REPLY
    (asked,) = [
        one for one in ollama.asked("/api/chat") if one.body["messages"][-1]["content"] == "Why?"
    ]
    assert asked.body["options"]["num_ctx"] > 0
    assert not [
        one for one in desk.program.children() if "inference.host" in " ".join(one.cmdline())
    ]
