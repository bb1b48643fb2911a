"""Lapis killed 60 times while it streams an answer: what is missing afterwards.

The real window on a real screen, with real llama.cpp. A question is typed, and at a random moment
within the next seconds the program is killed as the system does it. Beside it somebody looks into
the file all the time: what was seen there is acknowledged and has to be there after the kill. Text
that came after the last growth of the answer in the file is lost, so the time between that growth
and the kill is the most that can be missing.
"""

import json
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from desktop.base.paths import Paths, paths_under
from tests.bench.measure import Figure
from tests.bench.startup import READY_VARIABLE
from tests.gguf_files import write_llama
from tests.harness.program import Program
from tests.harness.screen import Screen, virtual_screen
from tests.harness.waiting import wait_for

_ROUNDS = 60
_SEED = 20
_LATEST_SECONDS = 3.0
_EARLY = 3
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.004
_LOST_LIMIT_SECONDS = 1.0
_START_LIMIT_SECONDS = 2.0
_SENTENCE = "Lapis answers from a model on this computer."
_ENDLESS = 131_072


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data, logs and a model of a few hundred KB."""
    paths = paths_under(folder / "data")
    model = write_llama(folder / "m.gguf", context_length=_ENDLESS, answer=_SENTENCE)
    settings = {"welcomed": True, "model": str(model), "engine": {"n_ctx": _ENDLESS}}
    paths.settings.parent.mkdir(parents=True)
    paths.settings.write_text(json.dumps(settings), encoding="utf-8")
    chance = random.Random(_SEED)
    bench = Bench(folder, paths)
    with virtual_screen(folder) as screen:
        for number in range(1, _ROUNDS + 1):
            # Every third kill may come before anything is answered.
            bench.round(
                screen, number, chance.random() * _LATEST_SECONDS, wait=number % _EARLY != 0
            )
    print(f"  seed {_SEED}; {len(bench.seen)} messages acknowledged")
    return [
        Figure(f"{_ROUNDS} kills: messages lost or doubled", "", (float(bench.lost),), 0.0),
        Figure(f"{_ROUNDS} kills: damaged files", "", (float(bench.damaged),), 0.0),
        Figure(
            "streamed text lost, worst",
            "s",
            (max(bench.missing, default=0.0),),
            _LOST_LIMIT_SECONDS,
        ),
        Figure("streamed text lost", "s", tuple(bench.missing) or (0.0,), _LOST_LIMIT_SECONDS),
        Figure("start after a kill", "s", tuple(bench.starts), _START_LIMIT_SECONDS),
        Figure("kills while an answer grew", "", (float(len(bench.missing)),)),
    ]


@dataclass
class Bench:
    """All rounds on one data folder. `seen` are the messages acknowledged so far, by number."""

    folder: Path
    paths: Paths
    seen: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    lost: int = 0
    damaged: int = 0
    missing: list[float] = field(default_factory=list[float])
    starts: list[float] = field(default_factory=list[float])

    def round(self, screen: Screen, number: int, delay: float, *, wait: bool) -> None:
        """Start, ask, kill `delay` seconds later, look at what is left.

        With `wait` the time counts from the first text of the answer on.
        """
        ready = self.folder / "ready.txt"
        ready.unlink(missing_ok=True)
        started = time.time()
        program = Program(
            ["--data-dir", str(self.paths.data)],
            self.folder / "log",
            {**screen.environment, READY_VARIABLE: str(ready)},
        )
        try:
            told = wait_for(lambda: _told(ready), 30, lambda: program.noise)
            if number > 1:
                self.starts.append(told - started)
            screen.window("Lapis$", program.pid).focus()
            screen.type(f"Question {number}")
            screen.key("Return")
            self._look_and_kill(program, delay, wait=wait)
        finally:
            program.end()
        self._compare()

    def _look_and_kill(self, program: Program, delay: float, *, wait: bool) -> None:
        """Watch the file for `delay` seconds and kill the program."""
        until = time.monotonic() + delay + (_PATIENCE_SECONDS if wait else 0.0)
        grown = 0.0
        with closing(_reader(self.paths.database)) as connection:
            while time.monotonic() < until:
                for message, role, text in connection.execute(
                    "SELECT id, role, content FROM messages WHERE id >= ?", (len(self.seen),)
                ):
                    if role == "assistant" and text and self.seen.get(message, ("", ""))[1] != text:
                        if not grown and wait:
                            until = time.monotonic() + delay
                        grown = time.monotonic()
                    self.seen[message] = (role, text)
                time.sleep(_LOOK_SECONDS)
            children = program.children()
            killed = time.monotonic()
            program.kill()
        if grown:
            self.missing.append(killed - grown)
        _, left = psutil.wait_procs(children, timeout=2)
        assert not left, "the engine outlives the window"

    def _compare(self) -> None:
        with closing(_reader(self.paths.database)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                self.damaged += 1
            rows = connection.execute("SELECT id, role, content FROM messages").fetchall()
        kept = {message: (role, text) for message, role, text in rows}
        for message, (role, text) in self.seen.items():
            there = kept.get(message)
            if there is None or there[0] != role or not there[1].startswith(text):
                self.lost += 1
        questions = [text for role, text in kept.values() if role == "user"]
        self.lost += len(questions) - len(set(questions))
        # Saved between the last look and the kill: it has to stay from now on.
        self.seen = kept


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _told(ready: Path) -> float:
    text = ready.read_text(encoding="utf-8") if ready.exists() else ""
    return float(text) if text.endswith("\n") else 0.0
