"""What servers answered lately, kept in a folder: asked twice within an hour, answered once.

Offices share one allowance of questions, and without a network an older answer is better than
none. Entries are found by a hash of the address, so nobody reads there what was searched for. A
damaged entry, or a folder that cannot be written, is as good as none. Any thread.
"""

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.hub.crowded_folder import keep_newest

FRESH_SECONDS: Final = 3600.0
_KEPT_SECONDS: Final = 90 * 86400.0
_MOST_BYTES: Final = 48 * 2**20
_MOST_ENTRY_BYTES: Final = 8 * 2**20
_MOST_ENTRIES: Final = 400
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was, and when: seconds since 1970."""

    value: object
    next_page: str
    time: float

    @property
    def is_fresh(self) -> bool:
        """Whether it is not worth asking again."""
        return 0 <= time.time() - self.time <= FRESH_SECONDS


class Answers:
    """Answers by the address that was asked, and by whether a token was shown."""

    def __init__(self, folder: Path) -> None:
        """Keep entries in `folder`, which is made when the first one is."""
        self._folder = folder

    def find(self, url: str, *, with_token: bool = False) -> KeptAnswer | None:
        """Return what was answered, however old; None if nothing readable is there."""
        path = self._path(url, with_token)
        try:
            if path.stat().st_size > _MOST_ENTRY_BYTES:
                return None
            read = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        match read:
            case {
                "version": 1,
                "time": float() | int() as moment,
                "next": str() as next_page,
                "value": value,
            }:
                return KeptAnswer(value, next_page, float(moment))
            case _:
                return None

    def keep(self, url: str, value: object, next_page: str, *, with_token: bool = False) -> None:
        """Keep an answer; what is too large, or cannot be written, is not kept."""
        entry = {"version": _VERSION, "time": time.time(), "next": next_page, "value": value}
        try:
            content = json.dumps(entry, ensure_ascii=False).encode(errors="surrogatepass")
        except RecursionError:
            # Read where the stack was shorter.
            return
        if len(content) > _MOST_ENTRY_BYTES:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._path(url, with_token)
            write_atomically(path, content)
            keep_newest(
                self._folder,
                path,
                most_bytes=_MOST_BYTES,
                most_entries=_MOST_ENTRIES,
                oldest=time.time() - _KEPT_SECONDS,
            )

    def _path(self, url: str, with_token: bool) -> Path:
        name = hashlib.sha256(f"{int(with_token)} {url}".encode(errors="replace")).hexdigest()
        return self._folder / f"{name[:40]}.json"
