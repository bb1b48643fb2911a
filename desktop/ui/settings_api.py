"""The local server for other programs, on the settings page. GUI thread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent

from desktop.domain.api import Access, ServerState
from desktop.domain.errors import LapisError
from desktop.domain.settings import Settings
from desktop.ui.api_access_panel import ApiAccessPanel
from desktop.ui.api_examples_panel import ApiExamplesPanel
from desktop.ui.api_key_panel import ApiKeyPanel, KeyWish
from desktop.ui.api_origins_panel import ApiOriginsPanel
from desktop.ui.api_reach_panel import ApiReachPanel
from desktop.ui.api_state_panel import ApiStatePanel
from desktop.ui.settings_section import SettingsSection

__all__ = ["ApiSection"]


class ApiSection(SettingsSection):
    """What is set is told as `changed`, like all settings; what the server is asked, by the others."""

    help_topic = "api"
    looked_at = Signal()
    """It is about to be seen: answer with `show_state`, `show_accesses`, `show_own` …"""
    retry_wanted = Signal()
    page_wanted = Signal(str)
    """(address to open in a browser)"""
    key_wished = Signal(object)
    """(KeyWish): answer with `take_key`, or with `show_key_problem`."""
    example_key_wanted = Signal()
    """Answer with `take_example_key`, or with `show_example_problem`."""
    origin_allowed = Signal(str)
    cleared = Signal()

    def __init__(self) -> None:
        """Build everything, with nothing to show yet."""
        self._wanted = ""
        self._state = ApiStatePanel()
        self._key = ApiKeyPanel()
        self._reach = ApiReachPanel()
        self._origins = ApiOriginsPanel()
        self._accesses = ApiAccessPanel()
        self._examples = ApiExamplesPanel()
        super().__init__()
        for part in self._parts():
            self.column.addWidget(part)
        self._state.switched.connect(lambda on: self._set(enabled=on))
        self._state.port_wanted.connect(lambda port: self._set(port=port))
        self._state.retry_wanted.connect(self.retry_wanted)
        self._state.page_wanted.connect(self.page_wanted)
        self._key.wished.connect(self.key_wished)
        self._key.keyless_chosen.connect(lambda on: self._set(keyless=on))
        self._reach.port_chosen.connect(lambda port: self._set(port=port))
        self._reach.host_chosen.connect(lambda host: self._set(host=host))
        self._origins.allowed.connect(self.origin_allowed)
        self._origins.removed.connect(self._on_origin_removed)
        self._accesses.cleared.connect(self.cleared)
        self._examples.key_wanted.connect(self.example_key_wanted)
        self._settings = Settings()
        self._refused: tuple[str, ...] = ()

    def show_settings(self, settings: Settings) -> None:
        """Show what is set."""
        super().show_settings(settings)
        self._settings = settings
        api = settings.api
        self._state.show_wish(enabled=api.enabled)
        self._key.show_keyless(keyless=api.keyless)
        self._reach.show_settings(api)
        self._examples.show_settings(api)
        self.show_refused(self._refused)

    def show_state(self, state: ServerState) -> None:
        """Show how the server is."""
        self._state.show_state(state)
        self._key.show_kept(state.key_problem)

    def show_own(self, addresses: Sequence[str]) -> None:
        """Offer to listen at the `addresses` of this computer."""
        self._reach.show_own(addresses)

    def show_refused(self, origins: Sequence[str]) -> None:
        """Show which web pages and editors were refused."""
        self._refused = tuple(origins)
        self._origins.show_origins(self._settings.api.origins, self._refused)
        self.search(self._wanted)

    def show_accesses(self, accesses: Sequence[Access]) -> None:
        """Show what clients did, of which the last one is the newest."""
        self._accesses.show_accesses(accesses)

    def take_key(self, key: str, wish: KeyWish) -> None:
        """Do with the key what was wished for."""
        self._key.take_key(key, wish)

    def show_key_problem(self, error: LapisError) -> None:
        """Say why the key cannot be had."""
        self._key.show_problem(error)

    def take_example_key(self, key: str) -> None:
        """Copy the example with the key."""
        self._examples.take_key(key)

    def show_example_problem(self, error: LapisError) -> None:
        """Say why it cannot be copied."""
        self._examples.show_problem(error)

    def search(self, wanted: str) -> bool:
        """Show only the parts that have the words `wanted`."""
        self._wanted = wanted
        words = wanted.casefold().split()
        found = False
        for part in self._parts():
            said = f"{self.title} {part.words}".casefold()
            shown = all(word in said for word in words)
            if part is self._origins and self._origins.is_empty:
                shown = False
            part.setVisible(shown)
            found = found or shown
        return found

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Keep the key on show no longer than it is looked at."""
        super().hideEvent(event)
        self._key.hide_key()
        self._reach.hide_question()

    def say(self) -> None:
        self.title = self.tr("Local API")

    def _parts(self) -> tuple[Any, ...]:
        return (
            self._state,
            self._key,
            self._reach,
            self._origins,
            self._accesses,
            self._examples,
        )

    def _on_origin_removed(self, origin: str) -> None:
        left = tuple(each for each in self._settings.api.origins if each != origin)
        self._set(origins=left)

    def _set(self, **changes: Any) -> None:
        self.changed.emit(lambda now: replace(now, api=replace(now.api, **changes)))
