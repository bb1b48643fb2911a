"""A smaller quantisation of an installed model, made on this computer from F16, BF16 or Q8_0.

llama.cpp does it in a process of its own that gives way to every other program; still, chats are
answered more slowly meanwhile. The new file gathers apart (`shelf_incoming`) and gets its name when
it is whole, checked and on the disk. The thread that asks.
"""

import contextlib
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

from desktop.backends import explain
from desktop.backends.ladder import Cause
from desktop.backends.side_job import Cancelled, JobDied, JobRefused, run_job
from desktop.base.disk_faults import file_fault, told_about
from desktop.base.disks import ROOM_TO_LEAVE, room_of
from desktop.base.files import make_folder, sync_folder
from desktop.domain.errors import LapisError, ModelFileError, StorageError, UserFixable
from desktop.domain.text import Text
from desktop.inference.messages import LoadFailed
from desktop.inference.side_messages import Predict, Predicted, Quantise, Quantised
from desktop.models.gguf import read_gguf
from desktop.models.gguf_faults import shown
from desktop.models.hardware import usable_cores
from desktop.models.quantising import (
    TARGETS,
    Parts,
    check_source,
    elements,
    is_quantised,
    mix_number,
    stem_for,
    written_size,
)
from desktop.services.shelf_faults import is_there_already
from desktop.services.shelf_incoming import gathering
from desktop.services.shelf_progress import Progress
from desktop.services.shelf_room import check_room

_PREDICTION_SECONDS: Final = 60.0
# For one tensor, of which the largest has a billion numbers.
_TENSOR_SECONDS: Final = 900.0
# A header may hold what llama.cpp writes a little shorter.
_ROUNDING: Final = 4096
_FAT32_BYTES: Final = 2**32 - 1


class Choice(NamedTuple):
    """A quantisation that a model can be made into, and the size of that file in bytes."""

    quantisation: str
    size: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A model file that can be made smaller, and what its header says that it is."""

    path: Path
    name: str
    parts: Parts


def choices(work_folder: Path, path: Path) -> list[Choice]:
    """Return what the model at `path` can be made into, the finest first.

    Each is smaller than the file and than all before it: where rows are of an odd length, coarser
    types save nothing. Raises LapisError: ModelFileError where it cannot be made smaller, or cannot
    be read.
    """
    source = _source(path)
    smallest, found = source.parts.size, []
    for choice in _predicted(work_folder, source, TARGETS, Event()):
        if choice.size < smallest:
            smallest = choice.size
            found.append(choice)
    return found


def requantise(
    work_folder: Path,
    path: Path,
    quantisation: str,
    folder: Path,
    progress: Progress,
    cancel: Event,
) -> Path | None:
    """Make `quantisation` of the model at `path`; return the new file, None if it was stopped.

    It lies in the models folder `folder`, in a folder of its own. `progress` counts bytes of the
    new file. Whatever is refused, fails or is stopped leaves nothing behind. Raises LapisError.
    """
    if quantisation not in TARGETS:
        raise UserFixable(
            Text("{name} cannot be made here", {"name": shown(quantisation)}),
            Text("Choose one of these: {names}.", {"names": tuple(TARGETS)}),
        )
    source = _source(path)
    stem = stem_for(path, source.name, quantisation)
    try:
        with gathering(folder) as place:
            (choice,) = _predicted(work_folder, source, (quantisation,), cancel)
            if choice.size >= source.parts.size:
                raise UserFixable(
                    Text("As {name} this model would not be smaller", {"name": quantisation}),
                    Text("Choose a smaller quantisation."),
                )
            with told_about(folder):
                make_folder(place)
                _check_free(folder, stem)
            check_room(folder, choice.size)
            part = place / "model.gguf.part"
            _write(work_folder, source, choice, part, progress, cancel)
            _check_result(part, choice)
            with told_about(folder):
                _keep(part, folder, stem)
    except Cancelled:
        return None
    progress(choice.size, choice.size)
    return folder / stem / f"{stem}.gguf"


def _source(path: Path) -> _Source:
    """Return the model at `path`; raises ModelFileError unless it can be made smaller."""
    info = read_gguf(path)
    parts = Parts(path)
    check_source(parts, info.quantisation)
    return _Source(path.absolute(), info.name, parts)


def _predicted(
    work_folder: Path, source: _Source, quantisations: Sequence[str], cancel: Event
) -> list[Choice]:
    order = Predict(os.fsencode(source.path), [mix_number(name) for name in quantisations])
    try:
        said = run_job(
            work_folder, order, Predicted, patience=_PREDICTION_SECONDS, cancelled=cancel.is_set
        )
        return [
            Choice(name, written_size(source.parts, ((s.kind, s.elements, s.count) for s in mix)))
            for name, mix in zip(quantisations, said.mixes, strict=True)
        ]
    except ValueError:
        raise JobDied(Cause.NONSENSE, "") from None
    except JobRefused as refusal:
        raise _explained(refusal) from refusal


def _write(
    work_folder: Path,
    source: _Source,
    choice: Choice,
    part: Path,
    progress: Progress,
    cancel: Event,
) -> None:
    whole = max(1, elements(source.parts))
    done = 0

    def tick(written: int | None) -> None:
        """Tell the further of what llama.cpp says, tensor by tensor, and what the disk shows."""
        nonlocal done
        with contextlib.suppress(OSError):
            done = max(done, part.stat().st_size)
        done = min(choice.size, max(done, choice.size * min(written or 0, whole) // whole))
        progress(done, choice.size)

    order = Quantise(
        path=os.fsencode(source.path),
        folder=os.fsencode(part.parent.absolute()),
        name=part.name,
        mix=mix_number(choice.quantisation),
        threads=usable_cores(),
        again=is_quantised(source.parts),
    )
    try:
        run_job(
            work_folder,
            order,
            Quantised,
            patience=_TENSOR_SECONDS,
            cancelled=cancel.is_set,
            tick=tick,
        )
    except JobRefused as refusal:
        if refusal.kind == "written":
            raise _disk_fault(part) from refusal
        raise _explained(refusal) from refusal


def _check_result(part: Path, choice: Choice) -> None:
    """Raise StorageError unless the file is a whole model of the size that was foretold."""
    with told_about(part.parent):
        size = part.stat().st_size
    try:
        made = read_gguf(part).quantisation
    except ModelFileError:
        made = ""
    if made != choice.quantisation or abs(size - choice.size) > _ROUNDING:
        raise StorageError(
            Text("The smaller file came out damaged, and was deleted"),
            Text("Check the disk, then try again."),
        )


def _keep(part: Path, folder: Path, stem: str) -> None:
    """Give the finished file its name, once it is on the disk."""
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    part.rename(part.with_name(f"{stem}.gguf"))
    sync_folder(part.parent)
    part.parent.rename(folder / stem)
    sync_folder(folder)


def _check_free(folder: Path, stem: str) -> None:
    taken = {name.casefold() for name in os.listdir(folder)}  # noqa: PTH208 - names alone
    if {stem.casefold(), f"{stem}.gguf".casefold()} & taken:
        raise is_there_already(stem)


def _disk_fault(part: Path) -> StorageError:
    """Return why the file could not be written, which llama.cpp does not say."""
    folder = part.parents[2]
    code = errno.EIO
    with contextlib.suppress(OSError):
        if room_of(folder).free < ROOM_TO_LEAVE:
            code = errno.ENOSPC
        elif part.stat().st_size >= _FAT32_BYTES:
            code = errno.EFBIG
    return file_fault(OSError(code, os.strerror(code)), folder)


def _explained(refusal: JobRefused) -> LapisError:
    return explain.explain_load_failure(LoadFailed(refusal.kind, refusal.detail))
