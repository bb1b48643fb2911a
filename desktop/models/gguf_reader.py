"""The bytes of a GGUF header, read with bounds: every length is checked before it is believed.

Standard library only; runs in whichever thread asks. Text arrays (a vocabulary has hundreds of
thousands of entries) are walked over and not built, but for the tokens, which are checked later.
Format: `docs/gguf.md` of ggml, versions 2 and 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from struct import Struct
from typing import Final, Protocol, TypeAlias

from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from desktop.models.gguf_faults import (
    damaged,
    impossible,
    shown,
    too_long,
    unknown_type,
    wrong_tensor,
)
from desktop.models.gguf_types import ARRAY, SCALARS, STRING, TENSORS
from desktop.models.model_file import MAGIC, incomplete_header

Scalar: TypeAlias = bool | int | float | str
Numbers: TypeAlias = tuple[bool | int | float, ...]

TOKENS: Final = "tokenizer.ggml.tokens"
TYPES: Final = "tokenizer.ggml.token_type"
HEADER_LIMIT: Final = 64 * 2**20
_COUNT_LIMIT: Final = 65_536
_KEY_LIMIT: Final = 65_535
_NAME_LIMIT: Final = 63
_DIMENSIONS: Final = 4
_KEPT_NUMBERS: Final = 1024
_FIRST_READ: Final = 2**18
_VERSIONS: Final = (2, 3)
_NO_VERSION: Final = 1000
"""A number above was never a version: there were three in as many years."""
# Without these the beginning of a header is of no use.
_NEEDED: Final = ("general.architecture", ".block_count", ".embedding_length")
_ALIGNMENT: Final = 32
_ALIGNMENTS: Final = tuple(2**power for power in range(3, 21))
_U32: Final = Struct("<I")
_U64: Final = Struct("<Q")


class Readable(Protocol):
    """What a header is read from: a file, or the bytes of one that is elsewhere."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to `size` of the next bytes, none at the end; may raise OSError."""
        ...


class CutOff(ModelFileError):
    """The header is longer than the bytes at hand: `seen` of them, and at least `needed` wanted."""

    def __init__(self, seen: int, needed: int) -> None:
        """Say it as of a file whose end is missing."""
        words = incomplete_header()
        super().__init__(words.title, words.hint)
        self.seen = seen
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Array:
    """An array of the header: element type, length, and its numbers when it is a short one."""

    kind: int
    count: int
    numbers: Numbers = ()


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry of the tensor table; `start` and `size` in bytes, from the start of the data.

    `kind` as in `gguf_types.TENSORS`; `shape` begins with the length of a row.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """A header. `data` is the offset in bytes at which the tensors begin.

    `kinds` are the types of all entries, as in `gguf_types`. Of the vocabulary the texts are kept,
    and the types as the bytes of their array. Where only its beginning was read, `data` is 0,
    `tensors` are missing, and of the vocabulary nothing is known but its length.
    """

    kinds: dict[str, int]
    values: dict[str, Scalar]
    arrays: dict[str, Array]
    tokens: list[bytes]
    types: bytes
    tensors: list[Tensor]
    data: int
    alignment: int


def read_header(stream: Readable, size: int) -> Header:
    """Read the header of a GGUF file of `size` bytes; raises ModelFileError, OSError.

    Checks what the format itself demands: counts, lengths, types, unique names. What the values
    mean is not looked at. No more is taken from `stream` than it hands out at a time. Raises CutOff
    if it ends before the header does, though a file of `size` bytes goes on.
    """
    return _read(stream, size, until=())


def read_beginning(stream: Readable, size: int) -> Header:
    """Read what stands before the vocabulary, which takes a few kilobytes of as many megabytes.

    All that memory follows from is there, but for the tensors. Where a file has its keys in another
    order, more of it is read. Raises as `read_header` does.
    """
    return _read(stream, size, until=_NEEDED)


def _read(stream: Readable, size: int, until: tuple[str, ...]) -> Header:
    """Read a header; with `until`, up to the vocabulary as soon as there are keys that end so."""
    reader = _Reader(stream, size)
    reader.skip(len(MAGIC))
    if not reader.buffer.startswith(MAGIC):
        raise ModelFileError(
            Text("This file is not a GGUF model"),
            Text("Choose a file that ends with .gguf, or download the model again."),
        )
    _check_version(reader.u32())
    tensor_count, key_count = reader.u64(), reader.u64()
    if tensor_count > _COUNT_LIMIT or key_count > _COUNT_LIMIT:
        raise impossible("tensor_count, kv_count", f"{tensor_count}, {key_count}")
    kinds: dict[str, int] = {}
    values: dict[str, Scalar] = {}
    arrays: dict[str, Array] = {}
    tokens: list[bytes] = []
    types = b""
    for _ in range(key_count):
        key = reader.name(_KEY_LIMIT)
        if not key or key in kinds:
            raise damaged(
                Text(
                    "Its header has an entry twice or without a name: {key}. "
                    "Download the file again.",
                    {"key": shown(key)},
                )
            )
        kind = kinds[key] = reader.u32()
        if until and kind == ARRAY and key == TOKENS and _has_all(values, until):
            arrays[key] = reader.announced()
            return Header(kinds, values, arrays, [], b"", [], 0, _ALIGNMENT)
        if kind == ARRAY:
            arrays[key] = reader.array(key, tokens)
            if key == TYPES:
                types = reader.last(arrays[key])
        else:
            values[key] = reader.scalar(key, kind)
    alignment = values.get("general.alignment", _ALIGNMENT)
    if alignment not in _ALIGNMENTS or not isinstance(alignment, int):
        raise impossible("general.alignment", alignment)
    tensors = list(_read_tensors(reader, tensor_count, alignment))
    data = -(-reader.position // alignment) * alignment
    return Header(kinds, values, arrays, tokens, types, tensors, data, alignment)


def _has_all(values: dict[str, Scalar], endings: tuple[str, ...]) -> bool:
    return all(any(key.endswith(ending) for key in values) for ending in endings)


def _check_version(version: int) -> None:
    if version in _VERSIONS:
        return
    if version & 0xFFFF == 0:
        raise ModelFileError(
            Text("This model file is made for another kind of computer"),
            Text("Its bytes are in big-endian order. Look for the usual GGUF file of the model."),
        )
    if version < min(_VERSIONS):
        raise ModelFileError(
            Text("This GGUF file has an old version that is no longer read"),
            Text("Download a newer GGUF file of the model."),
        )
    if version > _NO_VERSION:
        raise damaged(Text("It does not begin as a GGUF file does. Download the file again."))
    raise ModelFileError(
        Text("This GGUF file has a version that Lapis does not know"),
        Text(
            "It says version {version}; Lapis reads 2 and 3. Update Lapis, or download the "
            "file again if it is an old one.",
            {"version": version},
        ),
    )


def _read_tensors(reader: "_Reader", count: int, alignment: int) -> Iterator[Tensor]:
    seen: set[str] = set()
    for _ in range(count):
        name = reader.name(_NAME_LIMIT)
        dimensions = reader.u32()
        if name in seen or dimensions > _DIMENSIONS:
            raise wrong_tensor(name)
        seen.add(name)
        shape = [reader.u64() for _ in range(dimensions)]
        kind, start = reader.u32(), reader.u64()
        if kind not in TENSORS:
            raise unknown_type(name, kind)
        elements, size = TENSORS[kind]
        total = prod(shape)
        first = shape[0] if shape else 1
        if not 0 < total < 2**63 or first % elements or start % alignment:
            raise wrong_tensor(name)
        yield Tensor(name, kind, tuple(shape), start, total // elements * size)


@dataclass(slots=True)
class _Reader:
    """A position in the header, over a buffer that grows as far as it must."""

    stream: Readable
    size: int
    position: int = 0
    buffer: bytearray = field(default_factory=bytearray)

    def skip(self, count: int) -> int:
        """Move `count` bytes on and return where they began; the buffer holds them."""
        start = self.position
        if start + count > len(self.buffer):
            self._grow(start + count)
        self.position = start + count
        return start

    def u32(self) -> int:
        """Return the next 32-bit number."""
        value: int = _U32.unpack_from(self.buffer, self.skip(4))[0]
        return value

    def u64(self) -> int:
        """Return the next 64-bit number."""
        value: int = _U64.unpack_from(self.buffer, self.skip(8))[0]
        return value

    def name(self, limit: int) -> str:
        """Return the next text of at most `limit` bytes, which must be UTF-8."""
        length = self.u64()
        if length > limit:
            raise too_long()
        start = self.skip(length)
        try:
            return self.buffer[start : start + length].decode()
        except UnicodeDecodeError:
            raise damaged(
                Text("A name in its header is not text. Download the file again.")
            ) from None

    def scalar(self, key: str, kind: int) -> Scalar:
        """Return the next single value; text with wrong UTF-8 gets replacement characters."""
        if kind == STRING:
            length = self.u64()
            start = self.skip(length)
            return self.buffer[start : start + length].decode(errors="replace")
        if kind not in SCALARS:
            raise impossible(key, f"type {kind}")
        layout = SCALARS[kind]
        value: bool | int | float = layout.unpack_from(self.buffer, self.skip(layout.size))[0]
        return value

    def array(self, key: str, tokens: list[bytes]) -> Array:
        """Return the next array; the vocabulary's texts are added to `tokens`."""
        kind, count = self.u32(), self.u64()
        if kind == STRING:
            self._check_room(count, _U64.size)
            if key == TOKENS:
                self._collect(count, tokens)
            else:
                self._pass_texts(count)
            return Array(kind, count)
        if kind not in SCALARS:
            raise impossible(key, f"array of type {kind}")
        layout = SCALARS[kind]
        self._check_room(count, layout.size)
        start = self.skip(count * layout.size)
        if count > _KEPT_NUMBERS:
            return Array(kind, count)
        part = memoryview(self.buffer)[start : self.position]
        numbers = tuple(row[0] for row in layout.iter_unpack(part))
        part.release()
        return Array(kind, count, numbers)

    def announced(self) -> Array:
        """Return what the next array says of itself, and none of its content."""
        kind, count = self.u32(), self.u64()
        if kind == STRING:
            self._check_room(count, _U64.size)
        return Array(kind, count)

    def last(self, array: Array) -> bytes:
        """Return the bytes of the array of numbers that was just read; none of one of texts."""
        if array.kind == STRING:
            return b""
        size = array.count * SCALARS[array.kind].size
        return bytes(self.buffer[self.position - size : self.position])

    def _collect(self, count: int, tokens: list[bytes]) -> None:
        length_of, add = _U64.unpack_from, tokens.append
        # A copy that texts are cut from at once; it begins at `position`, and `at` counts in it.
        position, at = self.position, 0
        part = self._rest(position, 0)
        for _ in range(count):
            start = at + 8
            if start > len(part):
                position, at, start = position + at, 0, 8
                part = self._rest(position, start)
            end = start + length_of(part, at)[0]
            if end > len(part):
                position, at, start, end = position + at, 0, 8, end - at
                part = self._rest(position, end)
            add(part[start:end])
            at = end
        self.position = position + at

    def _pass_texts(self, count: int) -> None:
        length_of = _U64.unpack_from
        position = self.position
        buffer = self.buffer
        available = len(buffer)
        for _ in range(count):
            if position + 8 > available:
                self._grow(position + 8)
                available = len(buffer)
            position += 8 + length_of(buffer, position)[0]
        self.position = position
        self.skip(0)

    def _rest(self, position: int, count: int) -> bytes:
        """Return what the buffer holds from `position` on, at least `count` bytes of it."""
        if position + count > len(self.buffer):
            self._grow(position + count)
        return bytes(memoryview(self.buffer)[position:])

    def _check_room(self, count: int, size: int) -> None:
        if count * size > HEADER_LIMIT:
            raise too_long()

    def _grow(self, end: int) -> None:
        """Read on until the buffer reaches `end`; refuse what the file or a header cannot hold."""
        if end > HEADER_LIMIT:
            raise too_long()
        if end > self.size:
            raise incomplete_header()
        wanted = min(max(end, _FIRST_READ, 2 * len(self.buffer)), self.size, HEADER_LIMIT)
        while len(self.buffer) < end:
            piece = self.stream.read(wanted - len(self.buffer))
            if not piece:
                raise CutOff(len(self.buffer), end)
            self.buffer += piece
