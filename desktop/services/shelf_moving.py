"""The files of a models folder go to another folder, and no model is ever nowhere.

On one disk files are renamed, between disks they are copied, checked and only then removed. What
belongs to one model goes together: all its files are at the new place before the first leaves the
old one. The same call goes on where an earlier one ended. The thread that asks.
"""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from desktop.base.copying import copy_file
from desktop.base.disk_faults import told_about
from desktop.base.files import size_of, sync_folder
from desktop.domain.errors import AlreadyDownloading, StorageError
from desktop.domain.text import Text
from desktop.hub.beside import LOCK
from desktop.hub.target_lock import locked
from desktop.models.gguf_faults import shown
from desktop.models.split import split_name
from desktop.services.shelf_progress import Meter, Progress
from desktop.services.shelf_room import check_room

_PROBE: Final = ".lapis-probe-"
_UNFINISHED: Final = ".lapis-moving"


@dataclass(frozen=True, slots=True)
class _Freight:
    """What is moved: files by the unit they belong to, and links, all relative to the source."""

    units: tuple[tuple[Path, ...], ...]
    links: tuple[Path, ...]
    size: int


def check_target(source: Path, target: Path, *, goes_on: bool = False) -> None:
    """Raise StorageError unless models can move from `source` to `target`; writes nothing lasting.

    A move that `goes_on` finds its own copies at the target.
    """
    if not target.is_absolute() or ".." in target.parts:
        raise StorageError(
            Text("{folder} is not the whole path of a folder", {"folder": shown(str(target))}),
            Text("Choose a folder by its whole path."),
        )
    old, new = source.resolve(), target.resolve()
    place = {"folder": str(target)}
    if old == new:
        raise StorageError(
            Text("The models are in {folder} already", place), Text("Choose another folder.")
        )
    if new.is_relative_to(old) or old.is_relative_to(new):
        raise StorageError(
            Text("One of the two folders lies inside the other"),
            Text("Choose a folder that neither holds the models folder nor lies in it."),
        )
    if os.path.lexists(target) and not target.is_dir():
        raise StorageError(
            Text("{folder} is a file", place), Text("Choose a folder, or a name for a new one.")
        )
    # None of them where a drive is away.
    nearest = next((one for one in (target, *target.parents) if one.is_dir()), target)
    for folder in (nearest, source):
        if folder.is_dir():
            with told_about(folder), tempfile.TemporaryFile(dir=folder, prefix=_PROBE):
                pass
    freight = _load_up(source)
    if not goes_on:
        _check_conflicts(target, freight)
    with told_about(target):
        is_one_disk = _is_one_disk(source, nearest)
    if not is_one_disk:
        check_room(nearest, freight.size - _arrived(target, freight))


def check_quiet_folder(source: Path) -> None:
    """Raise StorageError while another Lapis downloads into the models folder `source`."""
    for here, _, names in os.walk(source):
        for name in names:
            target = Path(here, name.removesuffix(LOCK))
            if target.name == name:
                continue
            try:
                with told_about(source), locked(target):
                    pass
            except AlreadyDownloading as error:
                raise StorageError(
                    Text("{name} is being downloaded at the moment", {"name": shown(target.name)}),
                    Text("Pause the download, or wait until it is done; then move the models."),
                ) from error


def move_models(source: Path, target: Path, progress: Progress, cancel: Event) -> bool:
    """Move everything from `source` to `target`, both checked; return whether it was finished.

    Raises StorageError; what has not moved by then is where it was.
    """
    with told_about(target):
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not source.is_dir():
            return True
        freight = _load_up(source)
        carry = _by_renaming
        if not _renames(source, target):
            carry = _by_copying
            check_room(target, freight.size - _arrived(target, freight))
        meter = Meter(freight.size, progress)
        for unit in freight.units:
            pairs = [(source / file, target / file) for file in unit]
            for _, new in pairs:
                new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if cancel.is_set() or not carry(pairs, meter, cancel):
                return False
        for link in freight.links:
            _move_link(source / link, target / link)
        _tidy_up(source, target)
    return True


def _load_up(source: Path) -> _Freight:
    """List what is in the models folder; links are moved as links, special files stay."""
    units: dict[tuple[str, str], list[Path]] = {}
    links: list[Path] = []
    size = 0
    for here, folders, names in os.walk(source):
        place = Path(here)
        inside = place.relative_to(source)
        links += [inside / name for name in (*folders, *names) if (place / name).is_symlink()]
        for name in sorted(names):
            file = place / name
            passing = name.startswith(_PROBE) or name.endswith(_UNFINISHED)
            if passing or file.is_symlink() or not file.is_file():
                continue
            split = split_name(Path(name))
            units.setdefault((here, split[0] if split else name), []).append(inside / name)
            size += size_of(file)
    return _Freight(tuple(tuple(unit) for unit in units.values()), tuple(links), size)


def _check_conflicts(target: Path, freight: _Freight) -> None:
    for file in (*(file for unit in freight.units for file in unit), *freight.links):
        if os.path.lexists(target / file):
            raise StorageError(
                Text(
                    "{folder} has something named {name} already",
                    {"folder": str(target), "name": shown(str(file))},
                ),
                Text("Choose an empty folder, or move that out of the way."),
            )


def _arrived(target: Path, freight: _Freight) -> int:
    """Return the bytes of the freight that are at the target already."""
    return sum(size_of(target / file) for unit in freight.units for file in unit)


def _is_one_disk(source: Path, target: Path) -> bool:
    """Return whether both are on one disk; a source that is not there has nothing to move."""
    return not source.is_dir() or source.stat().st_dev == target.stat().st_dev


def _renames(source: Path, target: Path) -> bool:
    """Return whether a file gets from one folder into the other without being copied.

    It is tried: one disk may be there in two places that do not know each other.
    """
    try:
        handle, name = tempfile.mkstemp(dir=source, prefix=_PROBE)
    except OSError:
        return False
    os.close(handle)
    probe = Path(name)
    try:
        probe.rename(target / probe.name)
    except OSError:
        probe.unlink()
        return False
    (target / probe.name).unlink()
    return True


def _by_renaming(pairs: list[tuple[Path, Path]], meter: Meter, cancel: Event) -> bool:
    """Rename one unit; of several files none leaves before all have their second name."""
    del cancel
    size = sum(size_of(old) for old, _ in pairs)
    if len(pairs) > 1 and _link_all(pairs):
        sync_folder(pairs[0][1].parent)
        for old, _ in pairs:
            old.unlink()
    else:
        for old, new in pairs:
            # Between two names of one file a rename does nothing.
            if new.exists() and new.samefile(old):
                old.unlink()
            else:
                old.replace(new)
    meter.add(size)
    return True


def _link_all(pairs: list[tuple[Path, Path]]) -> bool:
    """Give every file its new name besides the old one; False where the disk knows no links."""
    for old, new in pairs:
        if new.exists() and new.samefile(old):
            continue
        try:
            new.unlink(missing_ok=True)
            new.hardlink_to(old)
        except OSError:
            return False
    return True


def _by_copying(pairs: list[tuple[Path, Path]], meter: Meter, cancel: Event) -> bool:
    for old, new in pairs:
        size = size_of(old)
        # Of this size and with its name it was copied whole before.
        if new.exists() and size_of(new) == size:
            meter.add(size)
        elif not copy_file(old, new, meter.add, cancel, suffix=_UNFINISHED):
            return False
        if size_of(new) != size:
            message = "a copy is not as long as the file"
            raise OSError(message)
    sync_folder(pairs[0][1].parent)
    for old, _ in pairs:
        old.unlink()
    return True


def _move_link(old: Path, new: Path) -> None:
    leads_to = old.readlink()
    if not leads_to.is_absolute():
        leads_to = Path(os.path.normpath(old.parent / leads_to))
    if not os.path.lexists(new):
        new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.symlink_to(leads_to, target_is_directory=old.is_dir())
    old.unlink()


def _tidy_up(source: Path, target: Path) -> None:
    """Remove what tries that were killed have left, and the empty folders below `source`."""
    for folder in (source, target):
        for leftover in (*folder.glob(f"{_PROBE}*"), *folder.rglob(f"*{_UNFINISHED}")):
            leftover.unlink()
    for here, _, _ in os.walk(source, topdown=False):
        if Path(here) != source:
            with contextlib.suppress(OSError):
                Path(here).rmdir()
