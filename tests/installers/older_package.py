"""An older version of the .deb, made of the new one: what an upgrade has to get right differs.

What two versions differ in: the program itself, a module that is loaded late, and a file that the
new one has no more.
"""

import re
import struct
import subprocess
from pathlib import Path

VERSION = "0.0.9-1"
STALE = "usr/lib/lapis/_internal/of_an_older_version.so"
# The end of what PyInstaller appends to a program: CArchive's cookie, after its own source.
_COOKIE = struct.Struct("!8sIIII64s")
_MAGIC = b"MEI\014\013\012\013\016"
_PADDING = 4096 * 3


def older(deb: Path, folder: Path) -> Path:
    """Write the older package into `folder` and return its path."""
    tree = folder / "older"
    subprocess.run(["dpkg-deb", "--raw-extract", deb, tree], check=True)
    control = tree / "DEBIAN" / "control"
    told = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^Version: .*$", f"Version: {VERSION}", told, flags=re.MULTILINE))
    (tree / STALE).write_bytes(b"")
    for name in ("lapis", "lapis-gui"):
        program = tree / "usr" / "lib" / "lapis" / name
        program.write_bytes(shifted(program.read_bytes()))
    made = folder / f"lapis-assistant_{VERSION}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, made],
        check=True,
        capture_output=True,
    )
    return made


def shifted(program: bytes) -> bytes:
    """Return a program with its modules further back in its file; it runs as before."""
    place = program.rindex(_MAGIC)
    _magic, length, *_rest = _COOKIE.unpack_from(program, place)
    start = place + _COOKIE.size - length
    return program[:start] + bytes(_PADDING) + program[start:]
