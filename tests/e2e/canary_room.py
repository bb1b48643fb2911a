"""Where the tests of canaries use Lapis: a home full of planted words, and programs that ask."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai

from desktop.base.paths import Paths
from tests.e2e.conftest import StartLapis
from tests.harness.canaries import Sighting, in_files, in_processes
from tests.harness.home import home_variables
from tests.harness.leftovers import Marker
from tests.harness.program import Program
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for


@dataclass
class Room:
    """A home, a data folder and a temporary folder, all of a test's own, with words in them."""

    screen: Screen
    start: StartLapis
    marker: Marker
    folder: Path
    paths: Paths
    words: Mapping[str, str]
    shown: list[Sighting] = field(default_factory=list[Sighting])

    @property
    def home(self) -> Path:
        """The home folder, whose name is one of the words."""
        return self.folder / self.words["home"]

    @property
    def temporary(self) -> Path:
        """Where programs put what is for a while."""
        return self.folder / "temporary"

    @property
    def environment(self) -> dict[str, str]:
        """What leads a program there."""
        return {**home_variables(self.home), "TMPDIR": str(self.temporary)}

    def settle(self, **settings: object) -> None:
        """Write settings, before the first start."""
        self.paths.create()
        self.temporary.mkdir(exist_ok=True)
        known = {"welcomed": True, "system_prompt": self.words["persona"], **settings}
        self.paths.settings.write_text(json.dumps(known), encoding="utf-8")

    def open(self, *noise: str) -> tuple[Program, Window]:
        """Start Lapis and wait until its window can be typed into."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        environment = {**self.environment, "LAPIS_BENCH_READY": str(ready)}
        program = self.start("--show", environment=environment, noise=list(noise))
        wait_for(ready.exists, 40, lambda: program.noise)
        window = self.screen.window("Lapis$", program.pid)
        window.focus()
        return program, window

    def ask(self, question: str, state: str = "") -> None:
        """Type a question, and wait until it is on the disk, and its answer in `state`."""
        before = len(self.answers())
        self.screen.type(question)
        self.screen.key("Return")
        wait_for(lambda: len(self.answers()) > before, 20, "a question on the disk")
        if state:
            wait_for(lambda: self.answers()[-1][0] == state, 40, f"an answer that is {state}")

    def answers(self) -> list[tuple[str, str]]:
        """Return state and text of every answer, oldest first."""
        return self.rows("SELECT state, content FROM messages WHERE role = 'assistant' ORDER BY id")

    def rows(self, query: str) -> list[tuple[str, str]]:
        """Ask the database, beside the running program."""
        if not self.paths.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.paths.database}?mode=ro", uri=True)) as found:
            return found.execute(query).fetchall()

    def look_at_processes(self) -> None:
        """Remember which words anybody could read of the processes that run now.

        The home's name is in every environment, and nothing of ours.
        """
        words = {name: word for name, word in self.words.items() if name != "home"}
        self.shown += in_processes(words, self.marker.processes())

    def sightings(self) -> dict[str, set[str]]:
        """Return for each word the places where it is, below this room."""
        places: dict[str, set[str]] = {}
        folders = (self.paths.data, self.home, self.temporary)
        for each in in_files(self.words, [folder for folder in folders if folder.exists()]):
            if each.place != self.model:
                places.setdefault(each.name, set()).add(self._place(each.place))
        return places

    @property
    def model(self) -> Path:
        """The model file, which knows its answer by heart."""
        return self.home / "models" / "talker.gguf"

    def _place(self, path: Path) -> str:
        """Return in which of our places a file lies."""
        if path.is_relative_to(self.paths.states):
            return "states"
        if path == self.paths.settings:
            return "settings"
        if path.is_relative_to(self.paths.learned):
            return "records"
        for database, place in ((self.paths.database, "chats"), (self.paths.records, "records")):
            # With its journal, and its copies in another folder.
            if path.name.startswith(database.stem) and database.suffix in path.suffix:
                return place
        return str(path.relative_to(self.folder))


@dataclass
class Clients:
    """Two programs that know the key."""

    port: int
    words: Mapping[str, str]

    def __post_init__(self) -> None:
        """Make the clients that the libraries offer."""
        key = self.words["key"]
        self.ollama = ollama.Client(
            f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
        )
        self.openai = openai.OpenAI(
            base_url=f"http://localhost:{self.port}/v1", api_key=key, max_retries=0
        )

    def ask(self, turns: list[Any], model: str) -> str:
        """Return an answer in the other protocol."""
        made = self.openai.chat.completions.create(model=model, messages=turns, max_tokens=40)
        return made.choices[0].message.content or ""

    def failing(
        self, text: str, model: str, schema: Mapping[str, object] | None = None, key: str = ""
    ) -> int:
        """Return the status that a request is refused with."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/api/chat",
            json=body if schema is None else {**body, "format": schema},
            headers={"Authorization": f"Bearer {key or self.words['key']}"},
            trust_env=False,
            timeout=60,
        )
        # The name of a model and the place in a schema are told back, nothing else is.
        told = {name for name, word in self.words.items() if word in answer.text}
        assert told <= {"nobody", "schema"}
        return answer.status_code

    def close(self) -> None:
        """Let go of the connections."""
        self.ollama.close()
        self.openai.close()
