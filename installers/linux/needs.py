"""What the files of a bundle need of the system: libraries by their names, and symbol versions.

Read with objdump (binutils) from every ELF file. From this come the dependencies of the packages,
so that none is forgotten and none is too old.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installers.dev.console import StepFailed

_ELF = b"\x7fELF"
_FILE = re.compile(r"^(?P<path>.+):\s+file format elf")
_NEEDED = re.compile(r"^  NEEDED\s+(?P<name>\S+)$")
_FROM = re.compile(r"^  required from (?P<name>\S+):$")
_VERSION = re.compile(r"^    0x\S+ 0x\S+ \d+ (?P<symbol>[A-Z]+_(?P<number>[\d.]+))$")
_FILES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """Libraries from outside by their names, each with the symbol versions asked of it."""

    libraries: Mapping[str, frozenset[str]]

    def newest(self, library: str, symbol: str) -> str:
        """Return the highest version asked of a library, as `2.34` for `GLIBC`; empty for none."""
        asked = [
            word.removeprefix(f"{symbol}_")
            for word in self.libraries.get(library, frozenset())
            if word.startswith(f"{symbol}_")
        ]
        return max(asked, key=numbers, default="")

    @property
    def glibc(self) -> str:
        """The oldest C library that everything runs with, as `2.34`."""
        names = [name for name in self.libraries if _is_of_glibc(name)]
        return max((self.newest(name, "GLIBC") for name in names), key=numbers, default="")


def needs(folder: Path) -> Needs:
    """Return what the programs and libraries below `folder` need that is not there itself.

    Raises StepFailed.
    """
    files = elf_files(folder)
    inside = {path.name for path in folder.rglob("*")}
    found: dict[str, set[str]] = defaultdict(set)
    for start in range(0, len(files), _FILES_AT_ONCE):
        for name, versions in _asked(_dump(files[start : start + _FILES_AT_ONCE])):
            if name not in inside:
                found[name] |= versions
    return Needs({name: frozenset(versions) for name, versions in sorted(found.items())})


def elf_files(folder: Path) -> list[Path]:
    """Return the programs and libraries below `folder`, sorted, links left out."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and _is_elf(path)
    ]


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_ELF)) == _ELF


def _is_of_glibc(name: str) -> bool:
    return name.startswith(("libc.so", "libm.so", "ld-linux", "libpthread.", "libdl.", "librt."))


def _dump(files: Sequence[Path]) -> str:
    done = subprocess.run(
        ["objdump", "-p", *files], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    if done.returncode:
        raise StepFailed(f"objdump cannot read the bundle: {done.stderr.strip()[:500]}")
    return done.stdout


def _asked(dump: str) -> Iterable[tuple[str, set[str]]]:
    """Yield each library that a file asks for, with the versions that it asks of it."""
    source = ""
    for line in dump.splitlines():
        if found := _NEEDED.match(line):
            yield found["name"], set()
        elif found := _FROM.match(line):
            source = found["name"]
        elif _FILE.match(line):
            source = ""
        elif source and (found := _VERSION.match(line)):
            yield source, {found["symbol"]}


def numbers(version: str) -> tuple[int, ...]:
    """Return `2.34` so that it can be compared."""
    return tuple(int(part) for part in version.split(".") if part)
