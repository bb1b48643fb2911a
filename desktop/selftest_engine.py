"""The engine's part of `lapis --selftest-engine` (see `selftest`): the guide, the whole way.

Any computer can load that model. Main thread; the engine is in processes of its own as ever.
"""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

__all__ = ["ENGINE", "Check", "CheckFailed"]

Check: TypeAlias = Callable[[Path], str]
"""Given an empty folder; returns what is worth saying, raises whatever is wrong."""

_QUESTION: Final = "Which model suits my computer?"
# A processor that is emulated takes its time.
_SECONDS: Final = 180.0


class CheckFailed(Exception):
    """What a check found to be wrong, where nothing has raised."""


def _engine_libraries(_folder: Path) -> str:
    from desktop.backends.libraries import built_backends, library_names

    if not built_backends():
        raise CheckFailed("there are none")
    variants = sum("ggml-cpu" in name for name in library_names())
    return f"{' '.join(built_backends())}, files for processors: {variants}"


def _engine_process(folder: Path) -> str:
    from desktop.backends.trial import find_devices

    found = find_devices(folder, _SECONDS)
    if not found:
        raise CheckFailed("nothing to compute with")
    return "; ".join(f"{one.backend} {one.library} ({one.description})" for one in found)


def _guide(folder: Path) -> str:
    """Ask the whole way, as a person does in a terminal."""
    from desktop.cli import main

    said, complained = io.StringIO(), io.StringIO()
    with (
        _no_input(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        code = main(["--data-dir", str(folder), "ask", "--temperature", "0", _QUESTION])
    if code or not said.getvalue().strip():
        raise CheckFailed(complained.getvalue() or f"exit code {code}")
    return said.getvalue()


@contextlib.contextmanager
def _no_input() -> Iterator[None]:
    """Have nobody wait for what a pipe may bring: a question takes that along."""
    given = sys.stdin
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = given


ENGINE: Final[Mapping[str, Check]] = {
    "engine libraries": _engine_libraries,
    "engine process": _engine_process,
    "guide": _guide,
}
