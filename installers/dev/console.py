"""Saying what is being done, how long it takes, and how long it took."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_ALIVE_EVERY_SECONDS = 30.0
_LOG_LINES = 40


class StepFailed(Exception):
    """A step did not work; the text tells a person what to do."""


@contextmanager
def step(title: str, expected: str = "") -> Iterator[None]:
    """Print `title` and, when done, the time it took; `expected` prepares for a slow one."""
    say(f"{title} ({expected}) …" if expected else f"{title} …")
    start = time.monotonic()
    yield
    say(f"  done in {duration(time.monotonic() - start)}")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def duration(seconds: float) -> str:
    """Return `0.4 s`, `12 s` or `3 min 54 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def run(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Run `command` with its output on the terminal and return its exit code."""
    sys.stdout.flush()
    return subprocess.run(command, cwd=cwd, env=env, check=False).returncode


def must(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Run `command` with its output on the terminal; raises StepFailed when it fails."""
    code = run(command, cwd=cwd, env=env)
    if code:
        raise StepFailed(f"{_words(command)} ended with exit code {code}.")


def must_quietly(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a long `command` with its output in `log`, and a sign of life now and then.

    Raises StepFailed, after printing the end of the log.
    """
    start = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            code = _wait(process, start)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if code:
        tail = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        say("\n".join(f"  | {line}" for line in tail))
        raise StepFailed(f"{_words(command)} ended with exit code {code}; all of it is in {log}.")


def _wait(process: subprocess.Popen[bytes], start: float) -> int:
    while True:
        try:
            return process.wait(_ALIVE_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  still at it after {duration(time.monotonic() - start)}")


def _words(command: Sequence[str | Path]) -> str:
    text = " ".join(str(word) for word in command)
    return text if len(text) <= 200 else text[:200] + " …"
