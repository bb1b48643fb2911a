"""Optional packs of the engine: which one suits this computer, fetched, unpacked, tried, removed.

The download is one of the queue's, with the hash that is listed. What arrived is unpacked beside its
final place, tried in a process of its own, and only then in use. Any thread; what takes time
says so. Observers are called from threads of the queue, or of whoever changes something.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from desktop.backends.libraries import bindings_version
from desktop.backends.pack_archive import Unpacked
from desktop.base.copying import sha256_of
from desktop.base.disk_faults import told_about
from desktop.base.guard import guarded
from desktop.domain.download import DownloadOrder, DownloadPhase
from desktop.domain.engine_pack import EnginePack, NvidiaDriver, PackState, PackView
from desktop.domain.errors import (
    BadReference,
    DownloadError,
    LapisError,
)
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub.fetch_values import Limits
from desktop.hub.network import never_offline
from desktop.models.engine_packs import (
    fits,
    load_engine_packs,
    made_for,
    nvidia_driver,
    platform_of,
)
from desktop.services.downloads import Downloads
from desktop.services.engine_pack_shelf import PackShelf
from desktop.services.engine_pack_trial import try_pack

__all__ = ["EnginePacks"]

Observer = Callable[[], None]

OLD_ENGINE: Final = Text(
    "The pack of an older version of the engine was removed: it does not fit this one."
)
_INCOMING: Final = "incoming"
_QUEUE: Final = "queue"
_log = logging.getLogger(__name__)


def _nothing() -> None:
    pass


class EnginePacks:
    """The packs of one data folder; close it at the end."""

    def __init__(
        self,
        folder: Path,
        work_folder: Path,
        settings: Callable[[], LibrarySettings],
        environment: Mapping[str, str],
        *,
        offline: Callable[[], bool] = never_offline,
        log: Recorder = unrecorded,
        changed: Callable[[], object] = _nothing,
        listed: Callable[[], tuple[EnginePack, ...]] = load_engine_packs,
        driver: Callable[[], NvidiaDriver | None] = nvidia_driver,
        engine: Callable[[], str] = bindings_version,
        trial: Callable[[Path, Path], Text | None] = try_pack,
        limits: Limits | None = None,
    ) -> None:
        """Keep packs in `folder`; engine processes work in `work_folder`. Nothing is started.

        `changed` is called, in a thread that may wait, when engine processes get another pack from
        now on. `trial` returns why a pack (its folder) is of no use, given a folder to work in.
        """
        limits = limits or Limits()
        self._folder = folder
        self._shelf = PackShelf(folder, work_folder, trial, limits.free)
        self._changed = changed
        self._listed = listed
        self._ask_driver = driver
        self._engine = engine
        self._lock = threading.Lock()
        self._packs: tuple[EnginePack, ...] | None = None
        self._driver: NvidiaDriver | None = None
        self._was_asked = False
        self._unpacking: set[str] = set()
        self._failed: dict[str, LapisError] = {}
        self._notice: Text | None = None
        self._observers: list[Observer] = []
        self._ends = threading.Event()
        self._downloads = Downloads(
            lambda: folder,
            folder / _QUEUE,
            settings,
            str,
            environment,
            finished=self._on_fetched,
            limits=limits,
            offline=offline,
            log=log,
        )

    # What people see.

    def here(self) -> tuple[EnginePack, ...]:
        """Return the packs for this system and engine, the best first, whatever the card is."""
        with self._lock:
            if self._packs is None:
                self._packs = tuple(made_for(self._listed(), platform_of(self._engine())))
            return self._packs

    def suitable(self) -> tuple[EnginePack, ...]:
        """Return those of them that fit the driver and the cards; asked once, two seconds at most."""
        if not self.here():
            return ()
        with self._lock:
            if not self._was_asked:
                self._driver, self._was_asked = self._ask_driver(), True
            driver = self._driver
        return () if driver is None else tuple(each for each in self.here() if fits(each, driver))

    def view(self) -> PackView | None:
        """Return the pack to be shown: the one that is here or on its way, else the one that fits.

        None where there is none for this computer. Asks as `suitable` does.
        """
        views = [self.seen(pack) for pack in self.here()]
        taken = next((view for view in views if view.state is not PackState.OFFERED), None)
        if taken is not None:
            return taken
        return next((self.seen(pack) for pack in self.suitable()), None)

    def seen(self, pack: EnginePack) -> PackView:
        """Return how `pack` stands, from a few small files."""
        with self._lock:
            unpacks, error = pack.id in self._unpacking, self._failed.get(pack.id)
        download = self._downloads.find(pack.id)
        if unpacks:
            return PackView(pack, PackState.UNPACKING)
        if download is not None and download.phase is not DownloadPhase.DONE:
            return PackView(pack, PackState.COMING, download)
        if error is not None:
            return PackView(pack, PackState.FAILED, error=error)
        if not self._shelf.holds(pack):
            return PackView(pack, PackState.OFFERED, reason=self._notice)
        reason = self._shelf.why_off(pack)
        state = PackState.IN_USE if reason is None else PackState.OFF
        return PackView(pack, state, reason=reason)

    def find(self, name: str) -> EnginePack:
        """Return the pack of that id; raises BadReference, which lists those that there are."""
        packs = self.here()
        found = next((pack for pack in packs if pack.id == name.strip().casefold()), None)
        if found is not None:
            return found
        title = Text("There is no pack called {name} for this version of Lapis", {"name": name})
        if not packs:
            raise BadReference(title, Text("None has been published for this system."))
        names = tuple(pack.id for pack in packs)
        raise BadReference(title, Text("These are known: {names}", {"names": names}))

    def watch(self, observer: Observer) -> Callable[[], None]:
        """Call `observer` after changes, at most a few times a second; return how to end it."""
        with self._lock:
            self._observers.append(observer)
        end_downloads = self._downloads.watch(lambda _downloads: observer())

        def end() -> None:
            end_downloads()
            with self._lock, suppress(ValueError):
                self._observers.remove(observer)

        return end

    # What people do.

    @property
    def downloads(self) -> Downloads:
        """The queue that packs are fetched by, a pack's id as the key."""
        return self._downloads

    def order(self, pack: EnginePack) -> DownloadOrder:
        """Return what is fetched for `pack`, and forget what went wrong with it before."""
        with self._lock:
            self._failed.pop(pack.id, None)
        source = Source(SourceKind.MIRROR, pack.url.rsplit("/", 1)[0])
        file = RemoteFile(pack.archive, pack.size, pack.sha256, pack.url)
        files = (file,)
        return DownloadOrder(
            pack.id, pack.name, source, "", pack.engine, _INCOMING, files, is_fixed=True
        )

    def get(self, pack: EnginePack) -> None:
        """Begin to fetch `pack`, or go on; it is unpacked, tried and in use when it is there."""
        self._downloads.add(self.order(pack))

    def pause(self, pack: EnginePack) -> None:
        """Stop, and keep what is there of it."""
        self._downloads.pause(pack.id)

    def cancel(self, pack: EnginePack) -> None:
        """Stop, and delete what is there of it."""
        with self._lock:
            self._failed.pop(pack.id, None)
        self._downloads.cancel(pack.id)

    def bring(self, archive: Path, told: Callable[[int], None], cancel: threading.Event) -> bool:
        """Take a pack from a file, such as one on a USB stick; return whether it was not stopped.

        It is told by its hash. `told` gets the bytes of each block, read and then unpacked. Raises
        BadReference where it is none of the listed packs, StorageError. Takes as long as the disk.
        """
        sizes = {pack.size for pack in self.here()}
        with told_about(archive):
            digest = sha256_of(archive, told, cancel) if archive.stat().st_size in sizes else ""
        if digest is None:
            return False
        pack = next((pack for pack in self.here() if pack.sha256 == digest), None)
        if pack is None:
            raise BadReference(
                Text(
                    "{name} is none of the packs for this version of Lapis", {"name": archive.name}
                ),
                Text("Lapis takes only packs that its own list names, byte for byte."),
            )
        try:
            self._install(pack, archive, told, cancel)
        except Unpacked:
            return False
        return True

    def switch_on(self, pack: EnginePack) -> Text | None:
        """Use a pack again that was switched off; return why it stays off, None if it does not.

        Seconds: it is tried first. Raises StorageError, AlreadyDownloading.
        """
        with told_about(self._folder), self._at_work(pack):
            reason = self._shelf.switch_on(pack)
            guarded(self._changed, "an engine pack")()
        return reason

    def remove(self, pack: EnginePack) -> None:
        """Delete `pack`, if it is here, with what is left of fetching it.

        Seconds, for the cards are looked at anew. Raises StorageError, AlreadyDownloading.
        """
        self.cancel(pack)
        with told_about(self._folder):
            self._shelf.remove(pack)
        self._tell()
        guarded(self._changed, "an engine pack")()

    def settle(self, *, resume: bool = False) -> None:
        """Bring in order what earlier runs left; go on with downloads if `resume`. A few files.

        Packs of another version of the engine go, and what a kill left in the middle.
        """
        known = {pack.id for pack in self.here()}
        for download in self._downloads.downloads:
            if download.order.key not in known:
                self._downloads.cancel(download.order.key)
        if self._shelf.settle(self._engine(), self.here()):
            self._notice = OLD_ENGINE
        if resume:
            self._downloads.resume_interrupted()

    def close(self, timeout: float = 2.0) -> None:
        """Stop what is under way and keep what there is, within `timeout` seconds."""
        self._ends.set()
        self._downloads.close(timeout)

    # How it is done.

    def _on_fetched(self, order: DownloadOrder, paths: tuple[Path, ...]) -> None:
        """Unpack what has arrived; in the thread of the download, which goes on until it is done."""
        pack = next((pack for pack in self.here() if pack.id == order.key), None)
        if pack is None or not paths:
            return
        archive = paths[0]
        try:
            self._install(pack, archive, lambda _count: None, self._ends)
        except Unpacked:
            return
        except LapisError as error:
            _log.warning("an engine pack was not installed: %s", type(error).__name__)
            with self._lock:
                self._failed[pack.id] = error
            if not isinstance(error, DownloadError):
                # The archive is right: next time it is only unpacked.
                return
        with suppress(OSError):
            archive.unlink(missing_ok=True)
            archive.parent.rmdir()

    def _install(
        self,
        pack: EnginePack,
        archive: Path,
        told: Callable[[int], None],
        cancel: threading.Event,
    ) -> None:
        with told_about(self._folder), self._at_work(pack):
            self._shelf.install(pack, archive, told, cancel)
            guarded(self._changed, "an engine pack")()

    @contextmanager
    def _at_work(self, pack: EnginePack) -> Iterator[None]:
        """Show that something is done with `pack`."""
        with self._lock:
            self._unpacking.add(pack.id)
            self._failed.pop(pack.id, None)
        self._tell()
        try:
            yield
        finally:
            with self._lock:
                self._unpacking.discard(pack.id)
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            observers = list(self._observers)
        for observer in observers:
            guarded(observer, "an observer of engine packs")()
