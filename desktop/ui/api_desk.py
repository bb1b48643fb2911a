"""Connects the local server with the settings, the tray, and the sign in the sidebar. GUI thread.

Starting, stopping and the keyring wait, so they are done in lanes of errands. The server tells of
itself in threads of its own; here that is taken in a few times a second at most.
"""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication

from desktop.domain.api import ServerPhase, ServerState
from desktop.domain.settings import ApiSettings, Settings
from desktop.system.network_links import own_addresses
from desktop.ui.api_key_panel import KeyWish
from desktop.ui.api_sign import ApiSign
from desktop.ui.errands import Errand, Errands
from desktop.ui.preferences import Preferences
from desktop.ui.throttle import Throttle
from desktop.ui.translation import say

if TYPE_CHECKING:
    from desktop.services.local_api import LocalApi
    from desktop.ui.settings_api import ApiSection
    from desktop.ui.tray_api import TrayApiMenu

__all__ = ["ApiDesk"]

_MOVING, _KEY, _CHANGING = "local api", "key of the local api", "origins of the local api"
_PAUSE_MS = 150
_PATIENCE = 3.0


class ApiDesk(QObject):
    """The server follows the settings, whoever changes them; everybody here shows what came of it."""

    settings_requested = Signal()
    """The part of the settings that is about the server is to be shown."""
    announced = Signal(str)
    """(words): the server could not be started; to be told where it is seen."""

    _told = Signal(object)

    def __init__(
        self,
        api: "LocalApi",
        preferences: Preferences,
        menu: "TrayApiMenu",
        parent: QObject | None = None,
    ) -> None:
        """Start the server if it is set to be on. `menu` is the part of the tray's menu."""
        super().__init__(parent)
        self._api = api
        self._preferences = preferences
        self._menu = menu
        self._section: ApiSection | None = None
        self._errands = Errands(self)
        self._phase = ServerPhase.OFF
        self._followed = ApiSettings()
        self.sign = ApiSign()
        """Belongs where the chats are listed."""
        self._throttle = Throttle(self._show, _PAUSE_MS, self)
        self._told.connect(lambda _state: self._throttle.call(), Qt.ConnectionType.QueuedConnection)
        api.watch(self._told.emit)
        menu.switched.connect(self._turn)
        menu.copy_requested.connect(lambda address: QGuiApplication.clipboard().setText(address))
        menu.settings_requested.connect(self.settings_requested)
        self.sign.clicked.connect(self.settings_requested)
        preferences.changed.connect(self._on_settings_changed)
        self._on_settings_changed(preferences.value)

    def make_section(self) -> "ApiSection":
        """Make the part of the settings that is about the server."""
        from desktop.ui.settings_api import ApiSection

        section = self._section = ApiSection()
        section.looked_at.connect(self._show_section)
        section.retry_wanted.connect(self._follow)
        section.page_wanted.connect(lambda address: QDesktopServices.openUrl(QUrl(address)))
        section.key_wished.connect(self._on_key_wished)
        section.example_key_wanted.connect(self._on_example_wanted)
        section.origin_allowed.connect(self._on_origin_allowed)
        section.cleared.connect(self._api.clear_accesses)
        return section

    def close(self) -> None:
        """Stop the server and end what works in the background; waits a moment; idempotent."""
        self._throttle.cancel()
        # It may be waiting for a keyring, whose dialog nobody answers any more.
        end = threading.Thread(target=self._api.close, name="end of the local api", daemon=True)
        end.start()
        end.join(_PATIENCE)
        self._errands.close()

    # The settings.

    def _turn(self, on: bool) -> None:
        self._preferences.change(lambda now: replace(now, api=replace(now.api, enabled=on)))
        # The menu has ticked itself, whatever is so.
        self._menu.show_wish(enabled=self._preferences.value.api.enabled)

    def _on_settings_changed(self, settings: Settings) -> None:
        wanted, before = settings.api, self._followed
        self._followed = wanted
        self._menu.show_wish(enabled=wanted.enabled)
        if _place(wanted) != _place(before):
            self._follow()

    def _follow(self) -> None:
        settings = self._preferences.value
        self._errands.run(_MOVING, lambda _errand: self._api.follow(settings), _ignore, _ignore)

    # What the server is and does.

    def _show(self) -> None:
        state = self._api.state
        self.sign.show_state(state)
        self._menu.show_state(state)
        if state.phase is ServerPhase.FAILED and self._phase is not ServerPhase.FAILED:
            self._tell_failure(state)
        self._phase = state.phase
        if self._section is not None and self._section.isVisible():
            self._show_section()

    def _tell_failure(self, state: ServerState) -> None:
        is_seen = self._section is not None and self._section.isVisible()
        if state.error is not None and not is_seen:
            self.announced.emit(say(state.error.title))

    def _show_section(self) -> None:
        section = self._section
        if section is not None:
            section.show_state(self._api.state)
            section.show_own(own_addresses())
            section.show_refused(self._api.refused_origins)
            section.show_accesses(self._api.accesses)

    def _on_origin_allowed(self, origin: str) -> None:
        self._errands.run(
            _CHANGING,
            lambda _errand: self._api.allow_origin(origin),
            _ignore,
            _ignore,
            queued=True,
        )

    # The key.

    def _on_key_wished(self, wish: KeyWish) -> None:
        section, api = self._section, self._api
        if section is None:
            return

        def ask(_errand: Errand) -> str:
            return api.renew_key() if wish is KeyWish.RENEW else api.key()

        self._errands.run(
            _KEY,
            ask,
            lambda key: section.take_key(key, wish),
            section.show_key_problem,
            queued=True,
        )

    def _on_example_wanted(self) -> None:
        section, api = self._section, self._api
        if section is not None:
            self._errands.run(
                _KEY,
                lambda _errand: api.key(),
                section.take_example_key,
                section.show_example_problem,
                queued=True,
            )


def _place(wanted: ApiSettings) -> tuple[str, int] | None:
    return (wanted.host, wanted.port) if wanted.enabled else None


def _ignore(_none: object) -> None:
    """Have no use for it: the state tells."""
