"""From the start of the process to a window that is painted and takes a question.

The program itself tells when: with `LAPIS_BENCH_READY` set to a path it writes the time of day
(`time.time()`) there once its window has been painted and takes input. The engine's loading goes
on behind it. A real screen server draws; each run starts a new process in the same data folder.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from desktop.base.paths import paths_under
from tests.bench.measure import Figure, repeat
from tests.harness.program import command
from tests.harness.screen import Screen, virtual_screen
from tests.harness.waiting import wait_for

READY_VARIABLE = "LAPIS_BENCH_READY"
_RUNS = 10
_LIMIT_SECONDS = 1.0


def measure(folder: Path, program: Path | None = None) -> list[Figure]:
    """Return the figures; `folder` takes data and logs.

    `program` is what is started, such as a frozen `lapis-gui`; the Lapis beside this Python if left
    out.
    """
    words = command() if program is None else (str(program.absolute()),)
    known, new = folder / "data", folder / "new"
    settings = paths_under(known).settings
    settings.parent.mkdir(parents=True)
    settings.write_text('{"welcomed": true}', encoding="utf-8")
    with virtual_screen(folder) as screen:
        values = repeat(lambda: _start(words, screen, folder, known), _RUNS)
        # Nobody skips the first steps here, so that each of these is a first start.
        first = repeat(lambda: _start(words, screen, folder, new), _RUNS)
    return [
        Figure("start to usable window", "s", values, _LIMIT_SECONDS),
        Figure("first start, to the first steps", "s", first, _LIMIT_SECONDS),
    ]


def _start(words: Sequence[str], screen: Screen, folder: Path, data: Path) -> float:
    ready = folder / "ready.txt"
    ready.unlink(missing_ok=True)
    with (folder / "lapis.log").open("ab") as log:
        started = time.time()
        process = subprocess.Popen(
            [*words, "--data-dir", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**screen.environment, READY_VARIABLE: str(ready)},
        )
    try:
        told = wait_for(lambda: _told(ready, process), 30, "the window's word that it is ready")
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(15)
    return told - started


def _told(ready: Path, process: subprocess.Popen[bytes]) -> float:
    assert process.poll() is None, f"Lapis ended with {process.returncode}"
    text = ready.read_text(encoding="utf-8") if ready.exists() else ""
    return float(text) if text.endswith("\n") else 0.0
