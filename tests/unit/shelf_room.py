"""A shelf in a folder of its own, with real small model files. Shared by the tests of the shelf."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from desktop.base.paths import Paths, paths_under
from desktop.config.store import SettingsStore
from desktop.domain.settings import LibrarySettings, Settings
from desktop.domain.shelf import ShelfEntry
from desktop.models.places import Places, System
from desktop.services.model_notes import ModelNotes
from desktop.services.shelf import Shelf
from desktop.store.records import Records


def nobody(done: int, total: int) -> None:
    """Hear of progress, and do nothing."""
    del done, total


@dataclass
class Room:
    """Folders, settings on the disk, and the shelf over them."""

    root: Path
    sample: Path
    trash: Callable[[Path, Path], bool] = lambda _path, _original: False
    paths: Paths = field(init=False)
    shelf: Shelf = field(init=False)
    notes: ModelNotes = field(init=False)
    guide: Path = field(init=False)
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.paths = paths_under(self.root / "lapis")
        self.paths.create()
        self.home = self.root / "home"
        self.home.mkdir(exist_ok=True)
        self.guide = self.root / "guide.gguf"
        if not self.guide.exists():
            shutil.copyfile(self.sample, self.guide)
        self.shelf = self.another()

    def another(self) -> Shelf:
        """Return one more shelf over the same folders, as another run of Lapis has it."""
        self.notes = ModelNotes(Records(self.paths.records))
        return Shelf(
            self.paths,
            self.settings,
            self.change,
            self.guide,
            self.places,
            notes=self.notes,
            trash=self.trash,
        )

    @property
    def folder(self) -> Path:
        return self.shelf.folder

    def settings(self) -> Settings:
        return SettingsStore(self.paths.settings).load()

    def change(self, change: Callable[[Settings], Settings]) -> None:
        store = SettingsStore(self.paths.settings)
        store.save(change(store.load()))

    def keep_in(self, folder: Path) -> None:
        """Make `folder` the models folder."""
        library = LibrarySettings(folder=str(folder))
        self.change(lambda settings: replace(settings, library=library))

    def places(self) -> Places:
        return Places(self.home, {}, system=System.LINUX, root=self.root / "computer")

    def put(self, *names: str, folder: Path | None = None) -> list[Path]:
        """Copy the sample under these names, into the models folder or another one."""
        return [self.write(name, self.sample.read_bytes(), folder) for name in names]

    def write(self, name: str, content: bytes, folder: Path | None = None) -> Path:
        path = (folder or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def names(self) -> list[str]:
        return [entry.model.name for entry in self.shelf.entries()]

    def entry(self, name: str) -> ShelfEntry:
        (found,) = (each for each in self.shelf.entries() if each.model.name == name)
        return found

    def scan(self) -> int:
        return self.shelf.scan_headers(nobody, Event())

    def files(self, folder: Path | None = None) -> set[str]:
        """Return all files below a folder, by their paths from there."""
        top = folder or self.folder
        return {path.relative_to(top).as_posix() for path in top.rglob("*") if not path.is_dir()}
