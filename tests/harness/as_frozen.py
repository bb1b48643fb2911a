"""A program that believes itself to be frozen: `desktop.frozen`, run by the Python that runs us.

It has no bootloader and no libraries of its own. What the real one does is tested in
`tests/installers/test_frozen.py`.
"""

import shlex
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_CODE = """
import sys
sys.path.insert(0, {root!r})
sys.frozen, sys._MEIPASS, sys.executable = True, {root!r}, {program!r}
from desktop.frozen import {main}
{main}()
"""


def write_programs(folder: Path, switches: str = "") -> Path:
    """Write `lapis` and `lapis-gui` into `folder`, and return the first.

    `switches` are for Python. Needs a shell.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, main in (("lapis", "main_console"), ("lapis-gui", "main_window")):
        path = folder / name
        code = _CODE.format(root=str(_ROOT), program=str(path), main=main)
        words = shlex.join([sys.executable, "-I", *switches.split(), "-c", code])
        path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder / "lapis"
