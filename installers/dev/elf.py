"""Reads what a Linux program or library asks the loader for, and takes a search path out of it.

64-bit little-endian ELF, which is all that Lapis is made for. Source of the layout: the ELF chapter
of the System V ABI, and `elf.h`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_ENTRY: Final = struct.Struct("<QQ")
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS, _NAME, _RPATH, _RUNPATH = 0, 1, 5, 14, 15, 29


@dataclass(frozen=True, slots=True)
class Linking:
    """What the loader is asked for."""

    needed: tuple[str, ...] = ()
    """The names of libraries."""
    search: tuple[str, ...] = ()
    """The folders of RPATH and RUNPATH, as they are written."""
    name: str = ""
    """What a library calls itself (SONAME)."""


def linking(path: Path) -> Linking:
    """Return what `path` asks for; nothing where it is linked statically. Raises OSError."""
    content = path.read_bytes()
    strings = _strings(content)
    needed, search, name = [], [], ""
    for _, tag, value in _dynamic(content):
        if tag == _NEEDED:
            needed.append(_text(content, strings + value))
        elif tag == _NAME:
            name = _text(content, strings + value)
        elif tag in {_RPATH, _RUNPATH}:
            search.extend(_text(content, strings + value).split(":"))
    return Linking(tuple(needed), tuple(search), name)


def forget_search(path: Path) -> None:
    """Take RPATH and RUNPATH out of `path`; raises OSError.

    The loader then looks where the system keeps its libraries, and beside the program that sets
    the search path for it. The folder's name goes, too: it is one of the machine of the build.
    """
    content = bytearray(path.read_bytes())
    strings = _strings(content)
    entries = list(_dynamic(content))
    for _, tag, value in entries:
        if tag in {_RPATH, _RUNPATH}:
            written = _text(content, strings + value)
            # The linker lets other names share the end of this one; none of them has a "/".
            length = len(written.rpartition("/")[0].encode()) + 1 if "/" in written else 0
            content[strings + value : strings + value + length] = b"-" * length
    kept = [(tag, value) for _, tag, value in entries if tag not in {_RPATH, _RUNPATH}]
    kept += [(_END, 0)] * (len(entries) - len(kept))
    for (place, _, _), (tag, value) in zip(entries, kept, strict=True):
        _ENTRY.pack_into(content, place, tag, value)
    path.write_bytes(content)


def _segments(content: bytes | bytearray) -> Iterator[tuple[int, int, int, int]]:
    """Yield kind, place in the file, address and length in the file of each segment."""
    header = _HEADER.unpack_from(content)
    table, size, count = header[5], header[9], header[10]
    for number in range(count):
        kind, _, place, address, _, length, _, _ = _SEGMENT.unpack_from(
            content, table + number * size
        )
        yield kind, place, address, length


def _dynamic(content: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield the place, tag and value of each entry for the loader, without those that end them."""
    for kind, place, _, length in _segments(content):
        if kind == _DYNAMIC:
            for offset in range(place, place + length, _ENTRY.size):
                tag, value = _ENTRY.unpack_from(content, offset)
                if tag == _END:
                    return
                yield offset, tag, value


def _strings(content: bytes | bytearray) -> int:
    """Return the place of the loader's strings in the file; 0 where there are none."""
    address = next((value for _, tag, value in _dynamic(content) if tag == _STRINGS), 0)
    for kind, place, start, length in _segments(content):
        if kind == _LOAD and start <= address < start + length:
            return place + address - start
    return 0


def _text(content: bytes | bytearray, place: int) -> str:
    return bytes(content[place : content.index(b"\0", place)]).decode()
