"""Words that stand nowhere else, and where they turn up: in files, and in what processes show.

A word that must not leave its place is planted there; afterwards every byte is looked through for
it, as UTF-8 and as UTF-16, as programs on Windows and Qt in memory write.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Sighting:
    """A word in a place: a file, or a process with what it shows there."""

    name: str
    place: Path


def new_words(*names: str) -> Mapping[str, str]:
    """Return a word of its own for each of `names`: small letters and digits, easily typed."""
    return {name: f"canary{name}{secrets.token_hex(6)}" for name in names}


def in_files(words: Mapping[str, str], folders: Iterable[Path]) -> Iterator[Sighting]:
    """Yield every word that stands in a file below `folders`, or in the name of one."""
    forms = {name: _forms(word) for name, word in words.items()}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            own = str(path.relative_to(folder)).encode(errors="surrogateescape")
            for name, each in forms.items():
                if any(form in content or form in own for form in each):
                    yield Sighting(name, path)


def in_processes(words: Mapping[str, str], processes: Iterable[psutil.Process]) -> list[Sighting]:
    """Return the words that anybody reads in the arguments or the environment of processes."""
    found = []
    for process in processes:
        for part in ("cmdline", "environ"):
            place = Path(f"/proc/{process.pid}/{part}")
            try:
                shown = place.read_bytes()
            except OSError:
                # It has ended, or does not show what it was given.
                continue
            found += [
                Sighting(name, place) for name, word in words.items() if word.encode() in shown
            ]
    return found


def _forms(word: str) -> tuple[bytes, ...]:
    return word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")
