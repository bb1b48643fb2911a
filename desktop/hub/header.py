"""The beginning of a file that is elsewhere: fetched only as far as somebody reads.

A model's header is a few megabytes of many gigabytes, and nobody says beforehand how many. So it is
asked for in ranges that grow, and whoever reads stops when the header ends. Connections wait in a
`pump`, so that reading can be cancelled at any time. Calls block; one thread at a time.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self, TypeVar

from desktop.base.cancelling import never
from desktop.domain.errors import LapisError, NetworkError, TooManyRequests, Unreachable
from desktop.domain.network_log import Purpose, Reason
from desktop.domain.repository import RemoteFile, SourceKind
from desktop.domain.text import Text
from desktop.hub.client import Client, Resolved
from desktop.hub.failures import odd_answer, other_source
from desktop.hub.fetch_values import Limits, Stopped
from desktop.hub.fetch_words import never_ends, packed
from desktop.hub.patience import Budget
from desktop.hub.pump import Nothing, Pump
from desktop.hub.reply import Head, Verdict, judge, replied
from desktop.hub.responses import no_answer

Item = TypeVar("Item")
MOST_BYTES: Final = 64 * 2**20
"""No header is longer; nothing is fetched beyond."""
PATIENCE: Final = Limits(
    silence=20.0, retries=3, pause=0.3, longest_pause=3.0, waits=2, longest_wait=10.0
)
"""Somebody waits for it: tried again for some seconds, not for minutes."""
# Where ranges end: after the keys of most files, of all, and of small vocabularies.
_ENDS: Final = (64 * 2**10, 256 * 2**10, 2**20)
_STEP: Final = 4 * 2**20
# On its way already when reading ends: taking it keeps the connection for the next question.
_IN_FLIGHT: Final = 64 * 2**10
_MOST_LINES: Final = 60
_CHECK_SECONDS: Final = 0.1
_WHY: Final = Reason(Purpose.LOOK)

_log = logging.getLogger(__name__)


class Beginning:
    """The bytes of a remote file from its start on; a context manager.

    `size` in bytes is what the source said, `fetched` what came over the network.
    """

    def __init__(
        self,
        client: Client,
        file: RemoteFile,
        kind: SourceKind,
        cancelled: Callable[[], bool] = never,
        limits: Limits = PATIENCE,
    ) -> None:
        """Connect nothing yet. `cancelled` is asked ten times a second while it waits."""
        self._client = client
        self._file = file
        self._kind = kind
        self._cancelled = cancelled
        self._limits = limits
        self._budget = Budget(limits)
        self._location = ""
        self._line: _Line | None = None
        self._kept = bytearray()
        # Of what was kept, how much has been read.
        self._position = 0
        self._lines = 0
        self.size = file.size
        self.fetched = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._drop()

    def close(self) -> None:
        """End the connection, or leave it to the next question if little is still to come."""
        if self._line is not None and self._line.until - len(self._kept) <= _IN_FLIGHT:
            with suppress(LapisError, Stopped):
                while self._line is not None:
                    self._take(self._line)
        self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.drop()

    @property
    def content(self) -> bytes:
        """Everything that was read so far."""
        return bytes(self._kept[: self._position])

    def read(self, size: int, /) -> bytes:
        """Return up to `size` of the next bytes, as they come; none at the end of the file.

        None either beyond `MOST_BYTES`. Raises NetworkError, DownloadError for bytes that are not
        the file's, and Stopped.
        """
        while self._position == len(self._kept) and self._position < self._end:
            self._step()
        piece = bytes(self._kept[self._position : self._position + size])
        self._position += len(piece)
        return piece

    @property
    def _end(self) -> int:
        """Where there is nothing more to read; not known before the source was asked."""
        return min(self.size, MOST_BYTES) if self._location or self.size else MOST_BYTES

    def _step(self) -> None:
        """Do one thing after which there may be more bytes."""
        try:
            if not self._location:
                self._resolve()
            elif self._line is None:
                self._line = self._open()
            else:
                self._take(self._line)
        except TooManyRequests as error:
            self._drop()
            self._location = ""
            self._sleep(self._budget.told_to_wait(error))
        except NetworkError as error:
            self._drop()
            if not error.passes:
                raise
            self._again(error)

    def _resolve(self) -> None:
        pump = Pump(lambda: iter((self._client.resolve(self._file.url, self._kind, why=_WHY),)))
        try:
            found = self._wait(pump)
        finally:
            pump.give_up()
        if isinstance(found, Resolved):
            if self.size and found.size not in {-1, self.size}:
                raise never_ends(self._name)
            self.size = self.size or max(0, found.size)
            self._location = found.location

    def _open(self) -> "_Line | None":
        """Ask for the next range; return the connection if its bytes are of use."""
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise never_ends(self._name)
        have = len(self._kept)
        until = min(_next_end(have), self._end)
        location = self._location
        # One piece ahead: what is not read should not be fetched either.
        pump = Pump(lambda: replied(self._client, location, have, until, why=_WHY), room=1)
        line = _Line(pump, until)
        try:
            head = self._wait(pump)
            if not isinstance(head, Head):
                raise _broke_off()
            line.interrupt = head.interrupt
            is_signed = location != self._file.url
            verdict = judge(head, have, self.size, is_signed=is_signed, end=until)
            if not self._is_good(verdict, head):
                line.drop()
                return None
            if head.status == 200:
                # Ranges mean nothing to this server: it sends the file from its start to its end.
                line.until, line.skip = self.size, have
        except BaseException:
            line.drop()
            raise
        return line

    def _is_good(self, verdict: Verdict, head: Head) -> bool:
        """Return whether the body is of use; if not, the next try may be, or it raises."""
        match verdict:
            case Verdict.GOES_ON | Verdict.BEGINS:
                return True
            case Verdict.WEB_PAGE:
                raise odd_answer(self._location)
            case Verdict.PACKED:
                raise packed(self._name)
            case Verdict.ERROR:
                raise head.failure or _broke_off()
            case Verdict.WORN | Verdict.USELESS | Verdict.OTHER_FILE:
                # Perhaps the address is to blame, which costs one question to the hub.
                self._location = ""
                worn = head.failure if verdict is Verdict.WORN else None
                self._budget.restart(worn or never_ends(self._name))
                self._sleep(self._limits.pause)
                return False

    def _take(self, line: "_Line") -> None:
        block = self._wait(line.pump)
        if not isinstance(block, bytes):
            # It ended by itself, and may serve others by now.
            self._line = None
            if len(self._kept) < line.until:
                raise _broke_off()
            return
        self.fetched += len(block)
        if self.fetched > MOST_BYTES:
            raise never_ends(self._name)
        fresh = block[line.skip :]
        line.skip -= len(block) - len(fresh)
        if len(self._kept) + len(fresh) > line.until:
            raise never_ends(self._name)
        if fresh:
            self._kept += fresh
            self._budget.progressed()

    def _again(self, error: LapisError) -> None:
        _log.info("a header is asked for again: %s", type(error).__name__)
        if self._budget.failures:
            self._location = ""
        self._sleep(self._budget.fail(error))

    def _wait(self, pump: Pump[Item]) -> Item | Nothing:
        begun = time.monotonic()
        while True:
            self._check()
            item = pump.take(min(_CHECK_SECONDS, self._limits.silence))
            if item is not Nothing.YET:
                return item
            if time.monotonic() - begun > self._limits.silence:
                raise no_answer(self._location or self._file.url)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._check()
            time.sleep(min(left, _CHECK_SECONDS))

    def _check(self) -> None:
        if self._cancelled():
            raise Stopped

    @property
    def _name(self) -> str:
        return self._file.path.rpartition("/")[2]


class _Line:
    """A connection whose body reaches up to `until`, its first `skip` bytes known already."""

    def __init__(self, pump: Pump[Head | bytes], until: int) -> None:
        self.pump = pump
        self.until = until
        self.skip = 0
        self.interrupt: Callable[[], None] = _nothing

    def drop(self) -> None:
        """End it, whatever it is doing."""
        self.pump.give_up()
        self.interrupt()


def _next_end(have: int) -> int:
    """Return where a range that begins at `have` ends."""
    return next((end for end in _ENDS if end > have), (have // _STEP + 1) * _STEP)


def _broke_off() -> Unreachable:
    return Unreachable(Text("The connection broke off in the middle"), other_source())


def _nothing() -> None:
    """Interrupt a connection that does not exist yet."""
