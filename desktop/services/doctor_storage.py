"""Folders, disks, chats and settings: the part of an examination that looks at what is kept."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.base.disks import nearest, room_of
from desktop.base.paths import Paths
from desktop.config.checkup import settings_fault
from desktop.domain.errors import LapisError
from desktop.domain.health import Fact, Finding, State
from desktop.domain.quantities import sized
from desktop.domain.text import Text, verbatim
from desktop.store.checkup import chats_fault

_LITTLE: Final = 2_000_000_000
_NOTHING: Final = 50_000_000
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def examine_storage(paths: Paths) -> Iterator[Finding]:
    """Yield what is found of the folders in `paths`; nothing is made or changed."""
    yield examine_folder("storage.folder.data", Text("Data folder"), paths.data)
    yield examine_folder("storage.folder.models", Text("Models folder"), paths.models)
    yield examine_folder("storage.folder.config", Text("Settings folder"), paths.config)
    yield examine_folder("storage.folder.cache", Text("Cache folder"), paths.cache)
    yield examine_folder("storage.folder.logs", Text("Log folder"), paths.logs)
    yield from _disks(paths)
    yield examine_chats(paths.database)
    yield examine_settings(paths.settings)


def examine_folder(name: str, label: Text, folder: Path) -> Finding:
    """Return whether files can be made in `folder`, or it can be made at its first use."""
    values = {"folder": str(folder)}
    there = folder.is_dir()
    reason = _reason_against(folder if there else nearest(folder))
    facts: dict[str, Fact] = {"path": str(folder), "exists": there, "writable": not reason}
    if reason:
        return Finding(
            name,
            label,
            State.BAD,
            Text("{folder} cannot be written to: {reason}", {**values, "reason": reason}),
            Text("Make it writable, or choose another place with --data-dir."),
            facts,
        )
    detail = verbatim(str(folder))
    if not there:
        detail = Text("{folder}, made at its first use", values)
    return Finding(name, label, State.OK, detail, None, facts)


def examine_disk(name: str, folder: Path) -> Finding:
    """Return how much room the disk that holds `folder` has."""
    label = Text("Disk")
    try:
        room = room_of(folder)
    except OSError as error:
        return Finding(
            name,
            label,
            State.UNKNOWN,
            Text("the free space cannot be told: {reason}", {"reason": error.strerror or ""}),
        )
    state, advice = State.OK, None
    if room.free < _NOTHING:
        state, advice = State.BAD, Text("Free some space: chats can hardly be saved.")
    elif room.free < _LITTLE:
        state, advice = State.WARNING, Text("Free some space before you add models.")
    values = {
        "free": sized(room.free),
        "total": sized(room.total),
        "folder": str(folder),
    }
    return Finding(
        name,
        label,
        state,
        Text("{free} of {total} are free where {folder} is", values),
        advice,
        {"path": str(folder), "free": room.free, "total": room.total},
    )


def examine_chats(database: Path) -> Finding:
    """Return whether the chats file is whole; what is in it stays there."""
    label = Text("Chats")
    if not os.path.lexists(database):
        return Finding("storage.chats", label, State.OK, Text("none yet"), None, {"exists": False})
    fault = chats_fault(database)
    if fault is not None:
        return _faulty("storage.chats", label, fault)
    if _is_open_to_others(database):
        return Finding(
            "storage.chats",
            label,
            State.WARNING,
            Text("other accounts of this computer can read them"),
            Text("Close the file to them: chmod 600 {path}", {"path": str(database)}),
            {"exists": True, "whole": True, "private": False},
        )
    size = database.stat().st_size
    return Finding(
        "storage.chats",
        label,
        State.OK,
        Text("whole, {size}", {"size": sized(size)}),
        None,
        {"exists": True, "whole": True, "private": True, "size": size},
    )


def examine_settings(file: Path) -> Finding:
    """Return whether the settings can be read."""
    fault = settings_fault(file)
    if fault is not None:
        return _faulty("storage.settings", Text("Settings"), fault)
    there = file.exists()
    detail = Text("readable") if there else Text("none yet, so the usual ones are in use")
    return Finding("storage.settings", Text("Settings"), State.OK, detail, None, {"exists": there})


def _disks(paths: Paths) -> Iterator[Finding]:
    """Yield one finding for each disk, named after the first folder that is on it."""
    seen = set()
    for name, folder in (("data", paths.data), ("models", paths.models), ("cache", paths.cache)):
        try:
            disk = nearest(folder).stat().st_dev
        except OSError:
            disk = -1
        if disk not in seen:
            seen.add(disk)
            yield examine_disk(f"storage.disk.{name}", folder)


def _faulty(name: str, label: Text, fault: LapisError) -> Finding:
    return Finding(name, label, State.BAD, fault.title, fault.hint)


def _reason_against(folder: Path) -> str:
    """Return why no file can be made in `folder`; empty if one can. It is tried and leaves nothing."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _is_open_to_others(file: Path) -> bool:
    return sys.platform != "win32" and bool(file.stat().st_mode & _OTHERS)
