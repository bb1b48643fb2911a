"""What the fake hub offers: repositories, and files whose bytes come from a repeating pattern.

No big file is ever stored: a file of many gigabytes costs a few megabytes here.
"""

import hashlib
import itertools
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from tests import gguf_files

# A prime, so that bytes that end up in a wrong place are wrong bytes.
_PERIOD = 1_048_573


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file: `head`, then a pattern that `seed` makes its own, `size` bytes altogether.

    `lfs` False: a small file that the hub hands out itself, without a redirect and a SHA-256.
    `sha256` is what the hub says, normally the truth.
    """

    path: str
    size: int
    seed: int = 0
    head: bytes = b""
    lfs: bool = True
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", true_sha256(self))

    def read(self, start: int, count: int) -> memoryview:
        """Return up to `count` bytes from `start` on; fewer at seams, none at the end."""
        count = min(count, self.size - start)
        if count <= 0:
            return memoryview(b"")
        if start < len(self.head):
            return memoryview(self.head)[start : min(start + count, len(self.head))]
        place = (start - len(self.head)) % _PERIOD
        return _pattern(self.seed)[place : place + min(count, _PERIOD)]

    @property
    def content(self) -> bytes:
        """All its bytes; for small files."""
        return b"".join(self.pieces())

    def pieces(self, start: int = 0) -> "itertools.takewhile[memoryview]":
        """Return all bytes from `start` on, in pieces."""
        place = start

        def following() -> memoryview:
            nonlocal place
            piece = self.read(place, _PERIOD)
            place += len(piece)
            return piece

        return itertools.takewhile(len, iter(following, None))


@dataclass(frozen=True, slots=True)
class HubRepository:
    """One repository. `gate` is what the real API says: empty, "auto" or "manual".

    `accepted` are the tokens whose owners accepted the terms; `private` hides it from all others.
    """

    name: str
    files: tuple[HubFile, ...]
    commit: str = "0123456789abcdef0123456789abcdef01234567"
    gate: str = ""
    accepted: frozenset[str] = frozenset()
    private: bool = False
    licence: str = "apache-2.0"
    downloads: int = 100
    likes: int = 10
    updated: str = "2026-10-01T12:00:00.000Z"
    architecture: str = "llama"
    parameters: int = 1_000_000_000
    context_length: int = 8192
    tags: tuple[str, ...] = ("gguf",)
    extra: dict[str, object] = field(default_factory=dict[str, object])

    def file(self, path: str) -> HubFile | None:
        """Return the file of that name."""
        return next((file for file in self.files if file.path == path), None)

    def with_file(self, file: HubFile, commit: str = "") -> "HubRepository":
        """Return this repository after an update that replaced or added one file."""
        files = tuple(old for old in self.files if old.path != file.path)
        return replace(self, files=(*files, file), commit=commit or self.commit)


def gguf_file(path: str, size: int, seed: int = 0) -> HubFile:
    """Return a file that begins with a whole small model, which llama.cpp loads, padded."""
    return HubFile(path, size, seed=seed, head=_tiny_model())


@cache
def _tiny_model() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return gguf_files.write_llama(Path(folder) / "tiny.gguf", stops=True).read_bytes()


@cache
def _pattern(seed: int) -> memoryview:
    made = hashlib.shake_256(f"lapis hub {seed}".encode()).digest(_PERIOD)
    # Twice, so that every piece of a period is in there without a seam.
    return memoryview(made * 2)


@cache
def _true_sha256(size: int, seed: int, head: bytes) -> str:
    digest = hashlib.sha256()
    for piece in HubFile("", size, seed=seed, head=head, sha256="unknown").pieces():
        digest.update(piece)
    return digest.hexdigest()


def true_sha256(file: HubFile) -> str:
    """Return the SHA-256 of what `file` really holds."""
    return _true_sha256(file.size, file.seed, file.head)
