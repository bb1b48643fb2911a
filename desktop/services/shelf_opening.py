"""The shelf of this computer: its real folders, and those of other programs. Connects nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path

from desktop.base.paths import Paths, resources
from desktop.domain.settings import Settings
from desktop.models.places import Places
from desktop.services.model_notes import ModelNotes
from desktop.services.shelf import ChangeSettings, Shelf


def open_shelf(
    paths: Paths,
    settings: Callable[[], Settings],
    change_settings: ChangeSettings,
    environment: Mapping[str, str],
    notes: ModelNotes | None = None,
) -> Shelf:
    """Return the shelf of these folders and settings; close it at the end.

    `notes` as for `Shelf`.
    """

    def places() -> Places:
        folders = tuple(Path(folder) for folder in settings().library.other_folders)
        return Places(Path.home(), environment, folders)

    guide = resources() / "guide" / "guide.gguf"
    return Shelf(paths, settings, change_settings, guide, places, notes=notes)
