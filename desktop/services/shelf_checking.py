"""Whether a model's files are what they should be, and which models have the same content.

Reads whole files, so only when a person asks. The thread that asks.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from desktop.base.copying import sha256_of
from desktop.base.disk_faults import told_about
from desktop.domain.errors import LapisError, ModelFileError, StorageError
from desktop.domain.shelf import Origin, ShelfEntry, Stamp
from desktop.domain.text import Text
from desktop.models.gguf import read_gguf
from desktop.models.gguf_faults import shown
from desktop.models.model_file import check_path
from desktop.services.shelf_progress import Meter, Progress
from desktop.store.records import Records


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found. `problem` is None for a model that is as it should be.

    `by_hash`: all bytes were compared with what its source published; else only the header could
    be looked at, and that the file is as long as it says.
    """

    by_hash: bool
    problem: LapisError | None = None


def verify(
    entry: ShelfEntry, records: Records, progress: Progress, cancel: Event
) -> Verified | None:
    """Check all files of a model; None if it was stopped. What is found is remembered.

    Raises StorageError when a file cannot be read to its end.
    """
    try:
        sizes = [check_path(file) for file in entry.files]
        read_gguf(entry.model.path)
    except ModelFileError as error:
        return Verified(by_hash=False, problem=error)
    expected = _expected(entry, records)
    known = [file for file in entry.files if expected.get(file)]
    meter = Meter(
        sum(size for file, size in zip(entry.files, sizes, strict=True) if file in known), progress
    )
    by_hash = len(known) == len(entry.files)
    for file in known:
        found = _content(file, records, meter, cancel, verified=expected[file])
        if found is None:
            return None
        if found != expected[file]:
            return Verified(by_hash=True, problem=_other_content(file))
    if not by_hash:
        records.set_checked(_real(entry.model.path), stamp_at(entry.model.path), "", verified=True)
    return Verified(by_hash=by_hash)


def learn_contents(
    entries: Sequence[ShelfEntry], records: Records, progress: Progress, cancel: Event
) -> bool:
    """Read the SHA-256 of those of `entries` whose size another one has too, where unknown.

    Return whether it was finished. Afterwards a list tells which are the same. Raises StorageError.
    """
    sizes = [entry.model.size for entry in entries]
    known = records.files()
    files = []
    for entry in entries:
        if not entry.model.size or sizes.count(entry.model.size) < 2:
            continue
        for file in entry.files:
            kept = known.get(_real(file))
            current = kept is not None and kept.content and kept.stamp == stamp_at(file)
            if not current:
                files.append(file)
    meter = Meter(sum(stamp_at(file).size for file in files), progress)
    return all(_content(file, records, meter, cancel) is not None for file in files)


def _content(
    file: Path, records: Records, meter: Meter, cancel: Event, verified: str = ""
) -> str | None:
    """Return and remember a file's SHA-256; None if it was stopped."""
    stamp = stamp_at(file)
    with told_about(file.parent):
        found = sha256_of(file, meter.add, cancel)
    if found is not None and stamp_at(file) != stamp:
        raise StorageError(
            Text("{name} was changed while it was being read", {"name": shown(file.name)}),
            Text("Wait until nothing writes to it any more, then try again."),
        )
    if found is not None:
        records.set_checked(_real(file), stamp, found, verified=found == verified)
    return found


def _expected(entry: ShelfEntry, records: Records) -> dict[Path, str]:
    expected = {file: records.file(_real(file)).record.sha256 for file in entry.files}
    if entry.origin is not Origin.LAPIS and len(entry.files) == 1:
        # The other program's own word, if there is none of ours.
        expected[entry.files[0]] = expected[entry.files[0]] or entry.record.sha256
    return expected


def _other_content(file: Path) -> ModelFileError:
    return ModelFileError(
        Text("{name} is not what its source published", {"name": shown(file.name)}),
        Text("Its content is damaged or was changed. Delete the model and download it again."),
    )


def _real(path: Path) -> str:
    return os.path.realpath(path)


def stamp_at(file: Path) -> Stamp:
    """Return the state of a file; an empty one where it cannot be looked at."""
    try:
        status = file.stat()
    except OSError:
        return Stamp(0, 0)
    return Stamp(status.st_size, status.st_mtime_ns)
