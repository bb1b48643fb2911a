"""KV states on the disk, so that a chat goes on after an unload or a restart without being read anew.

Engine process only, main thread. A state is worth only what it was computed with, so states lie in
a folder named after the model file and all that shapes its numbers. Each file carries the tokens it
stands for and a checksum: native code trusts what it is given, so a damaged or foreign file must
never reach it. The folder is bounded; what was used longest ago goes first.
"""

import contextlib
import hashlib
import mmap
import os
import shutil
import struct
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from desktop.inference.prefix import common_prefix

_MAGIC: Final = b"lapis-kv-state-1"
# Magic, SHA-256 of all that follows it, number of tokens, bytes of state.
_HEAD: Final = struct.Struct("<16s32sQQ")
_SUFFIX: Final = ".kv"
_UNFINISHED: Final = "new-"
_MOST_TOKENS: Final = 1 << 24
# Bytes of the disk that are not ours to fill.
_LEAVE_FREE: Final = 1 << 30
# Seconds after which nobody can still be writing a file.
_ABANDONED: Final = 3600.0


@dataclass(frozen=True, slots=True)
class KeptState:
    """One state on the disk and the tokens it stands for (signed 32-bit)."""

    path: Path
    tokens: "array[int]"

    def common_prefix(self, prompt: Sequence[int]) -> int:
        """Return how many leading tokens of `prompt` it covers."""
        return common_prefix(self.tokens, prompt)


class KeptStates:
    """The states of one loaded model, and the bounded folder they share with those of others."""

    def __init__(self, folder: Path, limit: int, key: str) -> None:
        """Use `folder` up to `limit` bytes; `key` names model and settings (see `state_key`)."""
        self._root = folder
        self._folder = folder / key
        self._limit = limit
        self._states: list[KeptState] = []
        _sweep(self._folder)
        for path in sorted(_files(self._folder)):
            state = _read_head(path)
            if state is None:
                _remove(path)
            else:
                self._states.append(state)

    def best(self, prompt: Sequence[int]) -> tuple[KeptState, int] | None:
        """Return the state that covers most of `prompt`, and how many tokens that are."""
        covered = [(state, state.common_prefix(prompt)) for state in self._states]
        return max(covered, key=lambda entry: entry[1], default=None)

    def holds(self, tokens: Sequence[int]) -> bool:
        """Whether a state covers all of `tokens`."""
        return any(state.common_prefix(tokens) == len(tokens) for state in self._states)

    def save(self, tokens: Sequence[int], size: int, write: Callable[[Any], int]) -> bool:
        """Keep a state of `size` bytes that `write` puts into the buffer it is given.

        Makes room first and replaces states that `tokens` only continues. Returns whether it is
        kept; a full or failing disk is no reason to fail.
        """
        needed = _HEAD.size + 4 * len(tokens) + size
        if size <= 0 or needed > self._limit:
            return False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(needed)
            if shutil.disk_usage(self._folder).free < needed + _LEAVE_FREE:
                return False
            path = self._write(array("i", tokens), size, write)
        except (OSError, ValueError):
            return False
        if path is None:
            return False
        for state in list(self._states):
            if state.common_prefix(tokens) == len(state.tokens):
                self.drop(state)
        self._states.append(KeptState(path, array("i", tokens)))
        return True

    def load(self, state: KeptState, use: Callable[[Any], bool]) -> bool:
        """Give the bytes of `state` to `use` if they are what was written, and return its word.

        Otherwise the file is removed and False returned.
        """
        try:
            with state.path.open("rb") as file:
                view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError):
            self.drop(state)
            return False
        with contextlib.closing(view):
            begin = _checked(view, state.tokens)
            if begin is None:
                self.drop(state)
                return False
            window = memoryview(view)[begin:]
            try:
                taken = use(window)
            finally:
                window.release()
        if taken:
            with contextlib.suppress(OSError):
                os.utime(state.path)
        return taken

    def drop(self, state: KeptState) -> None:
        """Remove a state."""
        self._states.remove(state)
        _remove(state.path)

    def clear(self) -> None:
        """Remove the states of all models."""
        self._states.clear()
        for path in _files(self._root, deep=True):
            _remove(path)

    def _write(self, tokens: "array[int]", size: int, write: Callable[[Any], int]) -> Path | None:
        head_size = _HEAD.size + 4 * len(tokens)
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=self._folder)
        path = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                _reserve(file.fileno(), head_size + size)
                with contextlib.closing(mmap.mmap(file.fileno(), head_size + size)) as view:
                    window = memoryview(view)[head_size:]
                    try:
                        written = write(window)
                    finally:
                        window.release()
                    if written != size:
                        _remove(path)
                        return None
                    view[_HEAD.size : head_size] = tokens.tobytes()
                    digest = _digest(view, len(tokens), size)
                    view[: _HEAD.size] = _HEAD.pack(_MAGIC, digest, len(tokens), size)
            final = path.with_name(digest.hex()[:32] + _SUFFIX)
            path.replace(final)
        except BaseException:
            _remove(path)
            raise
        return final

    def _make_room(self, needed: int) -> None:
        """Remove what was used longest ago, of any model, until `needed` bytes are allowed."""
        entries = []
        for path in _files(self._root, deep=True):
            with contextlib.suppress(OSError):
                about = path.stat()
                entries.append((about.st_mtime, about.st_size, path))
        entries.sort(key=lambda entry: entry[0])
        used = sum(size for _time, size, _path in entries)
        for _time, size, path in entries:
            if used + needed <= self._limit:
                return
            used -= size
            _remove(path)
            self._states = [state for state in self._states if state.path != path]


def state_key(path: Path, parts: Sequence[object]) -> str:
    """Return a name for `path` as it is now together with `parts`, all that shapes a state.

    The file is known by place, size and time of change: reading gigabytes for a checksum would
    cost more than the state saves. Raises OSError.
    """
    about = path.stat()
    text = "\0".join(map(str, (path.resolve(), about.st_size, about.st_mtime_ns, *parts)))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _read_head(path: Path) -> KeptState | None:
    """Return what `path` claims to be; the checksum is looked at when it is used."""
    try:
        with path.open("rb") as file:
            magic, _, count, size = _HEAD.unpack(file.read(_HEAD.size))
            if magic != _MAGIC or count > _MOST_TOKENS:
                return None
            if path.stat().st_size != _HEAD.size + 4 * count + size:
                return None
            tokens = array("i")
            tokens.frombytes(file.read(4 * count))
    except (OSError, ValueError, struct.error):
        return None
    return KeptState(path, tokens)


def _checked(view: mmap.mmap, tokens: "array[int]") -> int | None:
    """Return where the state begins in `view`, or None if it is not what was written."""
    if len(view) < _HEAD.size:
        return None
    magic, digest, count, size = _HEAD.unpack(view[: _HEAD.size])
    begin = _HEAD.size + 4 * count
    if magic != _MAGIC or count != len(tokens) or len(view) != begin + size:
        return None
    if view[_HEAD.size : begin] != tokens.tobytes() or _digest(view, count, size) != digest:
        return None
    return int(begin)


def _digest(view: mmap.mmap, tokens: int, size: int) -> bytes:
    total = hashlib.sha256(_HEAD.pack(_MAGIC, bytes(32), tokens, size))
    with memoryview(view) as whole, whole[_HEAD.size :] as rest:
        total.update(rest)
    return total.digest()


def _reserve(handle: int, size: int) -> None:
    """Make sure the bytes exist: writing into a map of a full disk would end the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    block = bytes(1 << 20)
    left = size
    while left > 0:
        left -= os.write(handle, block[: min(left, len(block))])


def _files(folder: Path, *, deep: bool = False) -> list[Path]:
    try:
        return list(folder.glob(f"*/*{_SUFFIX}" if deep else f"*{_SUFFIX}"))
    except OSError:
        return []


def _sweep(folder: Path) -> None:
    """Remove what was left half written by a process that died; another one may be at work."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
