"""Every folder Lapis uses, from the platform's conventions or from one root (`--data-dir`).

With a root, a run is hermetic: nothing is read or written outside it.
"""

import functools
import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from desktop.base.path_text import typed_path
from desktop.domain.errors import StorageError
from desktop.domain.text import Text

APP_ID = "lapis"
DESKTOP_ID = "io.github.lapis_assistant.Lapis"
"""What Linux desktops know us by: the name of our desktop entry, and of our windows on Wayland.

GNOME refuses keys to names without dots.
"""
_SOCKET_PATH_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things are. `data` holds chats and models, `config` settings, `cache` what may go."""

    data: Path
    config: Path
    cache: Path
    logs: Path
    runtime: Path

    @property
    def database(self) -> Path:
        """The SQLite file with all chats."""
        return self.data / "lapis.db"

    @property
    def models(self) -> Path:
        """Where model files are kept and found by name."""
        return self.data / "models"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.json"

    @property
    def engine(self) -> Path:
        """Working folders of engine processes, one each."""
        return self.cache / "engine"

    @property
    def states(self) -> Path:
        """KV states of conversations, so that they continue without being read again."""
        return self.cache / "kv"

    @property
    def learned(self) -> Path:
        """What crashes of the engine taught about model files."""
        return self.data / "learned"

    @property
    def records(self) -> Path:
        """The SQLite file with what is remembered of model files."""
        return self.data / "models.db"

    @property
    def moving(self) -> Path:
        """Says from where to where model files are being moved, for as long as they are."""
        return self.data / "moving.json"

    @property
    def downloads(self) -> Path:
        """The queue of downloads, kept over restarts."""
        return self.data / "downloads"

    @property
    def engine_packs(self) -> Path:
        """Optional packs of the engine, a folder each, and what is fetched of them."""
        return self.data / "engine packs"

    @property
    def devices(self) -> Path:
        """What the engine was found to compute with, kept for as long as drivers stay."""
        return self.cache / "devices.json"

    @property
    def hotkeys(self) -> Path:
        """What became of the keys of the running instance, for whoever examines it."""
        return self.cache / "hotkeys.json"

    @property
    def updates(self) -> Path:
        """What is remembered of asking for new versions."""
        return self.data / "updates.json"

    @property
    def network_log(self) -> Path:
        """The SQLite file with the connections that were made."""
        return self.data / "network.db"

    @property
    def spelling(self) -> Path:
        """Words that a person has taught, and what the spell-checker of the system keeps."""
        return self.data / "spelling"

    @property
    def hub(self) -> Path:
        """Answers of model hubs, kept for a while."""
        return self.cache / "hub"

    @property
    def lock(self) -> Path:
        """Held by the running tray app; one for each data folder."""
        return self.data / "lapis.lock"

    @property
    def socket(self) -> str:
        """Name of the socket (Windows: pipe) on which the running instance takes commands."""
        tag = hashlib.sha256(os.fsencode(self.data.resolve())).hexdigest()[:16]
        if sys.platform == "win32":
            return f"lapis-{os.environ.get('SESSIONNAME', '')}-{tag}"
        path = self.runtime / f"lapis-{tag}.sock"
        if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
            path = _private_temporary_folder() / f"lapis-{tag}.sock"
        return str(path)

    def create(self) -> None:
        """Make all folders, readable by this account only; raises StorageError."""
        folders = (self.data, self.models, self.config, self.cache, self.logs, self.engine)
        try:
            for folder in (*folders, self.runtime):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                Text("The folder {folder} cannot be used", {"folder": str(self.data)}),
                Text(
                    "{reason}. Make it writable, or choose another one with --data-dir.",
                    {"reason": error.strerror or str(error)},
                ),
            ) from error


def _private_temporary_folder() -> Path:
    owner = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"lapis-{owner}"


def standard_paths() -> Paths:
    """Return the folders of the platform: XDG on Linux, AppData on Windows, Library on macOS."""
    dirs = platformdirs.PlatformDirs(APP_ID, appauthor=False)
    runtime = (
        Path(os.environ["XDG_RUNTIME_DIR"])
        if os.environ.get("XDG_RUNTIME_DIR")
        else _private_temporary_folder()
    )
    return Paths(
        data=dirs.user_data_path,
        config=dirs.user_config_path,
        cache=dirs.user_cache_path,
        logs=dirs.user_log_path,
        runtime=runtime,
    )


def paths_under(root: Path) -> Paths:
    """Return all folders inside `root`, for hermetic runs."""
    root = typed_path(root).absolute()
    return Paths(
        data=root,
        config=root / "config",
        cache=root / "cache",
        logs=root / "logs",
        runtime=root / "run",
    )


def resources() -> Path:
    """Return the folder of icons, translations and the built-in model.

    Frozen programs carry it beside their modules, installed wheels inside the package, and a
    checkout at its top level.
    """
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        return Path(bundle) / "resources"
    return _beside_package()


@functools.cache
def _beside_package() -> Path:
    """Look for them once: every icon is read from there."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"
