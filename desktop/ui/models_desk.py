"""The Models page of the window and everything behind it. GUI thread.

The manager is made in another thread, since it takes a while to load; the page when it is first
wanted. Downloads go on whether the page is shown or not.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from desktop.base.paths import Paths
from desktop.domain.engine import EngineMemory, EngineState
from desktop.domain.errors import LapisError
from desktop.ui.banner import Topic
from desktop.ui.downloads_controller import DownloadsController
from desktop.ui.errands import Errand, Errands
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.taskbar import taskbar_progress
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.services.model_manager import ModelManager
    from desktop.ui.installed_controller import InstalledController
    from desktop.ui.known_models import KnownModels
    from desktop.ui.models_page import ModelsPage
    from desktop.ui.servers_desk import ServersDesk

__all__ = ["ModelsDesk"]

_INSTALLED = 1
_SERVERS = 3
_PATIENCE = 2.0


class ModelsDesk(QObject):
    """Owns the manager, the errands and the controllers."""

    chosen = Signal(object)
    """(InstalledModel): it is to be used."""
    memory_wanted = Signal()
    progress_told = Signal(str, float)
    """(words, share from 0 to 1): how far the downloads are, empty for none; for the tray."""
    announced = Signal(str)
    """(words): for a notification."""
    opened = Signal()
    """The manager is there, and so are the downloads."""

    def __init__(
        self,
        app: QApplication,
        window: MainWindow,
        make_manager: "Callable[[], ModelManager]",
        preferences: Preferences,
        own: OwnSettings,
        paths: Paths,
        engine_memory: Callable[[], EngineMemory | None],
    ) -> None:
        """Begin to make the manager; `make_manager` is called in another thread.

        `engine_memory` returns at once what the engine process holds, None for none.
        """
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._own = own
        self._paths = paths
        self._engine_memory = engine_memory
        self._state = EngineState()
        self._errands = Errands(self)
        self._taskbar = taskbar_progress(app, sys.platform)
        self._made: list[ModelManager] = []
        self._downloads: DownloadsController | None = None
        self._page: ModelsPage | None = None
        self._installed: InstalledController | None = None
        self._known: KnownModels | None = None
        self._servers: ServersDesk | None = None
        self._title = ""
        self._is_wanted = False

        def make(_errand: Errand) -> None:
            self._made.append(make_manager())

        self._errands.run("start", make, lambda _none: self._begin(), self._tell)

    def show(self) -> None:
        """Show the page in the window, as soon as there is a manager."""
        if self._downloads is None:
            self._is_wanted = True
            return
        page = self._page or self._make(self._made[0], self._downloads)
        self._window.show_page(page, self._title or page.accessibleName(), place="models")
        page.take_focus()
        if self._known is not None:
            # Other programs may have taken memory since, or given it back.
            self._known.read()
        if self._installed is not None:
            self._installed.refresh()

    @property
    def parts(self) -> "tuple[ModelManager, DownloadsController, Errands] | None":
        """The manager, the downloads, and who works for them; None before `opened`."""
        if self._downloads is None or not self._made:
            return None
        return self._made[0], self._downloads, self._errands

    def show_installed(self, name: str = "") -> None:
        """Show the page with what is installed, and there the model `name`."""
        self.show()
        if self._page is not None and self._installed is not None:
            self._page.show_tab(_INSTALLED)
            self._installed.choose(name)

    def attach_servers(self, servers: "ServersDesk") -> None:
        """Take the servers, whose tab is filled once there is one."""
        self._servers = servers
        servers.tab_wanted.connect(self.show_servers)
        if self._page is not None:
            servers.attach_tab(self._page.servers)

    def show_servers(self) -> None:
        """Show the page with what servers have."""
        self.show()
        if self._page is not None:
            self._page.show_tab(_SERVERS)
            self._page.take_focus()

    def set_engine(self, state: EngineState) -> None:
        """Mark the model that is in memory."""
        self._state = state
        if self._installed is not None:
            self._installed.set_engine(state)
        if self._known is not None:
            self._known.set_engine(state)

    def close(self) -> None:
        """Stop downloads and errands, keep what they have; idempotent."""
        if self._downloads is not None:
            self._downloads.close()
        self._errands.close()
        for manager in self._made:
            manager.close(_PATIENCE)
        self._made.clear()

    def _begin(self) -> None:
        """Watch the downloads, finish what earlier runs left, and go on with what they began."""
        (manager,) = self._made
        downloads = self._downloads = DownloadsController(manager.downloads, self)
        downloads.progress_told.connect(self._on_progress_told)
        downloads.announced.connect(self._on_announced)

        def settle(_errand: Errand) -> None:
            manager.shelf.settle()
            manager.downloads.resume_interrupted()
            manager.packs.settle(resume=True)

        self._errands.run("settle", settle, lambda _none: None, self._tell)
        if self._is_wanted:
            self.show()
        self.opened.emit()

    def _make(  # noqa: PLR0915 - one line for each part that is put together, and its wires
        self, manager: "ModelManager", downloads: DownloadsController
    ) -> "ModelsPage":
        from desktop.ui.connection_controller import ConnectionController
        from desktop.ui.discover_controller import DiscoverController
        from desktop.ui.downloads_bar import DownloadsBar
        from desktop.ui.installed_cards import InstalledCards
        from desktop.ui.installed_controller import InstalledController
        from desktop.ui.installed_figures import InstalledFigures
        from desktop.ui.installed_tab import InstalledTab
        from desktop.ui.known_models import KnownModels
        from desktop.ui.model_page_controller import ModelPageController
        from desktop.ui.models_page import ModelsPage
        from desktop.ui.this_computer_controller import ThisComputerController
        from desktop.ui.this_computer_tab import ThisComputerTab
        from desktop.ui.twin_search import TwinSearch

        errands = self._errands
        tab, computer, bar = InstalledTab(), ThisComputerTab(), DownloadsBar()
        page = ModelsPage(tab, computer, bar)
        self._page = page
        if self._servers is not None:
            self._servers.attach_tab(page.servers)
        downloads.attach(bar)
        bar.use_requested.connect(lambda key: self._use_download(manager, downloads, key))
        known = self._known = KnownModels(
            manager, downloads, errands, self._preferences, page, self._engine_memory
        )
        known.failed.connect(self._tell)
        pages = ModelPageController(page, known, manager, downloads, errands)
        discover = DiscoverController(
            page.discover, pages, known, manager, downloads, errands, self._preferences
        )
        for part in (pages, discover):
            part.failed.connect(self._tell)
            part.installed_wanted.connect(self.show_installed)
        connection = ConnectionController(page, known, manager, errands, self._preferences)
        page.discover.connection_requested.connect(connection.open)
        connection.changed.connect(discover.ask_again)
        for each in (pages, connection):
            each.opened.connect(self._name_page)
        page.page_left.connect(lambda: self._name_page(""))
        installed = InstalledController(
            tab,
            manager.shelf,
            errands,
            lambda: any(each.is_active for each in manager.downloads.downloads),
        )
        installed.entries_changed.connect(known.set_entries)
        twins = TwinSearch(tab.tasks, manager.shelf, errands, installed.refresh)
        installed.entries_changed.connect(twins.look)
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
            self._own,
        )
        figures = InstalledFigures(tab, manager, known, errands, self._preferences, self._own)
        installed.entries_changed.connect(figures.set_entries)
        downloads.finished.connect(lambda _order: installed.refresh())
        ThisComputerController(computer, manager, errands, self._engine_bytes)
        page.closed.connect(self._window.show_talk)
        page.sidebar_requested.connect(self._window.toggle_sidebar)
        page.show_sidebar_button(visible=not self._window.is_sidebar_shown)
        self._window.sidebar_shown.connect(
            lambda shown: page.show_sidebar_button(visible=not shown)
        )
        self._window.shortcuts.undo.connect(self._on_undo)
        for answered in (page.discover.wished, page.model_page.wished, page.page_left):
            answered.connect(lambda *_wish: page.banner.solve(Topic.MODEL_CHOICE))
        self._installed = installed
        installed.set_engine(self._state)
        known.set_engine(self._state)
        return page

    def _engine_bytes(self) -> int:
        memory = self._engine_memory()
        return 0 if memory is None else memory.resident

    def _name_page(self, title: str) -> None:
        """Name what lies over the tabs in the title bar; empty for nothing."""
        self._title = title
        if self._page is not None:
            self._window.show_page_title(title or self._page.accessibleName())

    def _use_download(
        self, manager: "ModelManager", downloads: DownloadsController, key: str
    ) -> None:
        order = downloads.find(key)
        if order is None:
            return
        place = manager.shelf.folder / order.folder / Path(order.files[0].path).name
        self._errands.run(
            "use",
            lambda _errand: manager.shelf.find(str(place)).model,
            self.chosen.emit,
            self._tell,
        )

    def _on_progress_told(self, words: str, share: float, count: int) -> None:
        self._taskbar.set_progress(share, count)
        self.progress_told.emit(words, share)

    def _on_announced(self, words: str) -> None:
        """Tell what the person in front of the page cannot see."""
        if self._window.is_talk_shown or not self._window.isActiveWindow():
            self.announced.emit(words)

    def _on_undo(self) -> None:
        if self._installed is not None and not self._window.is_talk_shown:
            self._installed.undo()

    def _tell(self, error: LapisError) -> None:
        """Say it where the person is."""
        shown = self._page if not self._window.is_talk_shown else None
        banner = shown.banner if shown is not None else self._window.banner
        banner.show_error(Topic.MODEL_CHOICE, error)
