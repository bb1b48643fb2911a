"""Rows about the memory of models, and what they say: measured sizes, and loads as they were seen.

Pure. As in `record_rows` paths are bytes, and values of several fields are JSON.
"""

import os
from dataclasses import dataclass, field
from typing import Final

import msgspec

from desktop.domain.footprint import Footprint, Load, Point
from desktop.domain.model import KvType
from desktop.domain.speed import Reading
from desktop.store.json_columns import written
from desktop.store.record_rows import Row, decoded, is_sound

SIZES: Final = "SELECT path, plan, stamp, context, cache, value FROM sizes"
SET_SIZE: Final = "INSERT OR REPLACE INTO sizes VALUES (?, ?, ?, ?, ?, ?)"
OLD_SIZES: Final = "DELETE FROM sizes WHERE substr(stamp, -length(?1)) <> ?1"
# Nothing says which are wanted least, and they are measured again in a second.
CROWDED_SIZES: Final = "DELETE FROM sizes WHERE path <> ? AND (SELECT count(*) FROM sizes) > ?"
MOST_SIZES: Final = 20_000
"""All measured sizes together; of one model some hundred."""
LOADS: Final = (
    "SELECT path, stamp, plan, machine, changed_at, predicted, host, cards, decode_tps, reading"
    " FROM loads"
)
# A load without an answer of some length keeps the speed of an earlier one of the same file.
SET_LOAD: Final = (
    "INSERT INTO loads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (path, plan, context, cache, machine) DO UPDATE SET"
    " decode_tps = CASE WHEN excluded.decode_tps > 0 OR stamp <> excluded.stamp"
    " THEN excluded.decode_tps ELSE decode_tps END,"
    " reading = CASE WHEN excluded.decode_tps > 0 OR stamp <> excluded.stamp"
    " THEN excluded.reading ELSE reading END,"
    " stamp = excluded.stamp, changed_at = excluded.changed_at,"
    " predicted = excluded.predicted, host = excluded.host, cards = excluded.cards"
)
OLD_LOADS: Final = (
    "DELETE FROM loads WHERE changed_at <"
    " (SELECT changed_at FROM loads ORDER BY changed_at DESC LIMIT 1 OFFSET ?)"
)
MOST_LOADS: Final = 1000
"""The loads that are kept, the newest."""
_SIZES_KINDS: Final = "bttitt"
_LOADS_KINDS: Final = "btttntiint"


@dataclass(frozen=True, slots=True)
class SizeRecord:
    """A measured footprint of a file, or of a listed model; `stamp` says of which state of it.

    `point` is what was asked for, `footprint.point` what llama.cpp made of it.
    """

    path: str
    plan: str
    stamp: str
    point: Point
    footprint: Footprint


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load as it was seen; `stamp` as in `SizeRecord`."""

    stamp: str
    load: Load


@dataclass(frozen=True, slots=True)
class SizeDecoders:
    """What reads the JSON of these rows."""

    footprint: "msgspec.json.Decoder[Footprint]" = field(
        default_factory=lambda: msgspec.json.Decoder(Footprint)
    )
    reading: "msgspec.json.Decoder[Reading]" = field(
        default_factory=lambda: msgspec.json.Decoder(Reading)
    )


def size_record(row: Row, decoders: SizeDecoders) -> SizeRecord | None:
    """Return what a row of `SIZES` says; None for one that Lapis has not written."""
    if not is_sound(row, _SIZES_KINDS) or row[4] not in set(KvType):
        return None
    path, plan, stamp, context, cache, value = row
    footprint = decoded(decoders.footprint, value)
    if footprint is None:
        return None
    point = Point(context, KvType(cache))
    return SizeRecord(os.fsdecode(path), plan, stamp, point, footprint)


def size_row(record: SizeRecord) -> Row:
    """Return the row for a measured footprint."""
    point = record.point
    where = (os.fsencode(record.path), record.plan, point.context, point.kv_type.value)
    return (*where, record.stamp, written(record.footprint))


def load_record(row: Row, decoders: SizeDecoders) -> LoadRecord | None:
    """Return what a row of `LOADS` says; None for one that Lapis has not written."""
    if not is_sound(row, _LOADS_KINDS):
        return None
    path, stamp, plan, machine, changed_at, value, host, cards, decode_tps, reading = row
    predicted = decoded(decoders.footprint, value)
    if predicted is None:
        return None
    load = Load(
        path=os.fsdecode(path),
        plan=plan,
        machine=machine,
        changed_at=changed_at,
        predicted=predicted,
        host=host,
        cards=cards,
        decode_tps=decode_tps,
        reading=decoded(decoders.reading, reading) if reading else None,
    )
    return LoadRecord(stamp, load)


def load_row(record: LoadRecord) -> Row:
    """Return the row for a load."""
    load = record.load
    point = load.predicted.point
    return (
        *(os.fsencode(load.path), load.plan, point.context, point.kv_type.value, load.machine),
        *(record.stamp, load.changed_at, written(load.predicted), load.host, load.cards),
        *(load.decode_tps, written(load.reading) if load.reading else ""),
    )
