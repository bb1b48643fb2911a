"""The queue of downloads on the disk: one small file for each order.

So a damaged one costs no other. Addresses and hashes are in there, tokens never. Whoever holds the
queue's lock calls.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import temporary_of, write_alone
from desktop.domain.download import DownloadOrder

_SCHEMA: Final = 1
_MOST_BYTES: Final = 8 * 2**20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order that was not done yet, its `place` in the queue, and whether it was to go on.

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

    def read(self) -> list[KeptOrder]:
        """Return all orders, first in the queue first."""
        return sorted(self._kept(), key=lambda kept: kept.place)

    def write(self, kept: KeptOrder) -> None:
        """Keep `kept`, instead of what was kept under its key."""
        import msgspec

        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_alone(self._path(kept.order.key), msgspec.json.encode(kept))
        except OSError as error:
            _log.warning("a download cannot be kept for the next start: %s", error.strerror)

    def remove(self, key: str) -> None:
        """Forget the order of that key."""
        if self._folder is None:
            return
        try:
            for path in (temporary_of(self._path(key)), self._path(key)):
                path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("a download cannot be forgotten: %s", error.strerror)

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
            if kept.schema == _SCHEMA and path == self._path(kept.order.key):
                yield kept

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]
        return (self._folder or Path()) / f"{name}.json"
