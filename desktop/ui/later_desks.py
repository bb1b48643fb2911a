"""Desks that the window gets once it is on the screen: models, what is misspelt, new versions.

GUI thread.
"""

import os
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop.base.paths import Paths
from desktop.ui.banner import Topic
from desktop.ui.desktop_room import DesktopRoom
from desktop.ui.engine_room import EngineRoom
from desktop.ui.model_controller import ModelController
from desktop.ui.models_desk import ModelsDesk
from desktop.ui.options import Options
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.replaced_program import ReplacedProgram, own_program
from desktop.ui.spelling_desk import SpellingDesk
from desktop.ui.update_desk import UpdateDesk
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.services.model_manager import ModelManager
    from desktop.services.updates import Updates

__all__ = ["connect_models", "open_models", "open_quiet"]


def open_models(
    app: QApplication,
    window: MainWindow,
    preferences: Preferences,
    own: OwnSettings,
    paths: Paths,
    room: EngineRoom,
) -> ModelsDesk:
    """Return what finds, gets and keeps models; its manager is made in another thread."""

    def make() -> "ModelManager":
        from desktop.services.model_manager import ModelManager

        return ModelManager(
            paths,
            lambda: preferences.value,
            preferences.change,
            queue=paths.downloads,
            notes=room.notes(),
            sizes=room.sizes,
            devices=room.devices,
        )

    return ModelsDesk(app, window, make, preferences, own, paths, room.memory)


def connect_models(desk: ModelsDesk, models: ModelController, around: DesktopRoom) -> None:
    """Let the engine's state and the downloads be seen where they belong."""
    desk.memory_wanted.connect(models.free_memory)
    desk.progress_told.connect(around.show_downloads)
    desk.announced.connect(around.announce)
    models.state_changed.connect(desk.set_engine)
    desk.set_engine(models.state)


def open_quiet(
    app: QApplication,
    window: MainWindow,
    preferences: Preferences,
    paths: Paths,
    around: DesktopRoom,
    options: Options,
) -> tuple[SpellingDesk, UpdateDesk]:
    """Return what works unasked: spelling in every field, and news of versions."""
    if (program := own_program()) is not None:
        watch = ReplacedProgram(program, window.banner, window)
        watch.removed.connect(around.quit_requested)
    updates = _open_updates(window, preferences, paths, forbidden=not options.update_check)
    updates.newer.connect(around.show_newer)
    around.serve_general(updates.serve)
    return _open_spelling(app, window, preferences, paths), updates


def _open_spelling(
    app: QApplication, window: MainWindow, preferences: Preferences, paths: Paths
) -> SpellingDesk:
    desk = SpellingDesk(app, preferences, paths.spelling, window)
    desk.failed.connect(lambda error: window.banner.show_error(Topic.STORAGE, error))
    return desk


def _open_updates(
    window: MainWindow, preferences: Preferences, paths: Paths, *, forbidden: bool
) -> UpdateDesk:
    def make() -> "Updates":
        from desktop.services.updates import open_updates

        return open_updates(paths, lambda: preferences.value, os.environ, forbidden=forbidden)

    return UpdateDesk(window.banner, preferences, make, window)
