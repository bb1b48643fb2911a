"""The command line's answers that need no model: whole processes, from start to end."""

import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.measure import Figure, repeat
from tests.harness.program import command

_RUNS = 10
_LIMIT_SECONDS = 0.3
_CALLS = (("--version",), ("--help",), ("ask", "--help"))


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data."""
    data = ("--data-dir", str(folder / "data"))
    return [
        Figure(
            f"lapis {' '.join(words)}",
            "s",
            repeat(partial(_run, [*command(), *_with(data, words)]), _RUNS),
            _LIMIT_SECONDS,
        )
        for words in _CALLS
    ]


def _with(data: Sequence[str], words: Sequence[str]) -> list[str]:
    return list(words) if words == ("--version",) else [*data, *words]


def _run(words: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
