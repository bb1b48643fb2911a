"""The bytes of a download so far: appended, hashed as they come, and never trusted without proof.

`<target>.part` holds them, `<target>.part.json` says whose they are (see `sidecar`); the target's
own name appears with the last step, when everything was checked. All of it in one thread, under the
lock of the target. OSErrors are left to the caller.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final, Self

from desktop.base.files import sync_folder, temporary_of, write_alone
from desktop.hub.background_hash import BackgroundHash
from desktop.hub.beside import part_path, sidecar_path
from desktop.hub.running_hash import RunningHash, new_hash, resumed
from desktop.hub.sidecar import (
    Identity,
    Sidecar,
    read_sidecar,
    write_sidecar,
)

QUARANTINE: Final = ".quarantine"
_BLOCK: Final = 1 << 20


def _quarantined(target: Path) -> tuple[Path, Path]:
    """Return where wrong bytes of `target` go, and what is said about them."""
    aside = target.parent / QUARANTINE
    return aside / f"{target.name}.damaged", aside / f"{target.name}.txt"


def remove_leftovers(target: Path) -> None:
    """Delete all that a download of `target` left, but not `target`; raises OSError."""
    remove_quarantined(target)
    _remove_part(target)


def _remove_part(target: Path) -> None:
    sidecar = sidecar_path(target)
    # The sidecar last: as long as it is there, the target is known to be ours.
    for path in (part_path(target), temporary_of(sidecar), sidecar):
        path.unlink(missing_ok=True)


def remove_quarantined(target: Path) -> None:
    """Delete the wrong bytes that once arrived for `target`; raises OSError."""
    damaged, note = _quarantined(target)
    for path in (damaged, note, temporary_of(note)):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # others' files are in there, or it is not there
        (target.parent / QUARANTINE).rmdir()


class PartFile:
    """An open part; `create` or `reopen` make one. `length` bytes are there, all of them hashed."""

    def __init__(
        self, target: Path, identity: Identity, stream: FileIO, digest: RunningHash
    ) -> None:
        self.identity = identity
        self._target = target
        self._stream = stream
        self._hash = BackgroundHash(digest)
        self._length = digest.length
        # What was hashed by an earlier run is believed only as long as the sum is right.
        self._believed = digest.length
        self._claimed = digest.length

    @classmethod
    def create(cls, target: Path, identity: Identity) -> Self:
        """Begin anew, with the sidecar before the first byte."""
        part_path(target).unlink(missing_ok=True)
        write_sidecar(target, Sidecar(identity))
        stream = FileIO(part_path(target), "x+")
        return cls(target, identity, stream, new_hash())

    @classmethod
    def reopen(cls, target: Path, identity: Identity) -> Self | None:
        """Return the part that an earlier run left, None if nothing there can be relied on.

        `catch_up` must be called before anything is added.
        """
        known = read_sidecar(target)
        if known is None or not identity.has_bytes_of(known.identity):
            return None
        try:
            stream = _opened(part_path(target))
        except FileNotFoundError:
            return None
        if stream is None:
            return None
        length = stream.seek(0, os.SEEK_END)
        if length > known.hashed and _is_from_before_start(stream):
            # What a file system holds beyond what was flushed is anybody's guess after a crash.
            length = stream.truncate(known.hashed)
        if length > identity.size:
            stream.close()
            return None
        digest = None
        if known.hashed <= length:
            digest = resumed(_unhexed(known.state), known.hashed)
        return cls(target, identity, stream, digest or new_hash())

    @staticmethod
    def remains(target: Path) -> bool:
        """Return whether there is anything of an earlier download of `target`."""
        return os.path.lexists(part_path(target)) or os.path.lexists(sidecar_path(target))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def length(self) -> int:
        """How many bytes are known: where to go on."""
        return self._length

    @property
    def on_disk(self) -> int:
        """How many bytes there are, known or not yet."""
        return 0 if self._stream.closed else os.fstat(self._stream.fileno()).st_size

    @property
    def is_closed(self) -> bool:
        """Whether it was finished or given up."""
        return self._stream.closed

    @property
    def is_complete(self) -> bool:
        """Whether it has as many bytes as it should have."""
        return self.length == self.identity.size

    @property
    def hexdigest(self) -> str:
        """The SHA-256 of what is there."""
        return self._hash.settle().hexdigest()

    def catch_up(self, checking: Callable[[], None]) -> None:
        """Hash what is there beyond what is known; `checking` is called meanwhile and may raise."""
        digest = self._hash.settle()
        self._stream.seek(digest.length)
        buffer = memoryview(bytearray(_BLOCK))
        while count := self._stream.readinto(buffer):
            digest.update(buffer[:count])
            self._length = digest.length
            checking()

    def hash_again(self, checking: Callable[[], None]) -> bool:
        """Hash all that an earlier run claims to have hashed; return whether there was any."""
        if not self._believed:
            return False
        self._believed = 0
        self._count_from(new_hash())
        self.catch_up(checking)
        return True

    def add(self, block: bytes) -> None:
        """Append `block`; what did not fit onto the disk is not counted."""
        rest = memoryview(block)
        while rest:
            written = self._stream.write(rest)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._hash.feed(block if written == len(block) else bytes(rest[:written]))
            self._length += written
            rest = rest[written:]

    def beginning(self, count: int) -> bytes:
        """Return the first `count` bytes, or as many as there are."""
        place = self._stream.tell()
        self._stream.seek(0)
        first = self._stream.read(count)
        self._stream.seek(place)
        return first

    def keep(self) -> None:
        """Flush the bytes to the disk, then let the sidecar claim them."""
        if self._claimed == self.length:
            return
        os.fsync(self._stream.fileno())
        state = self._hash.settle().state().hex()
        write_sidecar(self._target, Sidecar(self.identity, self.length, state))
        self._claimed = self.length

    def start_over(self, identity: Identity | None = None) -> None:
        """Forget all bytes; with `identity`, those of another file are to come."""
        self.identity = identity or self.identity
        # First the bytes, then the claim: bytes of another file must never be claimed.
        self._stream.seek(0)
        self._stream.truncate()
        os.fsync(self._stream.fileno())
        write_sidecar(self._target, Sidecar(self.identity))
        self._count_from(new_hash())
        self._believed = self._claimed = 0

    def finish(self) -> None:
        """Give the file its name, for good. Closed afterwards."""
        os.fsync(self._stream.fileno())
        self._close()
        part_path(self._target).replace(self._target)
        sync_folder(self._target.parent)
        remove_leftovers(self._target)

    def discard(self) -> None:
        """Delete part and sidecar. Closed afterwards."""
        self._close()
        _remove_part(self._target)

    def quarantine(self, reason: str) -> None:
        """Put the bytes where nobody takes them for a model, with the reason. Closed afterwards."""
        self._close()
        damaged, note = _quarantined(self._target)
        if damaged.parent.is_symlink():
            damaged.parent.unlink()
        damaged.parent.mkdir(exist_ok=True)
        write_alone(note, f"{reason}\n".encode())
        part_path(self._target).replace(damaged)
        sidecar_path(self._target).unlink(missing_ok=True)

    def _count_from(self, digest: RunningHash) -> None:
        self._hash.settle()
        self._hash = BackgroundHash(digest)
        self._length = digest.length

    def _close(self) -> None:
        self._hash.settle()
        self._stream.close()


def _opened(path: Path) -> FileIO | None:
    """Open what must be a plain file; None for anything else, such as a link to another's file."""
    if path.is_symlink():
        return None
    stream = FileIO(path, "r+", opener=_follow_nothing)
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    stream.close()
    return None


def _follow_nothing(path: str, flags: int) -> int:
    for name in ("O_NOFOLLOW", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags)


def _unhexed(state: str) -> bytes:
    try:
        return bytes.fromhex(state)
    except ValueError:
        return b""


def _is_from_before_start(stream: FileIO) -> bool:
    """Return whether the computer was started after the last byte was written."""
    import psutil

    return os.fstat(stream.fileno()).st_mtime < psutil.boot_time()
