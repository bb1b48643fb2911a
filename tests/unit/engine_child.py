"""A bare engine process for tests, spoken to in its own messages."""

import os
import queue
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.backends.process import Death, EngineProcess
from desktop.inference.load_order import Load
from desktop.inference.messages import (
    Cancel,
    Command,
    Delta,
    Done,
    Generate,
    Loaded,
    LoadFailed,
    Ready,
    Refused,
    Report,
    Retire,
    Sampling,
    Turn,
)

WAIT_SECONDS = 60.0
GREEDY = Sampling(temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=1)


class Child:
    """An engine process and what it has reported."""

    def __init__(self, folder: Path) -> None:
        """Start it in `folder`."""
        self._reports: queue.SimpleQueue[Report | Death] = queue.SimpleQueue()
        # What a wait went past: another answer may have ended before the report it was for.
        self._passed: list[Report | Death] = []
        self._ids = 0
        self.process = EngineProcess(
            folder,
            self._take,
            lambda _process, death: self._reports.put(death),
        )
        self.ready = self.next_of(Ready)

    def _take(self, process: EngineProcess, report: Report) -> None:
        process.handled()
        self._reports.put(report)

    def send(self, command: Command) -> None:
        """Say something."""
        self.process.send(command)

    def next(self) -> Report | Death:
        """Return the next report, or how the process ended."""
        return self._reports.get(timeout=WAIT_SECONDS)

    def next_of(self, kind: type[Report | Death]) -> Report | Death:
        """Return the next report of `kind`; `until_end` still finds the others."""
        while True:
            report = self.next()
            if isinstance(report, kind):
                return report
            assert not isinstance(report, Death | LoadFailed), report
            self._passed.append(report)

    def load(self, path: Path, **changes: object) -> Loaded:
        """Load a model with one thread; `changes` to the order."""
        values: dict[str, object] = {
            "path": os.fsencode(path),
            "n_ctx": 512,
            "n_gpu_layers": 0,
            "threads": 1,
            "n_batch": 512,
            "n_ubatch": 512,
            "kv_type": "f16",
            "extra_buffers": True,
            "slots": 4,
        }
        self.send(Load(**(values | changes)))  # type: ignore[arg-type]
        loaded = self.next_of(Loaded)
        assert isinstance(loaded, Loaded)
        return loaded

    def start(self, text: str = "", **changes: object) -> int:
        """Ask without waiting; return the number of the request."""
        self._ids += 1
        values: dict[str, object] = {
            "id": self._ids,
            "turns": [Turn("user", text)] if text else [],
            "sampling": GREEDY,
            "max_tokens": 24,
            "stop": [],
        }
        self.send(Generate(**(values | changes)))  # type: ignore[arg-type]
        return self._ids

    def until_end(self, request: int) -> tuple[str, Done]:
        """Return text and account of an answer, but for the pieces that `next_of` returned."""
        text = ""
        told, self._passed = deque(self._passed), []
        while True:
            report = told.popleft() if told else self.next()
            assert not isinstance(report, Death), report
            if getattr(report, "id", None) != request:
                self._passed.append(report)
            elif isinstance(report, Refused):
                raise AssertionError(report)
            elif isinstance(report, Delta):
                text += report.text
            elif isinstance(report, Done):
                self._passed.extend(told)
                return text, report

    def ask(self, text: str = "", **changes: object) -> tuple[str, Done]:
        """Ask and wait; return text and account."""
        return self.until_end(self.start(text, **changes))

    def cancel(self, request: int) -> None:
        """Stop a request."""
        self.send(Cancel(id=request))

    def retire(self) -> Death:
        """Let it keep its states and end by itself."""
        self.send(Retire())
        death = self.next_of(Death)
        assert isinstance(death, Death)
        return death


@contextmanager
def engine_child(folder: Path) -> Iterator[Child]:
    """Give an engine process; it is ended at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    child = Child(folder)
    try:
        yield child
    finally:
        child.process.close()
