"""Servers in the terminal: `lapis connections`, and `lapis ask` with a model of one."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.harness.keyring import keyring_daemon
from tests.harness.message_bus import message_bus
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.harness.program import run_lapis

_KEY = "sk-secret-of-the-attic-42"


@dataclass
class Room:
    """A data folder, an Ollama, and a keyring if there is one."""

    folder: Path
    ollama: OllamaServer
    bus: str = "unix:path=/nowhere"

    def lapis(self, *words: str, typed: str = "") -> CompletedProcess[str]:
        environment = {
            "OLLAMA_HOST": self.ollama.address,
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
        }
        line = ["--data-dir", str(self.folder / "lapis"), *words]
        return run_lapis(line, folder=self.folder, stdin=typed, environment=environment)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    gemma, phi = OllamaModel("gemma2:9b", reply="It scatters."), OllamaModel("phi4")
    with OllamaServer([gemma], library=[phi]) as ollama:
        yield Room(tmp_path, ollama)


def test_the_ollama_of_this_computer_answers_without_being_set_up(room: Room) -> None:
    done = room.lapis("ask", "--model", "ollama:gemma2:9b", "Why is the sky blue?")
    assert (done.returncode, done.stdout) == (0, "It scatters.\n"), done.stderr

    listed = room.lapis("connections", "ls", "--json")
    assert [(each["name"], each["address"]) for each in json.loads(listed.stdout)] == [
        ("ollama", room.ollama.address)
    ]


def test_a_server_is_set_up_tried_asked_and_forgotten(room: Room) -> None:
    added = room.lapis("connections", "add", "attic", room.ollama.address, "--kind", "ollama")
    assert added.returncode == 0, added.stderr
    assert "attic" in room.lapis("connections").stdout

    tried = room.lapis("connections", "test", "attic")
    assert tried.returncode == 0, tried.stderr
    assert "ollama@attic:gemma2:9b" in tried.stdout
    asked = room.lapis("ask", "--model", "ollama@attic:gemma2:9b", "Why?")
    assert asked.stdout == "It scatters.\n", asked.stderr

    assert room.lapis("connections", "rm", "attic").returncode == 0
    gone = room.lapis("ask", "--model", "ollama@attic:gemma2:9b", "Why?")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "attic" in gone.stderr


def test_an_ollama_fetches_a_model_when_it_is_told_to(room: Room) -> None:
    done = room.lapis("models", "pull", "ollama:phi4")
    assert (done.returncode, done.stdout) == (
        0,
        "ollama:phi4 is ready: lapis chat -m ollama:phi4\n",
    ), done.stderr
    assert "ollama:phi4" in room.lapis("connections", "test").stdout

    missing = room.lapis("models", "pull", "ollama:nobody-has-this")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.strip()
    refused = room.lapis("models", "pull", "openai:attic/x")
    assert refused.returncode == 1


def test_a_server_that_is_not_there_is_said_so_in_words(room: Room) -> None:
    room.ollama.close()
    done = room.lapis("connections", "test", "ollama")
    assert done.returncode == 1
    assert "Ollama does not run on this computer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="a keyring daemon of Linux")
def test_a_key_is_kept_in_the_keyring_and_nowhere_else(room: Room) -> None:
    with message_bus(room.folder) as bus, keyring_daemon(bus):
        room.bus = bus
        words = ("connections", "add", "attic", room.ollama.address, "--kind", "ollama", "--key")
        done = room.lapis(*words, typed=f"{_KEY}\n")
        assert done.returncode == 0, done.stderr
        asked = room.lapis("ask", "--model", "ollama@attic:gemma2:9b", "Why?")
        assert asked.returncode == 0, asked.stderr
        assert room.ollama.asked("/api/chat")[-1].headers["authorization"] == f"Bearer {_KEY}"
        # An empty one is forgotten.
        assert room.lapis("connections", "key", "attic", typed="\n").returncode == 0
        room.lapis("ask", "--model", "ollama@attic:gemma2:9b", "Why?")

    assert "authorization" not in room.ollama.asked("/api/chat")[-1].headers
    kept = [path for path in (room.folder / "lapis").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if _KEY.encode() in path.read_bytes()]


def test_without_a_keyring_a_key_cannot_outlive_the_command_and_it_says_so(room: Room) -> None:
    words = ("connections", "add", "attic", room.ollama.address, "--kind", "ollama", "--key")
    added = room.lapis(*words, typed=f"{_KEY}\n")
    assert added.returncode == 1
    assert added.stdout == f"attic is set up: {room.ollama.address}\n"
    assert "keyring" in added.stderr
    done = room.lapis("connections", "key", "attic", typed=f"{_KEY}\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "keyring" in done.stderr
    (attic,) = [
        each
        for each in json.loads(room.lapis("connections", "ls", "--json").stdout)
        if each["name"] == "attic"
    ]
    assert attic["has_key"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("connections", "add", "attic"),
        ("connections", "add", "attic", "http://127.0.0.1:1", "--kind", "soup"),
        ("connections", "key"),
        ("connections", "rm"),
    ],
)
def test_what_is_not_understood_is_explained_with_an_example(
    room: Room, words: tuple[str, ...]
) -> None:
    done = room.lapis(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip()


def test_a_name_that_nobody_has_fails(room: Room) -> None:
    for words in (("test", "nobody"), ("rm", "nobody"), ("key", "nobody"), ("rm", "ollama")):
        done = room.lapis("connections", *words, typed="x\n")
        assert done.returncode == 1, words
        assert "nobody" in done.stderr or "Ollama" in done.stderr
