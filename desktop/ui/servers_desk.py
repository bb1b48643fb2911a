"""Servers in the window: the settings, the tab, the menus, and where words leave. GUI thread.

Nothing is asked of a server before somebody looks at one.
"""

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from desktop.domain.connection import Connection, ServerKind
from desktop.domain.errors import LapisError, ModelNotFound
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.connections import Connections
from desktop.services.server_names import installed, leaves_to, read_name
from desktop.ui.errands import Errand, Errands
from desktop.ui.preferences import Preferences
from desktop.ui.server_view import ServerView
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.popup_model import PopupModel
    from desktop.ui.server_settings import ServerSettings
    from desktop.ui.servers_tab import ServersTab
    from desktop.ui.settings_connections import ConnectionsSection

__all__ = ["ServersDesk"]

_FRESH_SECONDS = 10.0
_MOST_DETAILS = 40


class ServersDesk(QObject):
    """Owns the errands; `connections` belong to whoever made them, and are closed after these."""

    chosen = Signal(object)
    """(InstalledModel): it is to answer."""
    tab_wanted = Signal()
    """All models of all servers are to be shown."""
    settings_wanted = Signal()
    """The settings are to be shown, at the servers: then `section` is there."""

    _heard = Signal()

    def __init__(
        self, window: MainWindow, connections: Connections, preferences: Preferences
    ) -> None:
        """Ask nobody yet."""
        super().__init__(window)
        self._window = window
        self._connections = connections
        self._preferences = preferences
        self._errands = Errands(self)
        self._asking: set[str] = set()
        self._asked_at: dict[str, float] = {}
        self._asked_sight: set[str] = set()
        self._section: ConnectionsSection | None = None
        self._settings: ServerSettings | None = None
        self._tab: ServersTab | None = None
        self._popup_model: PopupModel | None = None
        self._chosen: InstalledModel | None = None
        self._listed: tuple[InstalledModel, ...] = ()
        self._was_offline = preferences.value.connections.offline
        self._heard.connect(self._on_heard, Qt.ConnectionType.QueuedConnection)
        connections.watch(self._heard.emit)
        preferences.changed.connect(self._on_settings_changed)
        menu = window.header.model_menu
        menu.about_to_fill.connect(self.ask_soon)
        menu.servers_requested.connect(self.tab_wanted)
        window.transcript.set_hosts(self.host_of)
        window.composer.sight.sight_wanted.connect(self._ask_sight)

    def make_section(self) -> "ConnectionsSection":
        """Return the part of the settings, made once."""
        from desktop.ui.server_settings import ServerSettings
        from desktop.ui.settings_connections import ConnectionsSection

        section = self._section = ConnectionsSection()
        settings = ServerSettings(section, self._connections, self._errands, self.find)
        settings.ask_wanted.connect(self.ask)
        settings.changed.connect(self._show)
        section.looked_at.connect(self._on_looked_at)
        self._settings = settings
        self._show()
        return section

    def attach_tab(self, tab: "ServersTab") -> None:
        """Fill the tab of the Models page."""
        from desktop.ui.servers_controller import ServersController

        self._tab = tab
        controller = ServersController(tab, self._connections, self._errands, self.find)
        controller.chosen.connect(self.chosen)
        tab.looked_at.connect(self._on_looked_at)
        tab.ask_requested.connect(self.ask)
        tab.add_requested.connect(self.enter_server)
        self._show()
        self.show_chosen(self._chosen)

    def attach_popup(self, model: "PopupModel") -> None:
        """Ask the servers as well when the menu of quick questions is opened."""
        self._popup_model = model
        model.about_to_fill.connect(self.ask_soon)

    def show_chosen(self, model: InstalledModel | None) -> None:
        """Mark the model that answers."""
        self._chosen = model
        if self._tab is not None:
            name = read_name(model.name) if model is not None else None
            server = model.server if model is not None else ""
            self._tab.show_chosen(server, name.model if name is not None else "")

    def enter_server(self) -> None:
        """Show the settings with an empty form for a server."""
        self.settings_wanted.emit()
        if self._settings is not None:
            self._settings.begin()

    def find(self, name: str) -> Connection | None:
        """Return the connection of that name."""
        return next((each for each in self._connections.all() if each.name == name), None)

    def host_of(self, model: str) -> str:
        """Return the host that reads what the model of that name is asked; empty: none."""
        try:
            found = self._connections.find(model)
        except ModelNotFound:
            # Its server is gone, and with it what was known of the way there.
            return ""
        return found.leaves_to if found is not None else ""

    def ask(self, name: str) -> None:
        """Ask the server `name` what it has; the answer is shown when it comes."""
        connection = self.find(name)
        if name in self._asking or connection is None or self._is_held(connection):
            return
        self._asking.add(name)
        self._asked_at[name] = time.monotonic()
        connections = self._connections

        def done(_result: LapisError | None) -> None:
            self._asking.discard(name)
            self._show()
            self._ask_details(name)

        self._errands.run(
            f"servers-ask-{name}", lambda _errand: connections.refresh(name), done, done
        )
        self._show()

    def ask_soon(self) -> None:
        """Ask all servers that were not asked in the last seconds."""
        now = time.monotonic()
        for connection in self._connections.all():
            asked = self._asked_at.get(connection.name)
            if asked is None or now - asked > _FRESH_SECONDS:
                self.ask(connection.name)

    def views(self) -> tuple[ServerView, ...]:
        """Return all servers as they are known now."""
        return tuple(self._view(each) for each in self._connections.all())

    def close(self) -> None:
        """End what is under way, and show nothing more; idempotent."""
        self._section = self._settings = self._tab = self._popup_model = None
        self._errands.close()

    def _ask_details(self, name: str) -> None:
        """Ask an Ollama what its list leaves out, where that is seen."""
        connection, connections = self.find(name), self._connections
        if connection is None or connection.kind is not ServerKind.OLLAMA:
            return
        if self._tab is None or not self._tab.isVisible():
            return
        unknown = [each for each in connections.served(name) if not each.context][:_MOST_DETAILS]

        def ask(errand: Errand) -> None:
            for served in unknown:
                if errand.stop.is_set():
                    return
                connections.details(installed(connection, served))

        if unknown:
            # Where one of them cannot be had, the list says what there is.
            self._errands.run(f"servers-details-{name}", ask, _nothing, _nothing)

    def _ask_sight(self, model: InstalledModel) -> None:
        """Ask once whether a model takes pictures: some are to be shown to it."""
        if not model.is_served or model.name in self._asked_sight:
            return
        self._asked_sight.add(model.name)
        connections = self._connections
        # Where that cannot be had, it is tried with the question.
        self._errands.run(
            "servers-sight", lambda _errand: connections.details(model), _nothing, _nothing
        )

    def _view(self, connection: Connection) -> ServerView:
        name, connections = connection.name, self._connections
        problem = connections.problem(name)
        return ServerView(
            connection,
            connections.served(name),
            connections.answers(name),
            problem,
            name in self._asking,
            self._is_held(connection),
        )

    def _is_held(self, connection: Connection) -> bool:
        """Return whether the offline switch keeps everything from a server."""
        return self._preferences.value.connections.offline and bool(leaves_to(connection.address))

    def _on_settings_changed(self, settings: Settings) -> None:
        is_offline = settings.connections.offline
        if self._was_offline and not is_offline:
            # What was known of other computers is as old as the switch.
            self._asked_at.clear()
            if any(each is not None and each.isVisible() for each in (self._section, self._tab)):
                self.ask_soon()
        self._was_offline = is_offline
        self._show()

    def _on_looked_at(self) -> None:
        self._show()
        self.ask_soon()

    def _on_heard(self) -> None:
        self._show()
        self._window.composer.sight.look_again()
        menu, models = self._window.header.model_menu, self._connections.models()
        if models != self._listed:
            if menu.isVisible():
                menu.about_to_fill.emit()
            if self._popup_model is not None and self._popup_model.is_open:
                self._popup_model.about_to_fill.emit()
        self._listed = models

    def _show(self) -> None:
        if self._section is None and self._tab is None:
            return
        views = self.views()
        if self._section is not None:
            self._section.show_servers(views)
        if self._tab is not None:
            self._tab.show_servers(views)


def _nothing(_result: object) -> None:
    """Have no use for what came of it."""
