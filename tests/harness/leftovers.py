"""What a test must not leave behind: threads, child processes, processes anywhere."""

import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.harness.waiting import wait_for

MARKER_VARIABLE = "LAPIS_TEST_MARKER"
_GRACE_SECONDS = 5.0


@contextmanager
def none_left(seconds: float = _GRACE_SECONDS) -> Iterator[None]:
    """Fail if threads or child processes that start inside are still there `seconds` after the end.

    Child processes that are left are ended, so that the next test starts clean.
    """
    threads, children = set(_threads()), set(_children())
    yield

    def new() -> list[str]:
        return [
            *(f"thread {thread.name}" for thread in _threads() if thread not in threads),
            *(f"process {_describe(child)}" for child in _children() if child not in children),
        ]

    try:
        wait_for(lambda: not new(), seconds)
    except AssertionError:
        left = new()
        end_processes([child for child in _children() if child not in children])
        raise AssertionError(f"left behind: {', '.join(left)}") from None


@dataclass(frozen=True, slots=True)
class Marker:
    """A word in the environment of every process that a test starts, wherever it ends up."""

    value: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def environment(self) -> Mapping[str, str]:
        """Hand this to the processes that are started."""
        return {MARKER_VARIABLE: self.value}

    def processes(self) -> list[psutil.Process]:
        """Return the processes that carry the marker now, ours and other people's children."""
        wanted = f"{MARKER_VARIABLE}={self.value}"
        return [
            process
            for process in psutil.process_iter()
            if process.pid != os.getpid() and wanted in _environment(process)
        ]

    def wait_until_gone(self, seconds: float = _GRACE_SECONDS) -> None:
        """Fail if marked processes are still there after `seconds`, and end them."""
        try:
            wait_for(lambda: not self.processes(), seconds)
        except AssertionError:
            left = self.processes()
            names = ", ".join(map(_describe, left))
            end_processes(left)
            raise AssertionError(f"still running: {names}") from None


def end_processes(processes: list[psutil.Process]) -> None:
    """End these processes, each by its id, kindly first."""
    for process in processes:
        _signal(process, kindly=True)
    _, stubborn = psutil.wait_procs(processes, timeout=2)
    for process in stubborn:
        _signal(process, kindly=False)
    psutil.wait_procs(stubborn, timeout=2)


def _signal(process: psutil.Process, *, kindly: bool) -> None:
    try:
        if kindly:
            process.terminate()
        else:
            process.kill()
    except psutil.NoSuchProcess:
        return


def _threads() -> list[threading.Thread]:
    # A dummy stands for a thread that Qt made and owns.
    return [one for one in threading.enumerate() if not isinstance(one, threading._DummyThread)]


def _children() -> list[psutil.Process]:
    """Return what this process started and what that did, asked for before and after each test.

    The kernel's own list says at once that there are none; psutil would read every process there is.
    """
    lists = list(Path("/proc/self/task").glob("*/children"))
    if lists and not any(_content(one) for one in lists):
        return []
    return psutil.Process().children(recursive=True)


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:  # that thread has ended
        return ""


def _environment(process: psutil.Process) -> str:
    try:
        return "\0".join(f"{name}={value}" for name, value in process.environ().items())
    except (psutil.Error, OSError):
        return ""


def _describe(process: psutil.Process) -> str:
    try:
        return (
            f"{process.pid} ({process.status()}): {' '.join(process.cmdline()) or process.name()}"
        )
    except psutil.Error:
        return str(process.pid)
