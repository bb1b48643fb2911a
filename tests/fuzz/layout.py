"""Where things stand in a whole GGUF file: what mutations and kept cases take hold of.

Walks good files only, and shares no code with what the files are meant to test.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

STRING: Final = 8
ARRAY: Final = 9
FORMATS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?"} | {
    10: "<Q",
    11: "<q",
    12: "<d",
}
_ALIGNMENT: Final = 32
_COUNTS_AT: Final = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of the header: `kind_at`, `value_at` and `end` are offsets in bytes."""

    key: str
    kind: int
    kind_at: int
    value_at: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the tensor table; offsets in bytes of its parts, `sizes_at` one for each number."""

    name: str
    name_at: int
    dimensions_at: int
    sizes_at: tuple[int, ...]
    kind_at: int
    place_at: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole header. `end` is where the tensor table ends, `data` where the weights begin."""

    entries: dict[str, Entry]
    rows: tuple[Row, ...]
    keys_end: int
    end: int
    data: int


def layout_of(content: bytes) -> Layout:
    """Return where everything is in a good file."""
    tensors, keys = struct.unpack_from("<QQ", content, _COUNTS_AT)
    at = _COUNTS_AT + 16
    entries: dict[str, Entry] = {}
    for _ in range(keys):
        key, kind_at = _text(content, at)
        kind = _u32(content, kind_at)
        at = _after(content, kind, kind_at + 4)
        entries[key] = Entry(key, kind, kind_at, kind_at + 4, at)
    keys_end = at
    rows = []
    for _ in range(tensors):
        row, at = _row(content, at)
        rows.append(row)
    return Layout(entries, tuple(rows), keys_end, at, _aligned(at))


def packed(kind: int, value: object) -> bytes:
    """Return a value as it stands in a file; texts with their length, arrays as (kind, values)."""
    if kind == STRING:
        data = value if isinstance(value, bytes) else str(value).encode()
        return struct.pack("<Q", len(data)) + data
    if kind == ARRAY:
        inner, values = _array(value)
        head = struct.pack("<IQ", inner, len(values))
        return head + b"".join(packed(inner, one) for one in values)
    return struct.pack(FORMATS[kind], value)


def with_key(content: bytes, key: str, kind: int, value: object) -> bytes:
    """Return a good file in which `key` has this value, whether it was there before or not."""
    found = layout_of(content).entries.get(key)
    name = packed(STRING, key)
    entry = name + struct.pack("<I", kind) + packed(kind, value)
    if found is not None:
        return replaced(content, found.kind_at - len(name), found.end, entry)
    first = _COUNTS_AT + 16
    return _counted(replaced(content, first, first, entry), 1)


def without_key(content: bytes, key: str) -> bytes:
    """Return a good file that says nothing about `key`."""
    found = layout_of(content).entries[key]
    start = found.kind_at - len(packed(STRING, key))
    return _counted(replaced(content, start, found.end, b""), -1)


def with_type(content: bytes, tensor: str, kind: int) -> bytes:
    """Return a good file that says another type of the numbers of `tensor`."""
    row = next(row for row in layout_of(content).rows if row.name == tensor)
    return content[: row.kind_at] + struct.pack("<I", kind) + content[row.kind_at + 4 :]


def architecture_of(content: bytes) -> str:
    """Return what a file says its architecture is; `llama` where that is no text."""
    entry = layout_of(content).entries.get("general.architecture")
    if entry is None or entry.kind != STRING:
        return "llama"
    return content[entry.value_at + 8 : entry.end].decode(errors="replace")


def _counted(content: bytes, more: int) -> bytes:
    tensors, keys = struct.unpack_from("<QQ", content, _COUNTS_AT)
    counts = struct.pack("<QQ", tensors, keys + more)
    return content[:_COUNTS_AT] + counts + content[_COUNTS_AT + 16 :]


def replaced(content: bytes, start: int, end: int, new: bytes) -> bytes:
    """Return a good file with other bytes in its header, the weights where they belong then."""
    layout = layout_of(content)
    head = content[:start] + new + content[end : layout.end]
    return head + bytes(_aligned(len(head)) - len(head)) + content[layout.data :]


def _array(value: object) -> tuple[int, list[object]]:
    if not isinstance(value, tuple):
        message = "an array is written as (kind, values)"
        raise TypeError(message)
    inner, values = value
    return int(inner), list(values)


def _row(content: bytes, at: int) -> tuple[Row, int]:
    name, dimensions_at = _text(content, at)
    count = _u32(content, dimensions_at)
    sizes = tuple(dimensions_at + 4 + 8 * place for place in range(count))
    kind_at = dimensions_at + 4 + 8 * count
    return Row(name, at + 8, dimensions_at, sizes, kind_at, kind_at + 4), kind_at + 12


def _after(content: bytes, kind: int, at: int) -> int:
    if kind == STRING:
        return _text(content, at)[1]
    if kind != ARRAY:
        return at + struct.calcsize(FORMATS[kind])
    inner, count = struct.unpack_from("<IQ", content, at)
    at += 12
    if inner != STRING:
        return at + int(count) * struct.calcsize(FORMATS[inner])
    for _ in range(count):
        at = _text(content, at)[1]
    return at


def texts_of(content: bytes, entry: Entry) -> Iterator[tuple[int, int]]:
    """Yield (offset, length) of each text of an array; an array of numbers holds none."""
    kind, count = struct.unpack_from("<IQ", content, entry.value_at)
    at = entry.value_at + 12
    for _ in range(count if kind == STRING else 0):
        end = _text(content, at)[1]
        yield at + 8, end - at - 8
        at = end


def _text(content: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<Q", content, at)[0]
    end = at + 8 + int(length)
    return content[at + 8 : end].decode(errors="replace"), end


def _u32(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])


def _aligned(at: int) -> int:
    return -(-at // _ALIGNMENT) * _ALIGNMENT
