"""A computer with little memory: processes in a control group that may take only so much together.

When they want more, the kernel ends one of them, chosen as on a full computer. Groups of version 1
are made below our own, those of version 2 beside it, where the system lets us. Linux only.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_PROGRAM: Final = """
import sys
held = []
for line in sys.stdin:
    held.append(b"x" * int(line))
    print(flush=True)
"""


class NoGroupsError(Exception):
    """No group can be made here: not Linux, no right to, or control groups of another kind."""


@dataclass(frozen=True, slots=True)
class LittleMemory:
    """Such a group of `limit` bytes; `older` is version 1."""

    folder: Path
    limit: int
    older: bool

    @property
    def kills(self) -> int:
        """How many of its processes the kernel has ended for want of memory."""
        file = self.folder / ("memory.oom_control" if self.older else "memory.events")
        counts = dict(line.split() for line in file.read_text(encoding="ascii").splitlines())
        return int(counts["oom_kill"])

    def take_in(self, pid: int) -> None:
        """Count a process, and what it starts from now on, as one of the group."""
        _move(pid, self.folder)

    @contextmanager
    def taking_in_what_starts(self) -> Iterator[None]:
        """Take in the processes that are started inside, from their first byte on."""
        home = _own_group(older=self.older)
        self.take_in(os.getpid())
        try:
            yield
        finally:
            _move(os.getpid(), home)


class Glutton:
    """Another program, which takes as much memory of `group` as it is told to and keeps it."""

    def __init__(self, group: LittleMemory) -> None:
        """Start it."""
        self._group = group
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        group.take_in(self._process.pid)

    @property
    def lives(self) -> bool:
        """Whether nobody ended it yet."""
        return self._process.poll() is None

    def eat(self, count: int) -> None:
        """Take so many bytes more; returns when it has them, or is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{count}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return
        self._process.stdout.readline()

    def eat_until_somebody_dies(self, step: int) -> None:
        """Take `step` bytes more and more, until the kernel has ended a process of the group."""
        for _ in range(0, self._group.limit, step):
            if self._group.kills:
                return
            self.eat(step)
        assert self._group.kills, "the kernel ended nobody"

    def end(self) -> None:
        """Give everything back; idempotent."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def glutton(group: LittleMemory) -> Iterator[Glutton]:
    """Give a program that takes memory away; it is ended at the end."""
    one = Glutton(group)
    try:
        yield one
    finally:
        one.end()


@contextmanager
def little_memory(limit: int) -> Iterator[LittleMemory]:
    """Give a group that may take `limit` bytes; all its processes must be gone at the end.

    Raises NoGroupsError.
    """
    group = _new_group(limit)
    try:
        yield group
    finally:
        group.folder.rmdir()


def _new_group(limit: int) -> LittleMemory:
    name = f"lapis-test-{uuid.uuid4().hex[:8]}"
    for older in (True, False):
        try:
            own = _own_group(older=older)
            folder = own / name if older else own.parent / name
            folder.mkdir()
        except OSError:
            continue
        limits = folder / ("memory.limit_in_bytes" if older else "memory.max")
        try:
            limits.write_text(str(limit), encoding="ascii")
            # What went to a disk would be out of the limit's reach.
            swap = folder / ("memory.swappiness" if older else "memory.swap.max")
            swap.write_text("0", encoding="ascii")
        except OSError:
            folder.rmdir()
            continue
        return LittleMemory(folder, limit, older)
    msg = "no control group with a memory limit can be made here"
    raise NoGroupsError(msg)


def _own_group(*, older: bool) -> Path:
    """Return the folder of the group that we are in; raises OSError."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, kinds, place = line.split(":", 2)
        if older and kinds == "memory":
            return _ROOT / "memory" / place.lstrip("/")
        if not older and not kinds and place != "/":
            return _ROOT / place.lstrip("/")
    msg = "not in a control group of this kind"
    raise FileNotFoundError(msg)


def _move(pid: int, folder: Path) -> None:
    (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")
