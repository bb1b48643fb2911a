"""One file from one source, from an order to its verified final name.

The bytes are appended to a part file and hashed as they come. Whatever breaks is taken up again
where it stopped; what cannot be continued begins anew, and says so. Nothing gets the file's name
before size, hash and beginning are right. Blocks the thread that calls, which can be told to stop
at any time: the network is waited for in a `pump`.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from desktop.base.disk_faults import file_fault, is_full
from desktop.domain.download import DownloadPhase
from desktop.domain.errors import LapisError, NetworkError, TooManyRequests
from desktop.domain.network_log import Purpose, Reason
from desktop.domain.text import Text
from desktop.hub.client import Client, Resolved
from desktop.hub.failures import odd_answer
from desktop.hub.fetch_values import Errand, Fetched, Limits, Progress, Stopped
from desktop.hub.fetch_words import (
    CHANGED,
    DAMAGED,
    NO_RANGES,
    REPLACES,
    UNPROVEN,
    broke_off,
    never_ends,
    no_room,
    not_gguf,
    other_file,
    packed,
    wrong_bytes,
)
from desktop.hub.file_names import is_gguf, local_name
from desktop.hub.part_file import PartFile, remove_quarantined
from desktop.hub.patience import Budget, Patience
from desktop.hub.pump import Pump
from desktop.hub.reply import Head, Verdict, judge, replied
from desktop.hub.sidecar import Identity
from desktop.hub.standing_file import MAGIC, adopted
from desktop.hub.target_lock import locked

_log = logging.getLogger(__name__)


class _Again(Exception):
    """The part was emptied and is to be filled anew, for the reason `notice`."""

    def __init__(self, notice: Text) -> None:
        super().__init__(str(notice))
        self.notice = notice


class _Worn(Exception):
    """The signed address is worth nothing any more; `said` is the answer in words."""

    def __init__(self, said: LapisError) -> None:
        super().__init__(str(said))
        self.said = said


def fetch(
    errand: Errand,
    client: Client,
    report: Callable[[Progress], None],
    stop: threading.Event,
    limits: Limits,
    also_needed: Callable[[], int] = int,
) -> Fetched:
    """Return the file of `errand`, fetched, checked and named; go on from what is there of it.

    `report` hears about it in the calling thread, a few times a second. `also_needed` are bytes
    that others are about to write to the same disk. Raises Stopped soon after `stop` is set, NoRoom
    when the disk is or gets full, and other LapisErrors; what arrived is kept, unless it was wrong.
    """
    target = errand.folder / local_name(errand.file.path)
    try:
        with _folder(errand.folder), locked(target):
            return _Fetch(errand, target, client, report, stop, limits, also_needed).run()
    except OSError as error:
        _log.warning("a download failed on the disk: %s", error.strerror)
        raise file_fault(error, errand.folder) from error


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make `folder`, and remove it again if nothing came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except (LapisError, Stopped):
        with contextlib.suppress(OSError):  # it is of use
            folder.rmdir()
        raise


class _Fetch:
    def __init__(
        self,
        errand: Errand,
        target: Path,
        client: Client,
        report: Callable[[Progress], None],
        stop: threading.Event,
        limits: Limits,
        also_needed: Callable[[], int],
    ) -> None:
        self._errand = errand
        self._target = target
        self._client = client
        self._why = Reason(Purpose.DOWNLOAD, target.name)
        self._report = report
        self._limits = limits
        self._patience = Patience(stop, limits, self._tell_of_quiet)
        self._budget = Budget(limits)
        self._also_needed = also_needed
        self._identity = Identity(
            errand.source,
            errand.repository,
            errand.commit,
            errand.file.path,
            errand.file.size,
            errand.file.sha256,
        )
        self._part: PartFile | None = None
        self._location = ""
        self._notice: Text | None = None
        self._reported = 0.0

    def run(self) -> Fetched:
        """Fetch until it is done or cannot be."""
        there = adopted(self._target, self._identity, self._checking)
        if there is not None:
            return there
        if self._target.exists():
            self._notice = REPLACES
        try:
            self._take_up()
            while True:
                self._patience.check()
                done = self._step()
                if done is not None:
                    return done
        finally:
            self._put_down()

    def _step(self) -> Fetched | None:
        """Do one thing after which things are different; return the file when it is there."""
        try:
            if self._part is not None and self._part.is_complete:
                return self._verify(self._part)
            if not self._location:
                self._resolve()
            self._pull(self._ready())
        except _Again as again:
            self._begin_anew(again.notice)
            self._wait(DownloadPhase.RESOLVING, self._limits.pause)
        except TooManyRequests as error:
            self._wait_as_told(error)
        except _Worn as worn:
            self._location = ""
            self._pause_after(worn.said)
        except NetworkError as error:
            if not error.passes:
                raise
            self._pause_after(error)
        except OSError as error:
            if not is_full(error):
                raise
            raise no_room(self._errand.folder, max(1, self._missing())) from error
        return None

    # What is there already.

    def _take_up(self) -> None:
        self._part = PartFile.reopen(self._target, self._identity)
        if self._part is None:
            if PartFile.remains(self._target):
                self._notice = UNPROVEN
            return
        self._part.catch_up(self._checking)
        if not self._part.is_complete:
            self._tell(DownloadPhase.RESOLVING)

    def _put_down(self) -> None:
        part = self._part
        if part is None:
            return
        with part:
            if part.is_closed:
                return
            # Bytes that could not be read again are there all the same.
            if not part.on_disk:
                part.discard()
                return
            # A full disk may refuse the sidecar too; the old one claims less, which is true.
            with contextlib.suppress(OSError):
                part.keep()

    def _checking(self) -> None:
        self._patience.check()
        self._tell_now_and_then(DownloadPhase.VERIFYING)

    # The hub.

    def _resolve(self) -> None:
        self._tell(DownloadPhase.RESOLVING)
        url, kind = self._errand.file.url, self._errand.source.kind
        pump = Pump(lambda: iter((self._client.resolve(url, kind, why=self._why),)))
        try:
            found = self._patience.take(pump)
        finally:
            pump.give_up()
        if isinstance(found, Resolved):
            self._compare(found)
            self._location = found.location

    def _compare(self, found: Resolved) -> None:
        """Hold what the source says now against what is wanted and what is there."""
        known = self._identity
        size = known.size if found.size < 0 else found.size
        sha256 = found.sha256 or known.sha256
        if (size, sha256) == (known.size, known.sha256):
            return
        is_other = size != known.size or bool(known.sha256)
        if is_other and not self._errand.is_live:
            raise other_file(self._target.name)
        self._identity = Identity(
            known.source, known.repository, found.commit or known.commit, known.path, size, sha256
        )
        if self._part is not None and is_other:
            had = self._part.length
            self._part.start_over(self._identity)
            if had:
                self._notice = CHANGED
        elif self._part is not None:
            self._part.identity = self._identity

    def _ready(self) -> PartFile:
        """Return the part, with room on the disk for the rest."""
        if self._missing() > 0:
            # Bytes that are known to be wrong are the first to go.
            remove_quarantined(self._target)
        missing = self._missing()
        if missing > 0:
            raise no_room(self._errand.folder, missing)
        if self._part is None:
            self._part = PartFile.create(self._target, self._identity)
        return self._part

    def _missing(self) -> int:
        """Return how many bytes the disk lacks; not positive if there is room."""
        limits, folder = self._limits, self._errand.folder
        needed = self._identity.size - self._length + limits.reserve + self._also_needed()
        return needed - limits.free(folder)

    # The bytes.

    def _pull(self, part: PartFile) -> None:
        """Add bytes from the location until they end, which may be too early."""
        have = part.length
        location = self._location
        pump = Pump(lambda: replied(self._client, location, have, why=self._why))
        interrupt: Callable[[], None] = _nothing
        kept = time.monotonic()
        try:
            head = self._patience.take(pump)
            if not isinstance(head, Head):
                raise broke_off()
            interrupt = head.interrupt
            self._accept(head, part)
            self._tell(DownloadPhase.DOWNLOADING)
            while isinstance(block := self._patience.take(pump), bytes):
                self._take(block, part)
                if time.monotonic() - kept > self._limits.keep:
                    part.keep()
                    kept = time.monotonic()
        finally:
            pump.give_up()
            interrupt()
        if not part.is_complete:
            raise broke_off()

    def _accept(self, head: Head, part: PartFile) -> None:
        """Go on with the body of an answer, from the start where it begins there, or raise."""
        is_signed = self._location != self._errand.file.url
        match judge(head, part.length, self._identity.size, is_signed=is_signed):
            case Verdict.GOES_ON:
                return
            case Verdict.BEGINS:
                part.start_over()
                self._begin_anew(NO_RANGES)
            case Verdict.USELESS:
                part.start_over()
                raise _Again(NO_RANGES)
            case Verdict.OTHER_FILE:
                # The hub knows which file it is by now.
                self._location = ""
                part.start_over()
                raise _Again(CHANGED)
            case Verdict.WORN:
                raise _Worn(head.failure or broke_off())
            case Verdict.WEB_PAGE:
                raise odd_answer(self._location)
            case Verdict.PACKED:
                raise packed(self._target.name)
            case Verdict.ERROR:
                raise head.failure or broke_off()

    def _take(self, block: bytes, part: PartFile) -> None:
        before = part.length
        if before + len(block) > self._identity.size:
            part.start_over()
            raise never_ends(self._target.name)
        part.add(block)
        if block:
            self._budget.progressed()
        if before < len(MAGIC) <= part.length and is_gguf(self._target.name):
            self._check_magic(part)
        self._tell_now_and_then(DownloadPhase.DOWNLOADING)

    def _check_magic(self, part: PartFile) -> None:
        if part.beginning(len(MAGIC)) != MAGIC:
            part.start_over()
            raise not_gguf(self._target.name)

    # The end.

    def _verify(self, part: PartFile) -> Fetched | None:
        self._tell(DownloadPhase.VERIFYING)
        digest = part.hexdigest
        wanted = self._identity.sha256
        if wanted and digest != wanted and part.hash_again(self._checking):
            digest = part.hexdigest
        if wanted and digest != wanted:
            _log.warning("a download has the wrong hash")
            part.quarantine(f"sha256 {digest} instead of {wanted}")
            self._part, self._location = None, ""
            self._budget.mismatch(wrong_bytes(self._target.name))
            self._notice = DAMAGED
            self._tell(DownloadPhase.RESOLVING)
            return None
        if is_gguf(self._target.name):
            self._check_magic(part)
        part.finish()
        return Fetched(self._target, self._identity.size, digest, was_there=False)

    # What goes wrong for a while.

    def _begin_anew(self, notice: Text) -> None:
        self._notice = notice
        self._budget.restart(never_ends(self._target.name))

    def _pause_after(self, error: LapisError) -> None:
        if self._budget.failures or not self._length:
            # Perhaps the address is to blame; it costs one question to the hub.
            self._location = ""
        _log.info("download attempt failed: %s", type(error).__name__)
        self._wait(DownloadPhase.WAITING, self._budget.fail(error))

    def _wait_as_told(self, error: TooManyRequests) -> None:
        self._location = ""
        self._wait(DownloadPhase.WAITING, self._budget.told_to_wait(error))

    def _wait(self, phase: DownloadPhase, seconds: float) -> None:
        self._tell(phase, wait=seconds)
        self._patience.sleep(seconds)

    # What is told.

    @property
    def _length(self) -> int:
        return 0 if self._part is None else self._part.length

    def _tell_of_quiet(self) -> None:
        self._tell_now_and_then(DownloadPhase.STALLED)

    def _tell_now_and_then(self, phase: DownloadPhase) -> None:
        if time.monotonic() - self._reported >= self._limits.report:
            self._tell(phase)

    def _tell(self, phase: DownloadPhase, *, wait: float = 0.0) -> None:
        self._reported = time.monotonic()
        size = self._identity.size
        if self._part is not None:
            done = min(self._part.on_disk, size)
        else:
            done = size if phase is DownloadPhase.VERIFYING else 0
        self._report(Progress(phase, done, size, wait, self._notice))


def _nothing() -> None:
    """Interrupt a connection that does not exist yet."""
