"""Files of the engine that are missing or no longer whole, told without loading any. Any thread.

Asked when the engine finds nothing to compute with: half an update, a disk that was full, or a
virus scanner that took a file away.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from desktop.backends.libraries import library_files

__all__ = ["damaged_files"]

# Of each there has to be one, whatever the system calls it: "libggml.so.0", "ggml.dll".
_NEEDED: Final = ("ggml-base", "ggml-cpu", "ggml", "llama")
_ELF: Final = b"\x7fELF\x02\x01"
_BEGINNINGS: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_ELF_HEADER: Final = 64


def damaged_files(files: Iterable[Path] | None = None) -> tuple[str, ...]:
    """Return the names of what is missing or damaged, in order; nothing where all seems well.

    `files` are those of this installation if left out. Of a library for Linux it is known how long
    it has to be; of others only that they begin like one.
    """
    found = sorted(library_files() if files is None else files)
    missing = [name for name in _NEEDED if not any(_is(path.name, name) for path in found)]
    return (*missing, *(path.name for path in found if _is_library(path) and not _is_whole(path)))


def _is(name: str, needed: str) -> bool:
    """Return whether a file is the library that is meant; there are several for processors."""
    stem = name.removeprefix("lib").partition(".")[0]
    return stem == needed or (needed == "ggml-cpu" and stem.startswith("ggml-cpu-"))


def _is_library(path: Path) -> bool:
    return ".so" in path.name or path.suffix in {".dll", ".dylib"}


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(_ELF_HEADER)
            size = stream.seek(0, 2)
    except OSError:
        return False
    if not head.startswith(_BEGINNINGS):
        return False
    if not head.startswith(_ELF) or len(head) < _ELF_HEADER:
        return len(head) == _ELF_HEADER
    # The table of sections is the last thing in it: its place, the size of a line, their number.
    table = int.from_bytes(head[0x28:0x30], "little")
    line, count = (int.from_bytes(head[at : at + 2], "little") for at in (0x3A, 0x3C))
    return size >= table + line * count
