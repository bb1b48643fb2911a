"""Downloads as values: what is to be fetched, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.errors import LapisError
from desktop.domain.repository import RemoteFile, Source
from desktop.domain.text import Text


@dataclass(frozen=True, slots=True)
class DownloadOrder:
    """Files that belong together and become visible together: one bar, one sum.

    `key` tells orders apart (the same for the same files of the same repository, so that nothing
    is fetched twice at once); `title` is what people see; `folder` the name of the folder, inside
    the models folder, that the files go to. Where `is_fixed`, sizes and hashes are known for certain,
    and whatever the source says of others is refused.
    """

    key: str
    title: str
    source: Source
    repository: str
    commit: str
    folder: str
    files: tuple[RemoteFile, ...]
    is_fixed: bool = False

    @property
    def size(self) -> int:
        """All bytes of all files."""
        return sum(file.size for file in self.files)


class DownloadPhase(StrEnum):
    """Where a download is; `PAUSED` and `FAILED` can be resumed."""

    QUEUED = "queued"
    RESOLVING = "resolving"
    DOWNLOADING = "downloading"
    STALLED = "stalled"
    WAITING = "waiting"
    VERIFYING = "verifying"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens until somebody asks for it."""
        return self in {DownloadPhase.PAUSED, DownloadPhase.FAILED, DownloadPhase.DONE}


@dataclass(frozen=True, slots=True)
class Download:
    """How far an order is.

    `done` and `total` in bytes, over all files; `done` are bytes on the disk and goes back only
    with a `notice` that says why. `speed` in bytes/s, a mean of the last 5 s; `seconds_left` None
    where nobody can know; `wait_seconds` what is left of a wait that the server asked for or that
    lies before another try. `error` says why it failed or paused by itself.
    """

    order: DownloadOrder
    phase: DownloadPhase
    done: int = 0
    speed: float = 0.0
    seconds_left: float | None = None
    wait_seconds: float = 0.0
    notice: Text | None = None
    error: LapisError | None = None

    @property
    def total(self) -> int:
        """All bytes of the order."""
        return self.order.size

    @property
    def is_active(self) -> bool:
        """Whether it holds one of the places of the queue."""
        return not (self.phase.is_at_rest or self.phase is DownloadPhase.QUEUED)
