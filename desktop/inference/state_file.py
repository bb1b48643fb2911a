"""The file of one KV state: the tokens it stands for, the bytes llama.cpp wrote, and a checksum.

Engine process only. Native code trusts what it is given, so a damaged or foreign file must never
reach it. The bytes are written straight into a memory map, and the checksum, the slow part, is
computed afterwards, off the main thread.
"""

import contextlib
import hashlib
import mmap
import os
import struct
import tempfile
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from desktop.inference.prefix import common_prefix

SUFFIX: Final = ".kv"
UNFINISHED: Final = "new-"
_MAGIC: Final = b"lapis-kv-state-1"
# Magic, SHA-256 of all that follows it, number of tokens, bytes of state.
_HEAD: Final = struct.Struct("<16s32sQQ")
_MOST_TOKENS: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class KeptState:
    """One state on the disk and the tokens it stands for (signed 32-bit)."""

    path: Path
    tokens: "array[int]"

    def common_prefix(self, prompt: Sequence[int]) -> int:
        """Return how many leading tokens of `prompt` it covers."""
        return common_prefix(self.tokens, prompt)


def file_size(tokens: int, size: int) -> int:
    """Return the bytes of the file for a state of `size` bytes that stands for so many tokens."""
    return _HEAD.size + 4 * tokens + size


def write_state(
    folder: Path, tokens: "array[int]", size: int, write: Callable[[Any], int]
) -> Path | None:
    """Let `write` put `size` bytes into a new, unfinished file in `folder`; return its path.

    None when it wrote another number of bytes. Raises OSError.
    """
    begin = _HEAD.size + 4 * len(tokens)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
    path = Path(name)
    complete = False
    try:
        with os.fdopen(handle, "w+b") as file:
            _reserve(file.fileno(), begin + size)
            with contextlib.closing(mmap.mmap(file.fileno(), begin + size)) as view:
                with memoryview(view) as whole, whole[begin:] as window:
                    written = write(window)
                view[_HEAD.size : begin] = tokens.tobytes()
        complete = written == size
    finally:
        if not complete:
            path.unlink(missing_ok=True)
    return path if complete else None


def finish_state(path: Path, tokens: int, size: int) -> Path:
    """Give an unfinished file its checksum and its name; return that. Any thread; raises OSError."""
    with path.open("r+b") as file, contextlib.closing(mmap.mmap(file.fileno(), 0)) as view:
        digest = _digest(view, tokens, size)
        view[: _HEAD.size] = _HEAD.pack(_MAGIC, digest, tokens, size)
    final = path.with_name(digest.hex()[:32] + SUFFIX)
    path.replace(final)
    return final


def read_head(path: Path) -> KeptState | None:
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


def use_state(state: KeptState, use: Callable[[Any], bool]) -> bool | None:
    """Give the bytes of `state` to `use` and return its word; None if they are not what was written."""
    try:
        with state.path.open("rb") as file:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return None
    with contextlib.closing(view):
        begin = _checked(view, state.tokens)
        if begin is None:
            return None
        with memoryview(view) as whole, whole[begin:] as window:
            return use(window)


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
