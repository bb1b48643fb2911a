"""The packs that are here: unpacked, tried, put to use, removed, and what earlier runs left of them.

One Lapis at a time is at a pack's folder, by a lock beside it. Any thread; all of it waits for the
disk, and a trial for an engine process.
"""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

from desktop.backends import pack_folder
from desktop.backends.pack_archive import unpack
from desktop.base.disks import ROOM_TO_LEAVE
from desktop.base.files import sync_folder
from desktop.base.owner import is_mark, is_orphan, mark
from desktop.domain.engine_pack import EnginePack
from desktop.domain.errors import AlreadyDownloading
from desktop.domain.text import Text
from desktop.hub.fetch_words import no_room
from desktop.hub.target_lock import locked

_UNPACKING: Final = "unpacking-"
# An id and a version, as `EnginePack.folder` has it; whatever else lies there is not ours.
_NAMED: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-\d+(?:\.\d+)*")
_log = logging.getLogger(__name__)


class PackShelf:
    """Packs in `folder`, for engine processes that work in `work_folder`."""

    def __init__(
        self,
        folder: Path,
        work_folder: Path,
        trial: Callable[[Path, Path], Text | None],
        free: Callable[[Path], int],
    ) -> None:
        """Touch nothing yet. `trial` is `engine_pack_trial.try_pack`; `free` tells bytes of disks."""
        self._folder = folder
        self._work_folder = work_folder
        self._trial = trial
        self._free = free

    def holds(self, pack: EnginePack) -> bool:
        """Return whether `pack` is here, in use or switched off."""
        return pack_folder.installed_engine(self.place(pack)) == pack.engine

    def why_off(self, pack: EnginePack) -> Text | None:
        """Return why `pack`, which is here, is switched off; None if it is not."""
        return pack_folder.why_off(self.place(pack))

    def install(
        self, pack: EnginePack, archive: Path, told: Callable[[int], None], cancel: Event
    ) -> None:
        """Unpack `archive`, try what is in it, and use it unless that fails.

        Raises what `unpack` raises, NoRoom, AlreadyDownloading; then nothing has changed.
        """
        folder = self.place(pack)
        with self._alone(folder):
            missing = pack.unpacked + ROOM_TO_LEAVE - self._free(self._folder)
            if missing > 0:
                raise no_room(self._folder, missing)
            self._unpack(pack, archive, told, cancel)
            self._put_to_use(folder)

    def switch_on(self, pack: EnginePack) -> Text | None:
        """Use `pack` again, once it is tried; return why it stays off, None if it does not.

        Raises OSError, AlreadyDownloading.
        """
        folder = self.place(pack)
        with self._alone(folder):
            if pack_folder.is_sound(folder):
                return self._put_to_use(folder)
            pack_folder.switch_off(folder, pack_folder.CHANGED)
            return pack_folder.CHANGED

    def remove(self, pack: EnginePack) -> None:
        """Delete `pack`, if it is here; raises OSError, AlreadyDownloading."""
        folder = self.place(pack)
        with self._alone(folder):
            self._remove(folder)

    def settle(self, engine: str, packs: tuple[EnginePack, ...]) -> bool:
        """Delete what belongs to another version than `engine`, and what killed processes left.

        The first of `packs` that is here is in use, where none is. Return whether an older pack was
        there.
        """
        had_older = False
        for folder in self._folders():
            # What is not to be had now is looked at again next time.
            with suppress(OSError, AlreadyDownloading):
                had_older |= self._look_through(folder, engine)
        used = pack_folder.in_use(self._work_folder)
        if used is None or not used.is_dir():
            here = next((self.place(pack) for pack in packs if self.holds(pack)), None)
            pack_folder.use(self._work_folder, here)
        return had_older

    def place(self, pack: EnginePack) -> Path:
        """Return the folder of `pack`, which need not be there."""
        return self._folder / pack.folder

    def _look_through(self, folder: Path, engine: str) -> bool:
        if folder.name.startswith(_UNPACKING):
            name = folder.name.removeprefix(_UNPACKING)
            if is_mark(name) and is_orphan(name):
                shutil.rmtree(folder)
            return False
        if pack_folder.installed_engine(folder) == engine or not _NAMED.fullmatch(folder.name):
            return False
        with self._alone(folder):
            # Another Lapis may just have put it there.
            made_for = pack_folder.installed_engine(folder)
            if made_for == engine:
                return False
            self._remove(folder)
        _log.info("an engine pack for %s was removed", made_for or "nothing")
        return bool(made_for)

    def _folders(self) -> list[Path]:
        try:
            return [one for one in self._folder.iterdir() if one.is_dir() and not one.is_symlink()]
        except OSError:
            return []

    def _unpack(
        self, pack: EnginePack, archive: Path, told: Callable[[int], None], cancel: Event
    ) -> None:
        staging = self._folder / f"{_UNPACKING}{mark()}"
        staging.mkdir(mode=0o700)
        try:
            unpack(archive, pack, staging, told, cancel)
            pack_folder.write_record(staging, pack)
            sync_folder(staging)
            pack_folder.remove(self.place(pack))
            staging.rename(self.place(pack))
            sync_folder(self._folder)
        finally:
            # There only if it did not get its name.
            shutil.rmtree(staging, ignore_errors=True)

    def _put_to_use(self, folder: Path) -> Text | None:
        """Try the pack in `folder`, then let engine processes have it; return why not, else None."""
        pack_folder.switch_on(folder)
        reason = self._trial(folder, self._work_folder)
        if reason is not None:
            pack_folder.switch_off(folder, reason)
        pack_folder.use(self._work_folder, folder)
        return reason

    def _remove(self, folder: Path) -> None:
        if pack_folder.in_use(self._work_folder) == folder:
            pack_folder.use(self._work_folder, None)
        pack_folder.remove(folder)

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        """Keep other Lapis off `folder`; raises AlreadyDownloading if one is at it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder):
            yield
