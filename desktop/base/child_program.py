"""Processes of our own that do one thing: how their command reads, from source and frozen.

A frozen program has no Python to be given a line of code, so it starts itself with a hidden switch
(`frozen.py` takes it up). Asked in any thread; standard library only.
"""

import sys
from pathlib import Path
from typing import Final

from desktop import __version__

__all__ = ["CHILD_SWITCH", "EXIT_REPLACED", "NO_WINDOW", "child_command", "start_code"]

CHILD_SWITCH: Final = "--child"
"""Before version, target and numbers, in the command line of a frozen program."""

EXIT_REPLACED: Final = 72
"""How a process ends that a Lapis of another version has started.

So it is where a package was renewed under a running Lapis; the two might misunderstand each other.
"""

NO_WINDOW: Final = 0x08000000 if sys.platform == "win32" else 0
"""For `creationflags`: a console program opens no console on Windows (CREATE_NO_WINDOW)."""


def child_command(target: str, *arguments: int) -> list[str]:
    """Return the words that start a process which calls `target` with `arguments`.

    `target` is a module and a function, as in "desktop.inference.host:main"; frozen programs know
    those of `frozen.CHILDREN` alone. From source the process is isolated (-I): neither a variable
    nor the folder it starts in has a say in what it imports. Frozen programs always are.
    """
    numbers = [str(number) for number in arguments]
    if getattr(sys, "frozen", False):
        return [_console_program(), CHILD_SWITCH, __version__, target, *numbers]
    return [sys.executable, "-I", "-c", start_code(target), _source_root(), *numbers]


def start_code(target: str) -> str:
    """Return the Python that a process of ours runs from source.

    Its first argument is the folder that holds our package, the others are numbers for `target`.
    """
    module, _, function = target.partition(":")
    return (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        f"from {module} import {function}; {function}(*map(int, sys.argv[2:]))"
    )


def _console_program() -> str:
    """Return the program with a console, which the one with a window lies beside."""
    name = "lapis.exe" if sys.platform == "win32" else "lapis"
    return str(Path(sys.executable).with_name(name))


def _source_root() -> str:
    return str(Path(__file__).resolve().parents[2])
