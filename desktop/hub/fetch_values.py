"""What a fetch is asked for, tells meanwhile, and returns. Values only."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from desktop.base.disks import ROOM_TO_LEAVE, room_of
from desktop.domain.download import DownloadPhase
from desktop.domain.repository import RemoteFile, Source
from desktop.domain.text import Text


@dataclass(frozen=True, slots=True)
class Errand:
    """One file from one source into `folder`.

    Without `is_live` the source stands in for another: what it hands out must have the hash that is
    known already. With it, what the source says now counts more than what it said before.
    """

    source: Source
    repository: str
    commit: str
    file: RemoteFile
    folder: Path
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one file is: `done` of `size` bytes are on the disk.

    `wait_seconds` is how long nothing will happen; `notice` says why `done` went back.
    """

    phase: DownloadPhase
    done: int
    size: int
    wait_seconds: float = 0.0
    notice: Text | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was checked and has its name. `was_there`: nothing had to be fetched for it."""

    path: Path
    size: int
    sha256: str
    was_there: bool


class Stopped(Exception):
    """The download was told to stop, and did; what it has is kept."""


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds `folder`; raises OSError."""
    return room_of(folder).free


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of a fetch; all times in seconds, all sizes in bytes.

    After `silence` without a byte a connection is opened anew, at most `retries` times in a row
    without progress, with growing pauses from `pause` to `longest_pause`. A server may ask `waits`
    times in a row to be left alone, for `longest_wait` at most each. `restarts` are tolerated where
    a server cannot go on. `reserve` stays free on the disk. Every `keep` the bytes are flushed.
    """

    silence: float = 30.0
    quiet: float = 3.0
    retries: int = 8
    pause: float = 0.2
    longest_pause: float = 60.0
    waits: int = 10
    longest_wait: float = 900.0
    restarts: int = 3
    mismatches: int = 1
    reserve: int = ROOM_TO_LEAVE
    keep: float = 5.0
    report: float = 0.2
    free: Callable[[Path], int] = free_bytes
