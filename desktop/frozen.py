"""The frozen program: what `lapis` and `lapis-gui` do first, before anything else of Lapis.

Main thread of either program, and of every process that they start of themselves. Nothing heavy is
imported before it is known what is wanted: a process of our own needs neither Qt nor the words of
the command line.
"""

import os
import sys
from collections.abc import MutableMapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

from desktop import __version__
from desktop.base.child_program import CHILD_SWITCH, EXIT_REPLACED
from desktop.base.cpp_library import prefer_newer
from desktop.base.early_interrupt import ending_quietly
from desktop.base.streams import open_missing_streams

__all__ = ["CHILDREN", "main_console", "main_window", "repair"]

CHILDREN: Final = (
    "desktop.inference.host:main",
    "desktop.inference.side_jobs:main",
    "desktop.ui.typeset_child:main",
)
"""All that a frozen program can be told to be with the hidden switch."""

_EXIT_USAGE: Final = 2
# Set by the bootloader for libraries of ours; programs of others would take these for their own.
_LIBRARY_PATHS: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# Would have our libraries look elsewhere, or are set for Qt while it is packed.
_FOREIGN: Final = frozenset(
    {
        "GGML_BACKEND_PATH",
        "LLAMA_CPP_LIB_PATH",
        "QML2_IMPORT_PATH",
        "QT_PLUGIN_PATH",
        "QT_QPA_PLATFORM_PLUGIN_PATH",
    }
)
# A Lapis started from a terminal that Lapis has started would take itself for its own child, and
# look for libraries where ours has unpacked them.
_FOREIGN_PREFIXES: Final = ("PYTHON", "_PYI_", "_MEIPASS")


def main_console() -> NoReturn:
    """Do what the command line of `lapis` says, and end with its exit code."""
    _begin()
    with ending_quietly():
        from desktop.cli import run
    run()


def main_window() -> NoReturn:
    """Open the window, as `lapis-gui`, and end with its exit code."""
    _begin()
    from desktop.app import run

    run()


def _begin() -> None:
    """Make the process as it would be from source; a process of our own ends in here."""
    program = Path(sys.executable).parent
    repair(os.environ, (str(program), getattr(sys, "_MEIPASS", "")))
    if sys.platform == "linux":
        prefer_newer(program / "fallback" / "libstdc++.so.6")
    open_missing_streams()
    words = sys.argv[1:]
    if words[:1] == [CHILD_SWITCH]:
        sys.exit(_be_child(words[1:]))
    if sys.platform == "win32":
        from desktop.system.windows_identity import tell_installer

        tell_installer()


def repair(environment: MutableMapping[str, str], own: Sequence[str]) -> None:
    """Take out of `environment` what is meant for the program in the folders `own` alone.

    Every program that is started from here inherits it: a browser with our Qt would crash, and a
    second Lapis would not find its libraries. The loader of this process has read it already.
    """
    for name in _LIBRARY_PATHS:
        before = environment.pop(f"{name}_ORIG", None)
        now = environment.pop(name, None)
        if kept := _without(before or now or "", own):
            environment[name] = kept
    if sys.platform == "win32":
        environment["PATH"] = _without(environment.get("PATH", ""), own)
        _give_up_library_folder()
    for name in list(environment):
        if name in _FOREIGN or name.startswith(_FOREIGN_PREFIXES):
            del environment[name]


def _without(places: str, own: Sequence[str]) -> str:
    """Return a list of folders without those of ours."""
    return os.pathsep.join(
        place
        for place in places.split(os.pathsep)
        if not any(folder and Path(place).is_relative_to(folder) for folder in own)
    )


def _give_up_library_folder() -> None:
    """Have programs that we start not look into our folder for their libraries (Windows)."""
    if sys.platform == "win32":
        import ctypes

        ctypes.WinDLL("kernel32").SetDllDirectoryW(None)


def _be_child(words: Sequence[str]) -> int:
    """Be the process that `words` name: a version, a target and numbers.

    Returns when it has done its work, and at once if the version is another one.
    """
    version, target, numbers = *(*words, "", "")[:2], words[2:]
    if target not in CHILDREN or not all(
        number.isascii() and number.isdigit() for number in numbers
    ):
        print("lapis: not a process of Lapis", file=sys.stderr)  # noqa: T201 - no front end here
        return _EXIT_USAGE
    if version != __version__:
        print("lapis: replaced by another version", file=sys.stderr)  # noqa: T201 - as above
        return EXIT_REPLACED
    module, _, function = target.partition(":")
    getattr(import_module(module), function)(*map(int, numbers))
    return 0
