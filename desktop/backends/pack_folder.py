"""Packs of the engine as they lie on the disk, and what an engine process is told of the one in use.

A pack is a folder with libraries and a record of them, made whole before it gets its name. Which
one is in use stands in a note inside the folder that engine processes work in; so whoever starts
one, in whatever Lapis, hands over the same. Before that its files are looked at: sizes and times of
change, and their hashes where these differ. Any thread; nothing native is loaded here.
"""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from desktop.backends.libraries import bindings_version
from desktop.base.files import is_unfinished, write_atomically
from desktop.domain.engine_pack import EnginePack, PackFile
from desktop.domain.kept_text import kept_text, text_again
from desktop.domain.text import Text

RECORD: Final = "pack.json"
"""The file in a pack's folder that says what belongs to it."""
FOLDER_VARIABLE: Final = "LAPIS_ENGINE_PACK"
FILES_VARIABLE: Final = "LAPIS_ENGINE_PACK_FILES"
"""Names of files, separated by what no name holds: a slash."""

CHANGED: Final = Text("Its files are not those that were installed")
CRASHED: Final = Text("The engine ended while it was loading this pack")
HANGS: Final = Text("The engine did not come up with this pack")

_NOTE: Final = "pack"
_OFF: Final = ".off"
_SCHEMA: Final = 1
_MOST_BYTES: Final = 1 << 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file as it was when it was last known to be the right one; `changed` in nanoseconds."""

    file: PackFile
    changed: int


@dataclass(frozen=True, slots=True)
class _Record:
    """What is written down of a pack: the version of the engine it is for, and its files."""

    engine: str
    files: tuple[_Kept, ...]
    schema: int = _SCHEMA


def write_record(folder: Path, pack: EnginePack) -> None:
    """Write down what was put into `folder`: the files of `pack`, which are right; raises OSError."""
    kept = [_Kept(file, (folder / file.name).stat().st_mtime_ns) for file in pack.files]
    _write(folder, pack.engine, kept)


def installed_engine(folder: Path) -> str:
    """Return the version of the engine that the pack in `folder` is for; empty if there is none."""
    try:
        return _record(folder).engine
    except (OSError, ValueError):
        return ""


def is_sound(folder: Path) -> bool:
    """Return whether the files in `folder` are those of its record, and nothing lies beside them."""
    try:
        record = _record(folder)
        names = {RECORD, *(one.file.name for one in record.files)}
        # Another process may be writing the record, or was killed while it did.
        if {path.name for path in folder.iterdir() if not is_unfinished(path.name)} != names:
            return False
        seen = [now for one in record.files if (now := _looked_at(folder, one)) is not None]
        if len(seen) < len(record.files):
            return False
        if tuple(seen) != record.files:
            # Touched, copied back from somewhere: right all the same, and known to be from now on.
            _write(folder, record.engine, seen)
    except (OSError, ValueError):
        return False
    return True


def use(work_folder: Path, folder: Path | None) -> None:
    """Let engine processes that work in `work_folder` have the pack in `folder`, or none."""
    note = work_folder / _NOTE
    try:
        if folder is None:
            note.unlink(missing_ok=True)
        elif in_use(work_folder) != folder:
            work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(note, os.fsencode(folder))
    except OSError as error:
        _log.warning("which pack is in use cannot be kept: %s", type(error).__name__)


def in_use(work_folder: Path) -> Path | None:
    """Return the folder of the pack that engine processes working in `work_folder` get."""
    try:
        with (work_folder / _NOTE).open("rb") as stream:
            said = os.fsdecode(stream.read(_MOST_BYTES))
    except OSError:
        return None
    folder = Path(said) if said and "\0" not in said else None
    return folder if folder is not None and folder.is_absolute() else None


def handed_over(work_folder: Path) -> tuple[Path | None, dict[str, str]]:
    """Return the pack for a new engine process, and the variables that tell it; none for none.

    One that is switched off, damaged, or made for another engine is not handed over; a damaged one
    is switched off by that.
    """
    folder = in_use(work_folder)
    if folder is None or why_off(folder) is not None:
        return None, {}
    if installed_engine(folder) != bindings_version():
        return None, {}
    if not is_sound(folder):
        switch_off(folder, CHANGED)
        return None, {}
    names = "/".join(one.file.name for one in _record(folder).files)
    return folder, {FOLDER_VARIABLE: str(folder), FILES_VARIABLE: names}


def stamp(work_folder: Path) -> str:
    """Return a word that differs when engine processes get another pack, or none any more."""
    folder = in_use(work_folder)
    if folder is None or why_off(folder) is not None:
        return ""
    try:
        return f"{folder.name} {(folder / RECORD).stat().st_mtime_ns}"
    except OSError:
        return ""


def switch_off(folder: Path, reason: Text) -> None:
    """Let no engine process have the pack in `folder` any more, for `reason`."""
    _log.warning("an engine pack is switched off: %s", reason)
    try:
        write_atomically(_off_mark(folder), json.dumps(kept_text(reason)).encode())
    except OSError as error:
        _log.warning("that it is switched off cannot be kept: %s", type(error).__name__)


def switch_on(folder: Path) -> None:
    """Take that back; raises OSError."""
    _off_mark(folder).unlink(missing_ok=True)


def why_off(folder: Path) -> Text | None:
    """Return why the pack in `folder` is switched off, None if it is not."""
    try:
        with _off_mark(folder).open("rb") as stream:
            return text_again(json.loads(stream.read(_MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return CHANGED


def remove(folder: Path) -> None:
    """Delete the pack in `folder` and what is kept of it; raises OSError."""
    record = folder / RECORD
    # First: without it, nothing takes what is left for a pack.
    _unlink(record)
    if folder.is_dir() and not folder.is_symlink():
        for path in folder.iterdir():
            _unlink(path)
        folder.rmdir()
    _off_mark(folder).unlink(missing_ok=True)


def _off_mark(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{_OFF}")


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        # Windows removes nothing that is read-only.
        path.chmod(0o600)
        path.unlink(missing_ok=True)


def _write(folder: Path, engine: str, kept: Sequence[_Kept]) -> None:
    content = msgspec.json.encode(_Record(engine, tuple(kept)))
    write_atomically(folder / RECORD, msgspec.json.format(content, indent=1))


def _record(folder: Path) -> _Record:
    """Return what is written down of the pack; raises OSError, or ValueError for nonsense."""
    with (folder / RECORD).open("rb") as stream:
        record = msgspec.json.decode(stream.read(_MOST_BYTES), type=_Record)
    if record.schema != _SCHEMA or any(
        Path(one.file.name).name != one.file.name for one in record.files
    ):
        raise ValueError
    return record


def _looked_at(folder: Path, kept: _Kept) -> _Kept | None:
    """Return `kept` with the time of change that is right by now, None if the file is another."""
    path, file = folder / kept.file.name, kept.file
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
        return None
    if found.st_mtime_ns == kept.changed:
        return kept
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    if digest.hexdigest() != file.sha256:
        return None
    return replace(kept, changed=found.st_mtime_ns)
