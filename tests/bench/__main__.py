"""`python -m tests.bench [startup] [cli] [answer]`: run the benchmarks and print one table."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import answer, cli, startup
from tests.bench.measure import Figure, table

_BENCHES: Mapping[str, tuple[Callable[[Path], list[Figure]], str]] = {
    "startup": (startup.measure, "about 30 s"),
    "cli": (cli.measure, "about 15 s"),
    "answer": (answer.measure, "about 15 s"),
}


def main(names: list[str]) -> int:
    """Run the benches `names`, or all; return the exit code."""
    unknown = [name for name in names if name not in _BENCHES]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(_BENCHES)}.")
        return 1
    # Someone who starts Lapis has its compiled modules after the first time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    figures: list[Figure] = []
    for name in names or _BENCHES:
        measure, expected = _BENCHES[name]
        print(f"Timing {name} ({expected}) …", flush=True)
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lapis-bench-") as folder:
            figures += measure(Path(folder))
        print(f"  took {time.monotonic() - start:.0f} s", flush=True)
    print()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
