"""The queue of downloads on the disk: one small file for each order.

So a damaged one costs no other. Addresses and hashes are in there, tokens never. Whoever holds the
queue's lock calls, and waits for no disk: while gigabytes are being written, flushing a small file
may take seconds. A thread of this module writes; it ends when nothing is left to write.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import temporary_of, write_alone
from desktop.domain.download import DownloadOrder

_SCHEMA: Final = 1
_MOST_BYTES: Final = 8 * 2**20
_LAST_PLACE: Final = 2**53
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order that was not done yet, and whether it was to go on; a greater `place` comes later.

    `made` are names of files that it finished already, so that cancelling it takes them along.
    """

    order: DownloadOrder
    place: int
    wants_to_run: bool
    made: tuple[str, ...] = ()
    schema: int = _SCHEMA


class DownloadBook:
    """Orders in a folder; what cannot be read or written costs a line in the log, nothing else."""

    def __init__(self, folder: Path | None) -> None:
        """Keep orders in `folder`; None keeps nothing."""
        self._folder = folder
        self._changed = threading.Condition()
        self._waiting: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}
        self._writer: threading.Thread | None = None

    def read(self) -> list[KeptOrder]:
        """Return all orders, first in the queue first."""
        return sorted(self._kept(), key=lambda kept: kept.place)

    def write(self, kept: KeptOrder) -> None:
        """Keep `kept` soon, instead of what was kept under its key."""
        import msgspec

        key, content = kept.order.key, msgspec.json.encode(kept)
        with self._changed:
            if self._written.get(key) != content:
                self._written[key] = content
                self._wait_for_disk(key, content)

    def remove(self, key: str) -> None:
        """Forget the order of that key soon."""
        with self._changed:
            self._written.pop(key, None)
            self._wait_for_disk(key, None)

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until all is on the disk; return whether it is, after `timeout` seconds at most."""
        with self._changed:
            self._start()
            self._changed.wait_for(lambda: self._writer is None, timeout)
            return self._writer is None and not self._waiting

    def _wait_for_disk(self, key: str, content: bytes | None) -> None:
        if self._folder is None:
            return
        self._waiting[key] = content
        self._start()

    def _start(self) -> None:
        """Have somebody write what waits; the lock is held. Without a thread it waits on."""
        if self._writer is None and self._waiting:
            writer = threading.Thread(target=self._run, name="download-book", daemon=True)
            try:
                writer.start()
            except RuntimeError as error:
                _log.warning("a download is not kept yet: %s", error)
                return
            self._writer = writer

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._writer = None
                    self._changed.notify_all()
                    return
                key = next(iter(self._waiting))
                content = self._waiting.pop(key)
            try:
                self._put(key, content)
            except OSError as error:
                _log.warning("a download is not kept as it is now: %s", error.strerror)
                with self._changed:
                    self._written.pop(key, None)

    def _put(self, key: str, content: bytes | None) -> None:
        path = self._path(key)
        if content is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_alone(path, content)
            return
        for each in (temporary_of(path), path):
            each.unlink(missing_ok=True)

    def _kept(self) -> Iterator[KeptOrder]:
        import msgspec

        if self._folder is None:
            return
        for path in sorted(self._folder.glob("*.json")):
            try:
                with path.open("rb") as stream:
                    content = stream.read(_MOST_BYTES)
                kept = msgspec.json.decode(content, type=KeptOrder)
            except (OSError, ValueError, RecursionError) as error:
                _log.warning("a kept download is ignored: %s", type(error).__name__)
                continue
            is_ours = kept.schema == _SCHEMA and path == self._path(kept.order.key)
            if is_ours and 0 <= kept.place <= _LAST_PLACE:
                yield kept

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]
        return (self._folder or Path()) / f"{name}.json"
