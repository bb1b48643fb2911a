"""Writing while another program takes a core, against a quiet computer."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from desktop.services.bench_desk import Desk
from tests.bench.measure import Figure

_PROMPT: Final = 24
_ANSWER: Final = 100
# The engine looks every 0.4 s who else computes; short answers are repeated for so long.
_SECONDS: Final = 4.0
_LIMIT: Final = 0.5


def measure_busy(desk: Desk) -> Figure:
    """Return decode speed beside a busy process ÷ that without, before and after it."""
    ratios = []
    rounds = 1 if desk.effort.fewest == 1 or desk.seconds(0, _ANSWER) > _SECONDS else 3
    before = _speed(desk)
    for _ in range(rounds):
        with _busy_process():
            busy = _speed(desk)
        after = _speed(desk)
        ratios.append(busy / statistics.mean((before, after)))
        print(
            f"    quiet {before:.2f}, beside a busy process {busy:.2f}, quiet {after:.2f} tokens/s",
            flush=True,
        )
        before = after
    return Figure("busy", "×", tuple(ratios), _LIMIT, at_least=True)


def _speed(desk: Desk) -> float:
    """Return tokens written a second, over at least one answer and `_SECONDS`."""
    steps = seconds = 0.0
    while seconds < _SECONDS:
        answered = desk.ask(desk.texts.question(_PROMPT, _ANSWER))
        steps += answered.steps
        seconds += answered.whole - answered.to_read
    return steps / seconds


@contextmanager
def _busy_process() -> Iterator[None]:
    """Have a process that does nothing but compute."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    )
    try:
        if process.stdout is not None:
            process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
