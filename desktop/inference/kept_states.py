"""KV states on the disk, so that a chat goes on after an unload or a restart without being read anew.

Engine process only; called from the main thread. A state is worth only what it was computed with,
so states lie in a folder named after the model file and all that shapes its numbers. The folder
above is bounded; what was used longest ago goes first.
"""

import contextlib
import hashlib
import os
import shutil
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from desktop.inference.prefix import common_prefix
from desktop.inference.state_file import (
    SUFFIX,
    UNFINISHED,
    KeptState,
    file_size,
    finish_state,
    read_head,
    use_state,
    write_state,
)

# Bytes of the disk that are not ours to fill.
_LEAVE_FREE: Final = 1 << 30
# Seconds after which nobody can still be writing a file.
_ABANDONED: Final = 3600.0


class KeptStates:
    """The states of one loaded model, and the bounded folder they share with those of others."""

    def __init__(self, folder: Path, limit: int, key: str) -> None:
        """Use `folder` up to `limit` bytes; `key` names model and settings (see `state_key`)."""
        self._root = folder
        self._folder = folder / key
        self._limit = limit
        self._states: list[KeptState] = []
        self._finishing: _Finishing | None = None
        _sweep(self._root)
        for path in sorted(_files(self._folder)):
            state = read_head(path)
            if state is None:
                _remove(path)
            else:
                self._states.append(state)

    def best(self, prompt: Sequence[int]) -> tuple[KeptState, int] | None:
        """Return the state that covers most of `prompt`, and how many tokens that are."""
        best = self._best(prompt)
        coming = self._finishing
        if coming is not None:
            covered = 0 if best is None else best[1]
            if not coming.is_alive() or common_prefix(coming.tokens, prompt) > covered:
                self.settle()
                best = self._best(prompt)
        return best

    def holds(self, tokens: Sequence[int]) -> bool:
        """Whether a state covers all of `tokens`."""
        states = [state.tokens for state in self._states]
        if self._finishing is not None:
            states.append(self._finishing.tokens)
        return any(common_prefix(state, tokens) == len(tokens) for state in states)

    def save(self, tokens: Sequence[int], size: int, write: Callable[[Any], int]) -> None:
        """Keep a state of `size` bytes that `write` puts into the buffer it is given.

        Makes room first and replaces states that `tokens` only continues. The checksum is computed
        behind the caller's back. A full or failing disk is no reason to fail.
        """
        self.settle()
        needed = file_size(len(tokens), size)
        if size <= 0 or needed > self._limit:
            return
        known = array("i", tokens)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(needed)
            if shutil.disk_usage(self._folder).free < needed + _LEAVE_FREE:
                return
            path = write_state(self._folder, known, size, write)
        except (OSError, ValueError):
            return
        if path is not None:
            self._finishing = _Finishing(path, known, size)
            self._finishing.start()

    def settle(self) -> None:
        """Wait until the last state that was saved has its checksum."""
        thread, self._finishing = self._finishing, None
        if thread is None:
            return
        thread.join()
        if thread.final is None:
            return
        # What the new state only continues is not needed any more.
        for state in list(self._states):
            if state.common_prefix(thread.tokens) == len(state.tokens):
                self._drop(state, thread.final)
        self._states.append(KeptState(thread.final, thread.tokens))

    def load(self, state: KeptState, use: Callable[[Any], bool]) -> bool:
        """Give the bytes of `state` to `use` if they are what was written, and return its word.

        Otherwise the file is removed and False returned.
        """
        taken = use_state(state, use)
        if taken is None:
            self._drop(state, None)
            return False
        if taken:
            with contextlib.suppress(OSError):
                os.utime(state.path)
        return taken

    def clear(self) -> None:
        """Remove the states of all models."""
        self.settle()
        self._states.clear()
        for path in (*_files(self._root, deep=True), *_unfinished(self._root)):
            _remove(path)

    def _best(self, prompt: Sequence[int]) -> tuple[KeptState, int] | None:
        covered = [(state, state.common_prefix(prompt)) for state in self._states]
        return max(covered, key=lambda entry: entry[1], default=None)

    def _drop(self, state: KeptState, successor: Path | None) -> None:
        """Forget `state`, which may be forgotten already, and remove its file."""
        self._states = [entry for entry in self._states if entry.path != state.path]
        if state.path != successor:
            _remove(state.path)

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


class _Finishing(threading.Thread):
    """Gives a state its checksum; `final` is its file then, None if that failed."""

    def __init__(self, path: Path, tokens: "array[int]", size: int) -> None:
        super().__init__(name="kv-state")
        self._path = path
        self._size = size
        self.tokens = tokens
        self.final: Path | None = None

    def run(self) -> None:
        try:
            self.final = finish_state(self._path, len(self.tokens), self._size)
        except (OSError, ValueError):
            _remove(self._path)


def state_key(path: Path, parts: Sequence[object]) -> str:
    """Return a name for `path` as it is now together with `parts`, all that shapes a state.

    The file is known by place, size and time of change: reading gigabytes for a checksum would
    cost more than the state saves. Raises OSError.
    """
    about = path.stat()
    text = "\0".join(map(str, (path.resolve(), about.st_size, about.st_mtime_ns, *parts)))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _files(folder: Path, *, deep: bool = False) -> list[Path]:
    try:
        return list(folder.glob(f"*/*{SUFFIX}" if deep else f"*{SUFFIX}"))
    except OSError:
        return []


def _unfinished(root: Path) -> list[Path]:
    try:
        return list(root.glob(f"*/{UNFINISHED}*"))
    except OSError:
        return []


def _sweep(root: Path) -> None:
    """Remove what was left half written by a process that died; another one may be at work."""
    for path in _unfinished(root):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
