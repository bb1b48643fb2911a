"""The Models page of the window and everything behind it, made when it is first wanted. GUI thread.

Downloads go on whether the page is shown or not.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from desktop.base.paths import Paths
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError
from desktop.services.model_manager import ModelManager
from desktop.ui.banner import Topic
from desktop.ui.downloads_controller import DownloadsController
from desktop.ui.errands import Errands
from desktop.ui.preferences import Preferences
from desktop.ui.taskbar import taskbar_progress
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.discover_controller import DiscoverController
    from desktop.ui.installed_controller import InstalledController
    from desktop.ui.models_page import ModelsPage

__all__ = ["ModelsDesk"]

_INSTALLED = 1
_THIS_COMPUTER = 2
_PATIENCE = 2.0


class ModelsDesk(QObject):
    """Owns the errands and the controllers; the manager is given to it and closed by it."""

    chosen = Signal(object)
    """(InstalledModel): it is to be used."""
    memory_wanted = Signal()
    progress_told = Signal(str)
    """(words): how far the downloads are, empty for none; for the tray."""
    announced = Signal(str)
    """(words): for a notification."""

    def __init__(
        self,
        app: QApplication,
        window: MainWindow,
        manager: ModelManager,
        preferences: Preferences,
        paths: Paths,
        engine_memory: Callable[[], int],
    ) -> None:
        """Watch the downloads; the page is made by `show`.

        `engine_memory` returns at once the bytes that the engine process holds, 0 for none.
        """
        super().__init__(window)
        self._window = window
        self._manager = manager
        self._preferences = preferences
        self._paths = paths
        self._engine_memory = engine_memory
        self._state = EngineState()
        self._errands = Errands(self)
        self._taskbar = taskbar_progress(app, sys.platform)
        self._downloads = DownloadsController(manager.downloads, self)
        self._downloads.progress_told.connect(self._on_progress_told)
        self._downloads.announced.connect(self.announced)
        self._page: ModelsPage | None = None
        self._installed: InstalledController | None = None
        self._discover: DiscoverController | None = None
        self._errands.run("settle", lambda _errand: self._settle(), lambda _none: None, self._tell)

    def show(self) -> None:
        """Show the page in the window."""
        page = self._page or self._make()
        self._window.show_page(page, page.accessibleName())
        page.take_focus()
        if self._installed is not None:
            self._installed.refresh()

    def show_installed(self, name: str = "") -> None:
        """Show the page with what is installed, and there the model `name`."""
        self.show()
        if self._page is not None and self._installed is not None:
            self._page.show_tab(_INSTALLED)
            self._installed.choose(name)

    def set_engine(self, state: EngineState) -> None:
        """Mark the model that is in memory."""
        self._state = state
        if self._installed is not None:
            self._installed.set_engine(state)

    def close(self) -> None:
        """Stop downloads and errands, keep what they have; idempotent."""
        self._downloads.close()
        self._errands.close()
        self._manager.close(_PATIENCE)

    def _settle(self) -> None:
        """Finish what earlier runs left, and let interrupted downloads go on; in an errand."""
        self._manager.shelf.settle()
        self._manager.downloads.resume_interrupted()

    def _make(self) -> "ModelsPage":
        from desktop.ui.discover_controller import DiscoverController
        from desktop.ui.downloads_bar import DownloadsBar
        from desktop.ui.installed_cards import InstalledCards
        from desktop.ui.installed_controller import InstalledController
        from desktop.ui.installed_tab import InstalledTab
        from desktop.ui.known_models import KnownModels
        from desktop.ui.model_page_controller import ModelPageController
        from desktop.ui.models_page import ModelsPage
        from desktop.ui.this_computer_controller import ThisComputerController
        from desktop.ui.this_computer_tab import ThisComputerTab

        manager, errands, downloads = self._manager, self._errands, self._downloads
        tab, computer, bar = InstalledTab(), ThisComputerTab(), DownloadsBar()
        page = ModelsPage(tab, computer, bar)
        self._page = page
        downloads.attach(bar)
        bar.use_requested.connect(self._use_download)
        known = KnownModels(manager, downloads, errands, self._preferences, page)
        known.failed.connect(self._tell)
        pages = ModelPageController(page, known, manager, downloads, errands)
        discover = DiscoverController(
            page.discover, pages, known, manager, downloads, errands, self._preferences
        )
        for part in (pages, discover):
            part.failed.connect(self._tell)
            part.installed_wanted.connect(self.show_installed)
        pages.opened.connect(self._window.show_page_title)
        page.model_page_left.connect(lambda: self._window.show_page_title(page.accessibleName()))
        installed = InstalledController(tab, manager.shelf, errands, self._is_downloading)
        installed.entries_changed.connect(known.set_entries)
        installed.chosen.connect(self.chosen)
        installed.memory_wanted.connect(self.memory_wanted)
        tab.discover_requested.connect(lambda: page.show_tab(0))
        InstalledCards(
            tab,
            installed,
            manager.shelf,
            errands,
            lambda: self._preferences.value,
            lambda: manager.catalogue,
            self._paths.engine,
            lambda: known.language,
        )
        downloads.finished.connect(lambda _order: installed.refresh())
        beside = ThisComputerController(
            computer, manager.shelf, errands, self._paths.engine, self._engine_memory
        )
        page.tab_changed.connect(lambda tab: beside.refresh() if tab == _THIS_COMPUTER else None)
        page.closed.connect(self._window.show_talk)
        page.sidebar_requested.connect(self._window.toggle_sidebar)
        self._installed, self._discover = installed, discover
        installed.set_engine(self._state)
        known.read()
        return page

    def _use_download(self, key: str) -> None:
        order = self._downloads.find(key)
        if order is None:
            return
        place = self._manager.shelf.folder / order.folder / Path(order.files[0].path).name

        def use(found: object) -> None:
            self.chosen.emit(found)

        self._errands.run(
            "use", lambda _errand: self._manager.shelf.find(str(place)).model, use, self._tell
        )

    def _is_downloading(self) -> bool:
        return any(each.is_active for each in self._manager.downloads.downloads)

    def _on_progress_told(self, words: str, share: float, count: int) -> None:
        self._taskbar.set_progress(share, count)
        self.progress_told.emit(words)

    def _tell(self, error: LapisError) -> None:
        if self._installed is not None and not self._window.is_talk_shown:
            self._installed.say(error)
        else:
            self._window.banner.show_error(Topic.MODEL_CHOICE, error)
