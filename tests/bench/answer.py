"""One question to the built-in guide: how soon the answer begins and how fast it comes."""

import json
import subprocess
import time
from pathlib import Path

from tests.bench.measure import Figure
from tests.harness.program import command

_RUNS = 5
_QUESTION = "How do I change the hotkey?"


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data. The first run warms the file cache."""
    runs = [_ask(folder) for _ in range(_RUNS + 1)][1:]

    def column(name: str) -> tuple[float, ...]:
        return tuple(run[name] for run in runs)

    return [
        Figure("lapis ask, whole process", "s", column("seconds")),
        Figure("guide: first token after", "ms", column("ttft_ms")),
        Figure("guide: prompt read", "tokens/s", column("prefill_tps")),
        Figure("guide: answer written", "tokens/s", column("decode_tps")),
    ]


def _ask(folder: Path) -> dict[str, float]:
    started = time.perf_counter()
    done = subprocess.run(
        [*command(), "ask", "--data-dir", str(folder / "data"), "--json", _QUESTION],
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.perf_counter() - started
    answer = json.loads(done.stdout)
    names = ("ttft_ms", "prefill_tps", "decode_tps")
    return {"seconds": seconds, **{name: float(answer[name]) for name in names}}
