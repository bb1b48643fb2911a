"""Whether this llama.cpp can load a model file at all, found out without reading its weights.

It runs in a process of its own: what damages llama.cpp damages nothing else. Takes about a second
for a model of any size; whoever asks often keeps the answer by path, size, time of change and
version of the bindings. The thread that asks.
"""

import os
from pathlib import Path
from typing import Final

from desktop.backends import explain
from desktop.backends.ladder import Cause
from desktop.backends.side_job import JobDied, JobRefused, run_job
from desktop.domain.errors import LapisError, ModelFileError, ModelLoadError
from desktop.domain.text import Text
from desktop.inference.messages import LoadFailed
from desktop.inference.side_messages import Probe, Probed
from desktop.models.gguf import read_gguf
from desktop.models.quantising import Parts

_SECONDS: Final = 60.0
# Of the computer, not of the file.
_PASSING: Final = frozenset({"memory", "context", "backends", "device"})


def probe(work_folder: Path, path: Path) -> LapisError | None:
    """Return why the model file at `path` cannot be loaded, None if it can.

    Raises LapisError where that could not be found out (no memory, no engine, no answer): that says
    nothing about the file, and is worth no remembering.
    """
    try:
        read_gguf(path)
        Parts(path)
    except ModelFileError as error:
        return error
    try:
        run_job(work_folder, Probe(os.fsencode(path.absolute())), Probed, patience=_SECONDS)
    except JobRefused as refusal:
        reason = explain.explain_load_failure(LoadFailed(refusal.kind, refusal.detail))
        if refusal.kind in _PASSING:
            raise reason from refusal
        return reason
    except JobDied as death:
        if death.cause in {Cause.ABORT, Cause.CRASH}:
            return ModelLoadError(
                Text("The engine crashes on this model file"),
                Text("It is damaged, or made for another program. Download it again."),
            )
        raise
    return None
