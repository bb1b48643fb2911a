"""Other engines, and Lapis as a server for others, put together in the window. GUI thread."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.services.answering_parts import AnsweringParts, Serve
from desktop.services.local_api import LocalApi
from desktop.ui.api_desk import ApiDesk
from desktop.ui.preferences import Preferences
from desktop.ui.servers_desk import ServersDesk
from desktop.ui.window import MainWindow
from desktop.ui.window_pages import WindowPages

if TYPE_CHECKING:
    from desktop.config.secrets import Secrets
    from desktop.ui.desktop_room import DesktopRoom
    from desktop.ui.model_controller import ModelController
    from desktop.ui.models_desk import ModelsDesk

__all__ = ["ServersRoom"]


class ServersRoom(QObject):
    """Made in the second part of the start; asks no server, and listens only if it is set to."""

    model_chosen = Signal(object)
    """(InstalledModel): a served one is to answer from now on."""

    def __init__(
        self,
        window: MainWindow,
        pages: WindowPages,
        preferences: Preferences,
        parts: AnsweringParts,
        secrets: "Secrets",
        models: "ModelController",
        models_desk: "ModelsDesk",
        around: "DesktopRoom",
    ) -> None:
        """Connect the servers of `parts` with all places that show them."""
        super().__init__(window)
        self._window = window
        self._pages = pages
        self._preferences = preferences
        self._parts = parts
        self._secrets = secrets
        self._around = around
        self._api: ApiDesk | None = None
        self._models = models
        servers = self._servers = ServersDesk(window, parts.connections, preferences)
        servers.chosen.connect(self.model_chosen)
        servers.settings_wanted.connect(self._show_servers)
        pages.add_section(servers.make_section, late=True)
        models_desk.attach_servers(servers)
        around.set_hosts(servers.host_of)
        servers.attach_popup(around.popup_model)
        models.state_changed.connect(self._show_chosen)
        self._show_chosen()

    def open_api(self, serve: Serve) -> None:
        """Have the local server follow the settings; `serve` starts it."""
        preferences, around = self._preferences, self._around
        api = LocalApi(
            lambda: preferences.value, preferences.change, self._secrets, serve(self._parts)
        )
        desk = self._api = ApiDesk(api, preferences, around.api_menu, self)
        desk.settings_requested.connect(self._show_api)
        desk.announced.connect(around.announce)
        self._window.sidebar.add_sign(desk.sign)
        self._pages.add_section(desk.make_section, late=True)

    def close(self) -> None:
        """Stop listening, and end what is asked of servers for the window; idempotent."""
        if self._api is not None:
            self._api.close()
        self._servers.close()

    def _show_chosen(self, *_state: object) -> None:
        self._servers.show_chosen(self._models.general)

    def _show_servers(self) -> None:
        from desktop.ui.settings_connections import ConnectionsSection

        self._pages.open_settings(ConnectionsSection)

    def _show_api(self) -> None:
        from desktop.ui.settings_api import ApiSection

        self._pages.open_settings(ApiSection)
        self._window.bring_to_front()
