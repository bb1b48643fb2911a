"""The list of models, put together from the disk and from what is remembered. Any thread.

Pure but for a look at files of other programs; opens no file.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from desktop.domain.model import InstalledModel
from desktop.domain.shelf import Origin, ShelfEntry, Stamp
from desktop.models.folder_walk import FoundModel
from desktop.models.gguf_faults import shown
from desktop.models.header_cache import HeaderCache
from desktop.models.library import Holding
from desktop.store.record_rows import ElsewhereRecord, FileRecord

_UNKNOWN: Final = FileRecord()


class Listed(NamedTuple):
    """An entry with what it was made of. `content` tells contents apart, () for unknown."""

    entry: ShelfEntry
    found: FoundModel
    contents: tuple[str, ...] = ()


def listed(
    holdings: Iterable[Holding],
    elsewhere: Iterable[ElsewhereRecord],
    records: Mapping[str, FileRecord],
    headers: HeaderCache,
) -> list[Listed]:
    """Return all models: guide, library, opened ones, then those of other programs; each once."""
    foreign = [(record, found) for record in elsewhere if (found := _still_there(record))]
    # Of a models folder that another program fills, what it brought stays that program's.
    brought = {
        found.real: record.origin for record, found in foreign if record.origin is not Origin.FOLDER
    }
    lines: list[Listed] = []
    taken: set[str] = set()
    known: set[str] = set()
    for holding in holdings:
        origin = Origin.OPENED if holding.is_opened else Origin.LAPIS
        origin = Origin.GUIDE if holding.model.is_guide else brought.get(holding.found.real, origin)
        lines.append(line_of(holding.model, holding.found, origin, records, headers))
        taken.add(holding.model.name.casefold())
        known.add(holding.found.real)
    for record, found in foreign:
        if found.real in known:
            continue
        known.add(found.real)
        name = _free_name(record, taken)
        model = InstalledModel(name, record.name, Path(found.path), found.size)
        line = line_of(model, found, record.origin, records, headers)
        lines.append(_with_record(line, record))
    return _with_twins(lines)


def stamp_of(found: FoundModel) -> Stamp:
    """Return the state of a model's first file."""
    return Stamp(found.first_size, found.changed)


def line_of(
    model: InstalledModel,
    found: FoundModel,
    origin: Origin,
    records: Mapping[str, FileRecord],
    headers: HeaderCache,
) -> Listed:
    """Return the entry of one model."""
    stamp = stamp_of(found)
    kept = records.get(found.real, _UNKNOWN)
    record = kept.record
    if kept.stamp != stamp and record.verified_at:
        record = replace(record, verified_at=0.0)
    facts = headers.facts(found.real, stamp)
    entry = ShelfEntry(
        model=model,
        origin=origin,
        files=(model.path,) if len(found.files) == 1 else tuple(map(Path, found.files)),
        facts=facts,
        problem=None if facts else headers.problem(found.real, stamp),
        record=record,
        projector=None if found.projector is None else Path(found.projector),
    )
    return Listed(entry, found, _contents(found, kept, stamp, records))


def _contents(
    found: FoundModel, kept: FileRecord, stamp: Stamp, records: Mapping[str, FileRecord]
) -> tuple[str, ...]:
    """Return the SHA-256 of each file, as far as all are known: as computed, or as published."""
    hashes = [kept.content if kept.content and kept.stamp == stamp else kept.record.sha256]
    if len(found.files) == 1 or not hashes[0]:
        return tuple(hashes) if hashes[0] else ()
    folder = os.path.dirname(found.real)  # noqa: PTH120 - a text, as all here
    for file in found.files[1:]:
        part = records.get(os.path.join(folder, os.path.basename(file)), _UNKNOWN)  # noqa: PTH118, PTH119
        hashes.append(part.content or part.record.sha256)
    return tuple(hashes) if all(hashes) else ()


def _still_there(record: ElsewhereRecord) -> FoundModel | None:
    """Return a model of another program as it is now; None if a file of it is gone."""
    size = 0
    first: os.stat_result | None = None
    for file in record.files:
        try:
            status = os.stat(file)  # noqa: PTH116 - a text, as all here
        except (OSError, ValueError):
            return None
        size += status.st_size
        first = first or status
    if first is None:
        return None
    path = record.files[0]
    return FoundModel(
        path=path,
        name=os.path.basename(path),  # noqa: PTH119 - a text, as all here
        real=os.path.realpath(path),
        files=record.files,
        size=size,
        first_size=first.st_size,
        changed=first.st_mtime_ns,
        identity=(first.st_dev, first.st_ino),
        projector=record.projector or None,
    )


def _free_name(record: ElsewhereRecord, taken: set[str]) -> str:
    """Return the name to type for a foreign model: its own, or one that says whose it is."""
    plain = shown(record.name) or "model"
    wishes = [plain, f"{record.origin.value}/{plain}"]
    wishes += [f"{record.origin.value}/{plain} {number}" for number in range(2, len(taken) + 3)]
    name = next(wish for wish in wishes if wish.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _with_record(line: Listed, found: ElsewhereRecord) -> Listed:
    """Return the line with what the other program knows of its file, where we know less."""
    own = line.entry.record
    record = replace(
        own,
        repository=own.repository or found.repository,
        commit=own.commit or found.commit,
        sha256=own.sha256 or found.sha256,
    )
    entry = replace(line.entry, record=record, needs_probe=found.needs_probe)
    single = len(line.found.files) == 1 and bool(record.sha256)
    return line._replace(entry=entry, contents=line.contents or ((record.sha256,) * single))


def _with_twins(lines: list[Listed]) -> list[Listed]:
    """Return the lines with those of one content naming each other."""
    firsts: dict[object, int] = {}
    twins: dict[int, str] = {}
    for place, line in enumerate(lines):
        for key in _keys(line):
            first = firsts.setdefault(key, place)
            if first != place:
                twins.setdefault(first, line.entry.model.name)
                twins.setdefault(place, lines[first].entry.model.name)
    for place, twin in twins.items():
        line = lines[place]
        lines[place] = line._replace(entry=replace(line.entry, twin=twin))
    return lines


def _keys(line: Listed) -> Iterator[object]:
    if line.found.identity != (0, 0):
        yield line.found.identity
    if line.contents:
        yield (line.found.size, line.contents)
