"""`make test`: three suites, each in its own pytest, without a network.

`unit` runs with PySide6 made unimportable, which proves that nothing under test needs it; `ui`
draws on Qt's offscreen platform; `e2e` starts the real program on a screen of its own.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

from installers.dev.console import StepFailed, duration, say
from installers.dev.places import MAIN, ROOT, clean_environment

_WITHOUT_QT = ("-p", "no:pytest-qt", "-p", "tests.harness.no_qt")
_SUITES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("unit", _WITHOUT_QT, "2 minutes"),
    ("ui", (), "half a minute"),
    ("e2e", (), "2 minutes"),
)
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")


def test() -> None:
    """Run all suites, also after one has failed; raises StepFailed that names those."""
    failed: list[str] = []
    closing: list[str] = []
    for name, options, expected in _SUITES:
        say(f"Tests: {name} (about {expected}) …")
        start = time.monotonic()
        code, last = _pytest([f"tests/{name}", *options])
        ended = last.strip("= ") if _COUNT.search(last) else "1 error: the tests could not start"
        closing.append(f"tests/{name}: {ended}")
        say(f"  took {duration(time.monotonic() - start)}")
        if code:
            failed.append(name)
    say("\n".join(["", *closing]))
    say(_total(closing))
    if failed:
        raise StepFailed(f"Tests failed: {', '.join(failed)}.")


def _pytest(arguments: Sequence[str]) -> tuple[int, str]:
    """Run pytest with its output passed on; return its exit code and its closing line.

    No tests found (exit code 5) is a failure like any other.
    """
    python = str(MAIN.python)
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    process = subprocess.Popen(
        [python, "-m", "tests.harness.offline", python, "-m", "pytest", *arguments, *colour],
        cwd=ROOT,
        env=clean_environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
    )
    if process.stdout is None:
        raise StepFailed("pytest's output cannot be read.")
    last = ""
    with process:
        for line in process.stdout:
            os.write(sys.stdout.fileno(), line)
            text = re.sub(r"\x1b\[[0-9;]*m", "", line.decode(errors="replace")).strip()
            last = text or last
    return process.returncode, last


def _total(closing: Iterable[str]) -> str:
    """Return one line over all suites, in the words that readers of test output look for."""
    counts = dict.fromkeys(("passed", "failed", "skipped", "error"), 0)
    for line in closing:
        for number, what in _COUNT.findall(line):
            counts[what] += int(number)
    failures = counts["failed"] + counts["error"]
    return f"{counts['passed']} passed, {failures} failed, {counts['skipped']} skipped"
