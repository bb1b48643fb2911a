"""A window with its servers: real settings, real connections, a stand-in Ollama on real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytestqt.qtbot import QtBot

from desktop.config.secrets import Secrets
from desktop.config.store import SettingsStore
from desktop.domain.connection import Connection
from desktop.domain.settings import Settings
from desktop.services.connections import Connections
from desktop.ui.server_row import ServerRow
from desktop.ui.servers_desk import ServersDesk
from desktop.ui.servers_tab import ServersTab
from desktop.ui.settings_connections import ConnectionsSection
from desktop.ui.settings_page import SettingsPage
from tests.ui.desk import Desk

WAIT = 20_000
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there."""


@dataclass
class Room:
    """Everything about servers in one window."""

    desk: Desk
    connections: Connections
    servers: ServersDesk
    section: ConnectionsSection
    page: SettingsPage
    tab: ServersTab

    def look(self) -> None:
        """Show the settings, at the servers."""
        self.page.show()

    def settle(self, qtbot: QtBot) -> None:
        """Wait until every server has answered, or has not."""
        qtbot.waitUntil(lambda: not self.servers._asking, timeout=WAIT)

    def row(self, name: str) -> ServerRow:
        row = self.section.row(name)
        assert row is not None
        return row

    @property
    def kept(self) -> tuple[Connection, ...]:
        """The servers on the disk."""
        return SettingsStore(self.desk.paths.settings).load().connections.servers

    @property
    def settings(self) -> Settings:
        return self.desk.preferences.value


@contextmanager
def open_room(desk: Desk, qtbot: QtBot, ollama: str = NOWHERE) -> Iterator[Room]:
    """Open the settings and the tab upon the data of `desk`; `ollama` is the address of one."""
    preferences = desk.preferences
    connections = Connections(
        lambda: preferences.value, preferences.change, Secrets(), {"OLLAMA_HOST": ollama}
    )
    servers = ServersDesk(desk.window, connections, preferences)
    section = servers.make_section()
    page, tab = SettingsPage([section]), ServersTab()
    for widget in (page, tab):
        qtbot.addWidget(widget)
        widget.resize(860, 900)
    page.changed.connect(preferences.change)
    preferences.changed.connect(page.show_settings)
    page.show_settings(preferences.value)
    servers.attach_tab(tab)
    try:
        yield Room(desk, connections, servers, section, page, tab)
    finally:
        servers.close()
        connections.close()
