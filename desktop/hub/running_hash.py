"""SHA-256 whose state can be written down, so that a resumed download needs no second reading.

hashlib keeps its state to itself. OpenSSL's own functions, in the library that Python's hashlib is
made of, work on a structure that everybody may look at; they are used where they are found and
prove themselves against hashlib, and plain hashlib elsewhere. Both are as fast, and both let other
threads run meanwhile. Any thread, one at a time.
"""

import ctypes
import hashlib
import logging
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, Protocol

_BLOCK: Final = 64
_WORDS: Final = struct.Struct(">8I")
_log = logging.getLogger(__name__)


class RunningHash(Protocol):
    """A SHA-256 of what was fed so far, `length` bytes."""

    @property
    def length(self) -> int:
        """How many bytes it covers."""

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Feed the next bytes."""

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far, in 64 lower-case hex digits; more may follow."""

    def state(self) -> bytes:
        """Return what `resumed` goes on from, empty where that cannot be had."""


class _Context(ctypes.Structure):
    """SHA256_CTX of openssl/sha.h: the same 112 bytes in every version."""

    _fields_ = (
        ("words", ctypes.c_uint32 * 8),
        ("bits_low", ctypes.c_uint32),
        ("bits_high", ctypes.c_uint32),
        ("rest", ctypes.c_ubyte * _BLOCK),
        ("rest_length", ctypes.c_uint32),
        ("digest_length", ctypes.c_uint32),
    )


def new_hash() -> RunningHash:
    """Return the hash of nothing yet."""
    library = _library()
    return _OpenSsl(library) if library is not None else _Plain()


def resumed(state: bytes, length: int) -> RunningHash | None:
    """Return the hash that `state` was taken from after `length` bytes; None if that cannot be."""
    library = _library()
    if library is None or length < 0 or len(state) != _WORDS.size + length % _BLOCK:
        return None
    return _OpenSsl(library, state, length)


class _OpenSsl:
    def __init__(self, library: ctypes.CDLL, state: bytes = b"", length: int = 0) -> None:
        self._library = library
        self._context = _Context()
        self._length = length
        library.SHA256_Init(ctypes.byref(self._context))
        if state:
            words, rest = _WORDS.unpack_from(state), state[_WORDS.size :]
            self._context.words[:] = words
            self._context.rest[: len(rest)] = rest
            self._context.rest_length = len(rest)
            self._context.bits_low = length * 8 & 0xFFFFFFFF
            self._context.bits_high = length * 8 >> 32 & 0xFFFFFFFF

    @property
    def length(self) -> int:
        return self._length

    def update(self, data: bytes | bytearray | memoryview) -> None:
        size = len(data)
        if isinstance(data, bytes):
            self._library.SHA256_Update(ctypes.byref(self._context), data, size)
        elif isinstance(data, memoryview) and (data.readonly or not data.contiguous):
            self.update(bytes(data))
            return
        else:
            shared = (ctypes.c_char * size).from_buffer(data)
            self._library.SHA256_Update(ctypes.byref(self._context), shared, size)
        self._length += size

    def hexdigest(self) -> str:
        final = _Context.from_buffer_copy(self._context)
        digest = ctypes.create_string_buffer(32)
        self._library.SHA256_Final(digest, ctypes.byref(final))
        return digest.raw.hex()

    def state(self) -> bytes:
        rest = bytes(self._context.rest[: self._context.rest_length])
        return _WORDS.pack(*self._context.words) + rest


class _Plain:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._length = 0

    @property
    def length(self) -> int:
        return self._length

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self._hash.update(data)
        self._length += len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def state(self) -> bytes:
        return b""


@cache
def _library() -> ctypes.CDLL | None:
    """Return OpenSSL if it is there and does what it should, tried out once."""
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
            library.SHA256_Init.argtypes = (ctypes.c_void_p,)
            library.SHA256_Update.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
            library.SHA256_Final.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
        except (OSError, AttributeError):
            continue
        if _does_its_job(library):
            return library
    _log.info("no OpenSSL to keep the state of a hash with; resumed downloads are read again")
    return None


def _candidates() -> Iterator[str]:
    """Yield files that may export the functions.

    On Linux and macOS the names of a library that `_hashlib` needs are found through it; on Windows
    that library lies beside it.
    """
    try:
        import _hashlib
    except ImportError:
        return
    place = getattr(_hashlib, "__file__", None)
    if place is None:
        return
    yield place
    for folder in (Path(place).parent, Path(place).parent.parent):
        yield from (str(path) for path in sorted(folder.glob("libcrypto-*.dll")))


def _does_its_job(library: ctypes.CDLL) -> bool:
    sample = bytes(range(251)) * 3
    first = _OpenSsl(library)
    first.update(sample[:333])
    second = _OpenSsl(library, first.state(), 333)
    second.update(bytearray(sample[333:]))
    first.update(memoryview(sample)[333:])
    expected = hashlib.sha256(sample).hexdigest()
    return first.hexdigest() == second.hexdigest() == expected
