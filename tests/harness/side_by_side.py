"""Several processes that begin something at the same moment."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_BEGINNING = f"import sys\nsys.path.insert(0, {str(_ROOT)!r})\n"
_MOMENT = "print('ready', flush=True)\nsys.stdin.readline()\n"


def side_by_side(imports: str, work: str, count: int, *words: str) -> list[str]:
    """Return what `count` processes say that do `work` at one moment, all of which end in order.

    Each has made its `imports` before, and has `words` and then its number in sys.argv.
    """
    command = [sys.executable, "-c", f"{_BEGINNING}{imports}\n{_MOMENT}{work}", *words]
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                )
            )
            for number in range(count)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
        said = [child.stdout.read().strip() for child in children if child.stdout is not None]
        assert [child.wait(60) for child in children] == [0] * count
    return said
