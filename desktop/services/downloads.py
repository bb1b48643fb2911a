"""The queue of downloads: what is to be fetched, how far it is, and who goes first.

Each order that runs has a thread of its own; a few run side by side, the rest waits in line. The
queue is kept on the disk, the bytes in part files, so that an end of Lapis, kind or not, costs
nothing. Any thread may call; callers wait for nothing but `wait` and `close`, and for the disk where
they `cancel`.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from desktop.base.guard import guarded
from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.errors import Defect, LapisError, NoRoom
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.repository import RemoteFile
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub.client import Client, open_client
from desktop.hub.fetch import fetch
from desktop.hub.fetch_values import Errand, Fetched, Limits, Progress, Stopped
from desktop.hub.network import network_of, never_offline
from desktop.services.download_book import DownloadBook, KeptOrder
from desktop.services.download_job import (
    Job,
    StandIns,
    Wish,
    begin,
    check_order,
    check_place,
    fetch_from_anywhere,
    in_order,
    stoppable,
    sweep,
)
from desktop.services.download_news import DownloadNews, Observer

# Told, in a thread of the queue, which order is done and where its files are.
Finished: TypeAlias = Callable[[DownloadOrder, tuple[Path, ...]], None]

_log = logging.getLogger(__name__)


class Downloads:
    """The queue; close it at the end."""

    def __init__(
        self,
        folder: Callable[[], Path],
        state: Path | None,
        settings: Callable[[], LibrarySettings],
        token: Callable[[], str],
        environment: Mapping[str, str],
        *,
        stand_ins: StandIns = lambda _order: (),
        finished: Finished = lambda _order, _paths: None,
        check_folder: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
        offline: Callable[[], bool] = never_offline,
        log: Recorder = unrecorded,
    ) -> None:
        """Read the queue that is kept in `state` (None: kept nowhere); nothing is started.

        `folder` returns the models folder, `token` that of Hugging Face; both, and `settings`, are
        asked whenever an order starts. What was not done comes back as paused. `check_folder` raises
        StorageError if the models folder is not to be made anew: its disk may be away. While
        `offline` says so nothing is fetched from other computers, also not the rest of a file. `log`
        is told of every request.
        """
        self._folder = folder
        self._settings = settings
        self._token = token
        self._environment = environment
        self._stand_ins = stand_ins
        self._finished = finished
        self._check_folder = check_folder
        self._limits = limits or Limits()
        self._offline = offline
        self._log = log
        self._changed = threading.Condition(threading.RLock())
        self._jobs: dict[str, Job] = {}
        self._next_place = 0
        self._news = DownloadNews(lambda: self.downloads)
        self._is_closing = False
        self._book = DownloadBook(state)
        self._interrupted: list[str] = []
        for kept in self._book.read():
            self._take_back(kept)

    # What people do.

    def add(self, order: DownloadOrder) -> str:
        """Put `order` at the end of the queue and return its key; an order under way goes on.

        Raises BadReference if its names could leave the folder.
        """
        check_order(order)
        with self._changed:
            old = self._jobs.get(order.key)
            if old is not None and not old.phase.is_at_rest:
                if old.wish is not Wish.RUN:
                    # It is just being paused, or taken out, and is not to end after all.
                    self._want(old, Wish.RUN)
                return order.key
            if old is None or old.phase is DownloadPhase.DONE:
                self._jobs.pop(order.key, None)
                self._jobs[order.key] = Job(order, self._next_place)
                self._next_place += 1
            elif old.thread is None:
                # Its addresses and hashes are newer than those that were kept.
                old.order = order
            self._want(self._jobs[order.key], Wish.RUN)
        return order.key

    def pause(self, key: str) -> None:
        """Stop an order and keep what it has; it stays in its place."""
        with self._changed:
            job = self._jobs.get(key)
            if job is not None and not job.phase.is_at_rest:
                self._want(job, Wish.PAUSE)

    def resume(self, key: str) -> None:
        """Let a paused or failed order go on, when its turn comes."""
        with self._changed:
            job = self._jobs.get(key)
            if job is not None and job.phase is not DownloadPhase.DONE:
                self._want(job, Wish.RUN)

    def resume_interrupted(self) -> None:
        """Let those go on that ran or waited in line when Lapis ended the last time."""
        with self._changed:
            keys, self._interrupted = self._interrupted, []
            for key in keys:
                self.resume(key)

    def cancel(self, key: str) -> None:
        """Take an order out, with all that it put on the disk; one that is done is only taken out."""
        with self._changed:
            job = self._jobs.get(key)
            if job is None:
                return
            if job.phase is DownloadPhase.DONE:
                self._drop(job)
            else:
                self._want(job, Wish.CANCEL)

    def move(self, key: str, place: int) -> None:
        """Move an order to `place` in the queue, 0 for the front."""
        with self._changed:
            moved = self._jobs.pop(key, None)
            if moved is None:
                return
            jobs = list(self._jobs.values())
            jobs.insert(max(0, place), moved)
            self._jobs = {job.order.key: job for job in jobs}
            for number, job in enumerate(jobs):
                job.place = number
                self._keep(job)
            self._next_place = len(jobs)
            self._tell()

    def fill_places(self) -> None:
        """Begin with those that wait, as far as the settings allow more side by side by now."""
        with self._changed:
            self._start_next()
            self._tell()

    def clear_done(self) -> None:
        """Take out what is done."""
        with self._changed:
            for job in list(self._jobs.values()):
                if job.phase is DownloadPhase.DONE:
                    self._drop(job)

    # What people see.

    @property
    def downloads(self) -> tuple[Download, ...]:
        """All orders, in the order of the queue."""
        with self._changed:
            return tuple(job.shown() for job in self._jobs.values())

    def find(self, key: str) -> Download | None:
        """Return how far the order of that key is; None if there is none (any more)."""
        with self._changed:
            job = self._jobs.get(key)
            return None if job is None else job.shown()

    def watch(self, observer: Observer) -> Callable[[], None]:
        """Tell `observer` now and after changes, at most 5 times a second; return how to end it."""
        return self._news.watch(observer)

    def wait(self, key: str, timeout: float | None = None) -> Download | None:
        """Return the order once it is done, failed or paused; None if it was cancelled.

        The queue on the disk says so too then. After `timeout` seconds return it as it is.
        """
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._changed.wait_for(lambda: self._is_at_rest(key), timeout)
        self._book.settle(None if end is None else max(0.0, end - time.monotonic()))
        return self.find(key)

    def close(self, timeout: float = 2.0) -> bool:
        """Stop everything, keep what there is; return whether all ended within `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            self._is_closing = True
            running = [job for job in self._jobs.values() if job.thread is not None]
            for job in running:
                job.stop.set()
            threads = [job.thread for job in running if job.thread is not None]
            self._tell()
        telling = self._news.close()
        if telling is not None:
            threads.append(telling)
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        is_kept = self._book.settle(max(0.0, end - time.monotonic()))
        return is_kept and not any(thread.is_alive() for thread in threads)

    # Under the lock.

    def _take_back(self, kept: KeptOrder) -> None:
        job = Job(kept.order, kept.place, Wish.PAUSE, DownloadPhase.PAUSED, made=set(kept.made))
        self._next_place = max(self._next_place, kept.place + 1)
        try:
            check_order(kept.order)
            job.look_at_disk(self._folder_of(job))
        except LapisError:
            _log.warning("a kept download has names that cannot be")
            return
        self._jobs[kept.order.key] = job
        if kept.wants_to_run:
            self._interrupted.append(kept.order.key)

    def _want(self, job: Job, wish: Wish) -> None:
        """Let people's wish for an order come true, now or as soon as its thread has ended."""
        job.wish = wish
        if wish is Wish.RUN:
            job.error = job.notice = None
        if job.thread is not None:
            if wish is not Wish.RUN:
                job.stop.set()
        else:
            self._settle(job)
        if wish is not Wish.CANCEL:
            self._keep(job)
        self._start_next()
        self._tell()

    def _settle(self, job: Job) -> None:
        """Give an order without a thread the state that is wished for it."""
        job.wait_until = 0.0
        match job.wish:
            case Wish.RUN:
                job.phase = DownloadPhase.QUEUED
            case Wish.PAUSE:
                job.phase = DownloadPhase.PAUSED
            case Wish.CANCEL:
                self._drop(job)
                sweep(job, self._folder_of(job), self._folder())

    def _drop(self, job: Job) -> None:
        self._jobs.pop(job.order.key, None)
        self._book.remove(job.order.key)
        self._tell()

    def _start_next(self) -> None:
        if self._is_closing:
            return
        places = max(1, self._settings().downloads_at_once)
        places -= sum(job.thread is not None for job in self._jobs.values())
        for job in list(self._jobs.values()):
            if places > 0 and job.phase is DownloadPhase.QUEUED and job.thread is None:
                if begin(job, self._run):
                    places -= 1
                else:
                    self._keep(job)

    def _is_at_rest(self, key: str) -> bool:
        job = self._jobs.get(key)
        return job is None or (job.thread is None and job.phase.is_at_rest)

    def _keep(self, job: Job) -> None:
        if job.order.key in self._jobs and job.phase is not DownloadPhase.DONE:
            runs = job.wish is Wish.RUN and job.phase is not DownloadPhase.FAILED
            self._book.write(KeptOrder(job.order, job.place, runs, tuple(sorted(job.made))))

    def _folder_of(self, job: Job) -> Path:
        return self._folder() / job.order.folder

    def _tell(self) -> None:
        self._changed.notify_all()
        self._news.tell()

    # In the thread of an order.

    def _run(self, job: Job) -> None:
        error: LapisError | None = None
        try:
            paths = self._fetch_all(job)
            guarded(self._finished, "keeping a download")(job.order, paths)
        except Stopped:
            with self._changed:
                job.look_at_disk(self._folder_of(job))
                self._end(job, DownloadPhase.PAUSED)
            return
        except LapisError as failed:
            error = failed
        except Exception:  # noqa: BLE001 - nobody can know what a defect raises
            _log.exception("defect in a download")
            error = Defect(
                Text("The download failed because of a defect in Lapis"),
                Text("Resume it. What is there already is kept."),
            )
        with self._changed:
            job.error = error
            if error is None:
                self._end(job, DownloadPhase.DONE)
                return
            job.look_at_disk(self._folder_of(job))
            is_full = isinstance(error, NoRoom)
            self._end(job, DownloadPhase.PAUSED if is_full else DownloadPhase.FAILED)

    def _end(self, job: Job, phase: DownloadPhase) -> None:
        """Leave an order in `phase`, or in what was wished meanwhile."""
        job.thread = None
        job.phase = phase
        job.wait_until = 0.0
        stopped = job.stop.is_set()
        if job.wish is Wish.CANCEL:
            self._settle(job)
        elif phase is DownloadPhase.DONE:
            self._book.remove(job.order.key)
        elif phase is DownloadPhase.PAUSED and stopped and not self._is_closing:
            self._settle(job)
            self._keep(job)
        else:
            if job.error is not None:
                job.wish = Wish.PAUSE
            self._keep(job)
        self._start_next()
        self._tell()

    def _fetch_all(self, job: Job) -> tuple[Path, ...]:
        folder = self._folder_of(job)
        self._check_folder()
        check_place(folder, self._folder())
        with self._changed:
            job.look_at_disk(folder)
        paths: dict[str, Path] = {}
        with self._client() as client:
            for file in in_order(job.order.files):

                def fetch_file(errand: Errand, file: RemoteFile = file) -> Fetched:
                    return self._fetch(job, client, file, errand)

                def others(order: DownloadOrder) -> Sequence[DownloadOrder]:
                    return stoppable(lambda: self._stand_ins(order), job.stop)

                fetched = fetch_from_anywhere(job.order, file, folder, fetch_file, others)
                paths[file.path] = fetched.path
                with self._changed:
                    job.finish(file, fetched)
                    self._keep(job)
        return tuple(paths[file.path] for file in job.order.files)

    def _fetch(self, job: Job, client: Client, file: RemoteFile, errand: Errand) -> Fetched:
        def hear(progress: Progress) -> None:
            with self._changed:
                job.hear(file, progress)
                self._tell()

        def also_needed() -> int:
            with self._changed:
                running = [each for each in self._jobs.values() if each.thread is not None]
                own = max(0, file.size - job.done.get(file.path, 0))
                return max(0, sum(each.left for each in running) - own)

        return fetch(errand, client, hear, job.stop, self._limits, also_needed)

    def _client(self) -> Client:
        settings = self._settings()
        return open_client(
            network_of(settings, self._environment, self._log, self._token, self._offline)
        )
