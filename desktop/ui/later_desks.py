"""Desks that the window gets once it is on the screen: models, and what is misspelt. GUI thread."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop.base.paths import Paths
from desktop.ui.banner import Topic
from desktop.ui.desktop_room import DesktopRoom
from desktop.ui.engine_room import EngineRoom
from desktop.ui.model_controller import ModelController
from desktop.ui.models_desk import ModelsDesk
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.spelling_desk import SpellingDesk
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.services.model_manager import ModelManager

__all__ = ["connect_models", "open_models", "open_spelling"]


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


def open_spelling(
    app: QApplication, window: MainWindow, preferences: Preferences, paths: Paths
) -> SpellingDesk:
    """Return what looks for misspelt words in every field."""
    desk = SpellingDesk(app, preferences, paths.spelling, window)
    desk.failed.connect(lambda error: window.banner.show_error(Topic.STORAGE, error))
    return desk
