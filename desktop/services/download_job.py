"""One order of the queue: its state, and its files fetched one after another.

The state is changed under the lock of the queue; the fetching runs in a thread of the order's own.
"""

import logging
import os
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from desktop.base.files import size_of
from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.errors import (
    AlreadyDownloading,
    BadReference,
    DownloadError,
    GatedModel,
    LapisError,
    NetworkError,
    StorageError,
)
from desktop.domain.repository import RemoteFile
from desktop.domain.text import Text
from desktop.hub.beside import part_path
from desktop.hub.fetch_values import Errand, Fetched, Progress, Stopped
from desktop.hub.file_names import is_projector, is_safe_path, local_name, split_part
from desktop.hub.part_file import remove_leftovers
from desktop.hub.pump import Nothing, Pump
from desktop.hub.target_lock import locked

# Whoever knows the same files elsewhere: orders whose files have the same hashes.
StandIns: TypeAlias = Callable[[DownloadOrder], Sequence[DownloadOrder]]

Answer = TypeVar("Answer")

_CHECK_SECONDS: Final = 0.1
_SPEED_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class Wish(Enum):
    """What people want of an order."""

    RUN = auto()
    PAUSE = auto()
    CANCEL = auto()


class Speed:
    """A mean over the last 5 s."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, done: int) -> None:
        """Count `done` bytes now; going back begins anew."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((time.monotonic(), done))
        self._forget()

    def now(self) -> float:
        """Return bytes/s; falls to 0 while nothing comes."""
        self._forget()
        if len(self._seen) < 2:
            return 0.0
        begun, first = self._seen[0]
        passed = time.monotonic() - begun
        return (self._seen[-1][1] - first) / passed if passed > 0 else 0.0

    def _forget(self) -> None:
        old = time.monotonic() - _SPEED_SECONDS
        while len(self._seen) > 1 and self._seen[1][0] <= old:
            self._seen.popleft()
        if len(self._seen) == 1 and self._seen[0][0] <= old:
            self._seen.clear()


@dataclass(slots=True)
class Job:
    """An order and all that becomes of it; a greater `place` comes later in the queue.

    `done` has bytes by the path of the file, `made` the names of the files that it finished.
    """

    order: DownloadOrder
    place: int
    wish: Wish = Wish.RUN
    phase: DownloadPhase = DownloadPhase.QUEUED
    done: dict[str, int] = field(default_factory=dict[str, int])
    made: set[str] = field(default_factory=set[str])
    speed: Speed = field(default_factory=Speed)
    wait_until: float = 0.0
    notice: Text | None = None
    error: LapisError | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def all_done(self) -> int:
        """Bytes on the disk, over all files."""
        return sum(self.done.values())

    @property
    def left(self) -> int:
        """Bytes that are still to come."""
        return max(0, self.order.size - self.all_done)

    def shown(self) -> Download:
        """Return what people see of it."""
        phase = self.phase
        if self.thread is not None and self.wish is Wish.PAUSE:
            phase = DownloadPhase.PAUSED
        moves = phase in {DownloadPhase.DOWNLOADING, DownloadPhase.STALLED}
        speed = self.speed.now() if moves else 0.0
        return Download(
            self.order,
            phase,
            self.all_done,
            speed,
            self.left / speed if speed > 1 else None,
            max(0.0, self.wait_until - time.monotonic()),
            self.notice,
            self.error,
        )

    def hear(self, file: RemoteFile, progress: Progress) -> None:
        """Take in how far a file is."""
        self.phase = progress.phase
        self.done[file.path] = progress.done
        self.notice = progress.notice or self.notice
        self.wait_until = time.monotonic() + progress.wait_seconds
        self.speed.note(self.all_done)
        if progress.size != self._file(file.path).size:
            self._know(file.path, progress.size, "")

    def finish(self, file: RemoteFile, fetched: Fetched) -> None:
        """Take in that a file is there."""
        self.done[file.path] = fetched.size
        self._know(file.path, fetched.size, fetched.sha256)
        if not fetched.was_there:
            self.made.add(fetched.path.name)

    def look_at_disk(self, folder: Path) -> None:
        """Count what is there of it."""
        for file in self.order.files:
            target = folder / local_name(file.path)
            size = size_of(target)
            self.done[file.path] = (
                size if size == file.size else min(size_of(part_path(target)), file.size)
            )

    def _file(self, path: str) -> RemoteFile:
        return next(file for file in self.order.files if file.path == path)

    def _know(self, path: str, size: int, sha256: str) -> None:
        """Keep what the source says by now of the file `path`."""
        files = tuple(
            replace(file, size=size, sha256=sha256 or file.sha256) if file.path == path else file
            for file in self.order.files
        )
        self.order = replace(self.order, files=files)


def begin(job: Job, run: Callable[[Job], None]) -> bool:
    """Let `run` work on `job` in a thread of its own; without one the order has failed.

    The lock of the queue is held, so `run` waits for it. Returns whether there is a thread.
    """
    thread = threading.Thread(target=run, args=(job,), name="download", daemon=True)
    job.stop = threading.Event()
    job.phase = DownloadPhase.RESOLVING
    try:
        thread.start()
    except RuntimeError as error:
        _log.warning("a download cannot begin: %s", error)
        job.phase = DownloadPhase.FAILED
        job.wish = Wish.PAUSE
        job.error = DownloadError(
            Text("Too much is running on this computer for the download to begin"),
            Text("Close other programs, then resume it. What is there already is kept."),
        )
        return False
    job.thread = thread
    return True


def check_order(order: DownloadOrder) -> None:
    """Raise BadReference if its files cannot be put into one folder inside the models folder."""
    # Some disks know no case of letters, and some only one way to write an accent.
    names = [unicodedata.normalize("NFC", local_name(file.path)).casefold() for file in order.files]
    if not names or len(set(names)) < len(names) or not is_safe_path(order.folder):
        raise BadReference(
            Text("{name} cannot be downloaded into one folder", {"name": order.title}),
            Text("Whoever offers it may mean harm. Choose another repository."),
        )


def check_place(folder: Path, models: Path) -> None:
    """Raise StorageError if a link leads from `folder`, below `models`, to somewhere else."""
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(models)):
        raise StorageError(
            Text("{folder} is a link that leads out of the models folder", {"folder": str(folder)}),
            Text("Lapis downloads into its own folder only. Remove the link, then resume."),
        )


def sweep(job: Job, folder: Path, models: Path) -> None:
    """Remove what `job` put into `folder`, below `models`; what cannot be removed stays."""
    try:
        check_place(folder, models)
    except LapisError:
        _log.warning("what a cancelled download left is where a link leads to")
        return
    for file in job.order.files:
        target = folder / local_name(file.path)
        try:
            if folder.is_dir():
                with locked(target):
                    remove_leftovers(target)
                    if target.name in job.made:
                        target.unlink(missing_ok=True)
        except AlreadyDownloading:
            _log.info("a cancelled download goes on in another Lapis")
        except OSError as error:
            _log.warning("a cancelled download left something: %s", error.strerror)
    with suppress(OSError):  # others' files are in there, or it was never made
        folder.rmdir()


def stoppable(ask: Callable[[], Answer], stop: threading.Event) -> Answer:
    """Return what `ask` returns, which runs in another thread; raises Stopped when `stop` is set."""
    pump = Pump(lambda: iter((ask(),)))
    try:
        while True:
            if stop.is_set():
                raise Stopped
            answer = pump.take(_CHECK_SECONDS)
            if not isinstance(answer, Nothing):
                return answer
    finally:
        pump.give_up()


def in_order(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Return `files` as they are fetched: what makes a model visible comes last.

    A split model is listed by its first part, a whole one by its only file; what belongs to them is
    there before.
    """

    def place(file: RemoteFile) -> tuple[int, str]:
        split = split_part(file.path)
        if is_projector(file.path):
            return 0, file.path
        return (1 if split is not None and split[1] > 1 else 2), file.path

    return sorted(files, key=place)


def fetch_from_anywhere(
    order: DownloadOrder,
    file: RemoteFile,
    folder: Path,
    fetch_file: Callable[[Errand], Fetched],
    stand_ins: StandIns,
) -> Fetched:
    """Return `file`, from its own source or else from one with the same bytes.

    Raises the LapisError of its own source if no other helps.
    """
    try:
        return fetch_file(_errand(order, file, folder, is_live=not order.is_fixed))
    except GatedModel:
        raise
    except (NetworkError, DownloadError):
        for errand in _elsewhere(order, file, folder, stand_ins):
            _log.info("trying another source: %s", errand.source.kind.value)
            try:
                return fetch_file(errand)
            except (NetworkError, DownloadError) as failed:
                _log.info("that failed too: %s", type(failed).__name__)
        raise


def _elsewhere(
    order: DownloadOrder, file: RemoteFile, folder: Path, stand_ins: StandIns
) -> Iterator[Errand]:
    if not file.sha256:
        return
    try:
        others = stand_ins(order)
    except LapisError as error:
        _log.info("no other source is known: %s", type(error).__name__)
        return
    for other in others:
        for twin in other.files:
            if (twin.sha256, twin.size) == (file.sha256, file.size):
                # Under the name that it has here, and with the hash that it must have.
                same = replace(twin, path=file.path)
                yield _errand(other, same, folder, is_live=False)


def _errand(order: DownloadOrder, file: RemoteFile, folder: Path, *, is_live: bool) -> Errand:
    return Errand(order.source, order.repository, order.commit, file, folder, is_live=is_live)
