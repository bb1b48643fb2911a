"""`make test`: three suites without a network, a few pytests at once.

`unit` runs with PySide6 made unimportable, which proves that nothing under test needs it; `ui`
draws on Qt's offscreen platform; `e2e` starts the real program on a screen of its own.

Tests wait more than they compute: for a process, a window, a server that falls silent. So there is
always one pytest more at work than the machine has cores, each with a portion of a suite's files,
and a network, a home, a message bus and a screen of its own. What a busy machine would falsify is
marked `alone` and comes last, one pytest after another.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from installers.dev.console import StepFailed, duration, say
from installers.dev.places import MAIN, ROOT, clean_environment

_WITHOUT_QT = ("-p", "no:pytest-qt", "-p", "tests.harness.no_qt")
_ALONE = "alone"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")
_FAULT = re.compile(r"(FAILED|ERROR) tests/")


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder below `tests`, how pytest is called for it, and in how many portions."""

    name: str
    options: tuple[str, ...]
    portions: int

    @property
    def files(self) -> list[str]:
        """All files with tests, from the root of the checkout."""
        folder = ROOT / "tests" / self.name
        return sorted(path.relative_to(ROOT).as_posix() for path in folder.rglob("test_*.py"))


@dataclass(frozen=True, slots=True)
class Portion:
    """Files of one suite for one pytest, and which of their tests: a mark, or `not` and a mark."""

    suite: Suite
    title: str
    files: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a portion: pytest's exit code, all it said, and how long it took."""

    code: int
    said: bytes
    seconds: float

    @property
    def lines(self) -> list[str]:
        """What it said, without colours."""
        return _COLOURS.sub("", self.said.decode(errors="replace")).splitlines()

    @property
    def counts(self) -> Counter[str]:
        """How many passed, failed and so on; a pytest that ended in the middle is one error."""
        last = next((line for line in reversed(self.lines) if line.strip()), "")
        found = Counter({what: int(number) for number, what in _COUNT.findall(last)})
        return found or Counter({"error": 1})

    @property
    def faults(self) -> list[str]:
        """The lines that name what failed."""
        return [line for line in self.lines if _FAULT.match(line)]


# The longest first, so that nobody waits for it at the end.
SUITES = (
    Suite("e2e", (), 6),
    Suite("unit", _WITHOUT_QT, 6),
    Suite("ui", (), 6),
)


def test() -> None:
    """Run all tests, also after some have failed; raises StepFailed that names their suites."""
    start = time.monotonic()
    cores = _cores()
    say(f"Tests, {cores + 1} pytests at once (about {2 + 18 // cores} minutes) …")
    counts = {suite.name: Counter[str]() for suite in SUITES}
    failed: set[str] = set()
    faults: list[str] = []
    for portion, result in _results(cores + 1):
        _show(portion, result)
        name = portion.suite.name
        counts[name] += result.counts
        faults += result.faults
        if result.code:
            failed.add(name)
    say(f"\nAll tests took {duration(time.monotonic() - start)}.\n")
    for fault in faults:
        say(fault)
    for name, count in counts.items():
        say(f"tests/{name}: {', '.join(f'{number} {what}' for what, number in count.items())}")
    say(_total(counts.values()))
    if failed:
        raise StepFailed(f"Tests failed: {', '.join(sorted(failed))}.")


def portions(suite: Suite) -> list[Portion]:
    """Deal the files of `suite` out like cards: those that take long are named alike."""
    return [
        Portion(
            suite,
            f"{suite.name} {number + 1} of {suite.portions}",
            tuple(suite.files[number :: suite.portions]),
            f"not {_ALONE}",
        )
        for number in range(suite.portions)
    ]


def portion_alone(suite: Suite) -> Portion | None:
    """Return what of `suite` needs the machine for itself, if anything does."""
    mark = f"pytest.mark.{_ALONE}"
    files = [one for one in suite.files if mark in (ROOT / one).read_text(encoding="utf-8")]
    return Portion(suite, f"{suite.name} {_ALONE}", tuple(files), _ALONE) if files else None


def _results(at_once: int) -> Iterator[tuple[Portion, Result]]:
    """Yield each portion as soon as it has ended."""
    lanes = ThreadPoolExecutor(at_once)
    try:
        begun = {lanes.submit(_run, one): one for suite in SUITES for one in portions(suite)}
        for future in as_completed(begun):
            yield begun[future], future.result()
    finally:
        # After Ctrl-C what has not begun never does.
        lanes.shutdown(cancel_futures=True)
    for suite in SUITES:
        if portion := portion_alone(suite):
            yield portion, _run(portion)


def _run(portion: Portion) -> Result:
    """Run a portion to its end. No tests found (exit code 5) is a failure like any other."""
    start = time.monotonic()
    python = str(MAIN.python)
    cache = f"cache_dir=.cache/pytest-{portion.title.replace(' ', '-')}"
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    done = subprocess.run(
        [
            *(python, "-m", "tests.harness.offline", python, "-m", "pytest", "-o", cache),
            *(*portion.suite.options, "-m", portion.chosen, *colour, *portion.files),
        ],
        cwd=ROOT,
        env=clean_environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Result(done.returncode, done.stdout, time.monotonic() - start)


def _show(portion: Portion, result: Result) -> None:
    """Print all that a portion said, in one piece."""
    say(f"\nTests: {portion.title}, {duration(result.seconds)}")
    sys.stdout.buffer.write(result.said)
    sys.stdout.flush()


def _cores() -> int:
    """Return how many cores we may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _total(counts: Iterable[Counter[str]]) -> str:
    """Return one line over all suites, in the words that readers of test output look for."""
    total = sum(counts, Counter[str]())
    failures = total["failed"] + total["error"]
    return f"{total['passed']} passed, {failures} failed, {total['skipped']} skipped"
