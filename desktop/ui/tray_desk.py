"""Connects the tray icon with what it shows and what is asked of it. GUI thread.

Made after the window's first picture; what has to be read is read in errands, before a menu opens.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, SignalInstance

from desktop.base.paths import DESKTOP_ID, Paths
from desktop.domain.engine import EngineMemory
from desktop.domain.errors import LapisError
from desktop.domain.history import ChatSummary
from desktop.domain.hotkey import KeyAction
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.start_at_login import StartAtLogin, start_command
from desktop.ui.chat_controller import ChatController
from desktop.ui.errands import Errands
from desktop.ui.icons import app_icon
from desktop.ui.login_desk import LoginDesk
from desktop.ui.model_controller import ModelController
from desktop.ui.panel_watch import PanelWatch
from desktop.ui.translation import say
from desktop.ui.tray import Tray
from desktop.ui.tray_menu import MOST_CHATS
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.settings_general import GeneralSection

__all__ = ["RecentChats", "TrayDesk", "TrayKeys", "login_service"]


class RecentChats(Protocol):
    """The part of `ui.sidebar_controller.SidebarController` that knows the chats."""

    @property
    def listed(self) -> SignalInstance:
        """Emitted when the chats were read again."""
        ...

    def recent(self, most: int) -> list[ChatSummary]:
        """Return those used last, the newest first."""
        ...


class TrayKeys(Protocol):
    """The part of `ui.hotkeys.Hotkeys` that the tray shows and pauses."""

    @property
    def result_changed(self) -> SignalInstance:
        """Emitted when a key became another one."""
        ...

    def chord(self, action: KeyAction) -> str:
        """Return the chord in force; empty for none."""
        ...

    def set_paused(self, paused: bool) -> None:
        """Give all keys back until resumed."""
        ...


class TrayDesk(QObject):
    """Owns what only the tray and the settings about it need."""

    def __init__(
        self,
        window: MainWindow,
        engine_memory: Callable[[], EngineMemory | None],
        chats: ChatController,
        recent: RecentChats,
        models: ModelController,
        make_login: Callable[[], StartAtLogin],
        *,
        environment: Mapping[str, str] = os.environ,
        platform: str = sys.platform,
    ) -> None:
        """Fill the menu, and keep it so; the icon is shown by whoever has the tray.

        `engine_memory` returns at once what the engine holds; `make_login` is called in another
        thread.
        """
        super().__init__(window)
        self._window = window
        self.tray = tray = Tray(app_icon(), engine_memory, self, platform=platform)
        self._recent = recent
        self._models = models
        self._environment, self._platform = environment, platform
        self._errands = Errands(self)
        self._panel = PanelWatch(self._errands, environment, platform, self)
        self._panel.tone_changed.connect(tray.set_tone)
        self.login = LoginDesk(self._errands, make_login, self)
        self.login.told.connect(lambda state, _advice: tray.set_login(state))
        self.login.failed.connect(self._on_login_failed)
        chats.running_changed.connect(tray.set_running)
        recent.listed.connect(self._show_chats)
        models.state_changed.connect(tray.set_engine)
        models.state_changed.connect(lambda _state: self._mark_model())
        models.refused.connect(self._on_refused)
        tray.model_wanted.connect(models.choose)
        tray.free_memory_requested.connect(models.free_memory)
        tray.login_wanted.connect(self.login.turn)
        tray.about_to_be_seen.connect(self._look)
        tray.models_requested.connect(self._show_models)
        self._found: Sequence[InstalledModel] = ()
        self._section: GeneralSection | None = None
        self._serve_section: Callable[[GeneralSection], None] | None = None
        tray.set_engine(models.state)
        tray.set_running(chats.running)
        self._show_chats()
        self._read_models()
        self._panel.look()
        self.login.start()

    def attach_keys(self, keys: TrayKeys) -> None:
        """Show the key that asks, and give the keys back while the person wants none."""

        def show(*_news: object) -> None:
            self.tray.set_key("" if self.tray.is_paused else keys.chord(KeyAction.ASK))

        self.tray.pause_changed.connect(keys.set_paused)
        self.tray.pause_changed.connect(show)
        # One chord in place of another is no other result.
        self.tray.about_to_be_seen.connect(show)
        keys.result_changed.connect(show)
        show()

    def refuses_keys(self) -> bool:
        """Return whether the person wants no key to do anything now, and say so.

        For keys that the desktop has: they run a command, and cannot be given back.
        """
        if self.tray.is_paused:
            self.tray.announce(self.tr("The keys are paused. The menu of Lapis ends the pause."))
        return self.tray.is_paused

    def serve_section(self, serve: "Callable[[GeneralSection], None]") -> None:
        """Call `serve` with the part of the settings about all this, once there is one."""
        self._serve_section = serve
        if self._section is not None:
            serve(self._section)

    def make_section(self) -> "GeneralSection":
        """Make the part of the settings that is about login and tray."""
        from desktop.ui.settings_general import GeneralSection

        section = GeneralSection(self._environment, self._platform)
        section.looked_at.connect(self.login.look)
        section.looked_at.connect(lambda: section.show_tray(is_there=self.tray.is_there()))
        section.login_wanted.connect(self.login.turn)
        self.login.told.connect(section.show_login)
        self.login.failed.connect(section.show_problem)
        self._section = section
        if self._serve_section is not None:
            self._serve_section(section)
        return section

    def close(self) -> None:
        """End the errands; idempotent."""
        self._errands.close()

    def _look(self) -> None:
        self._read_models()
        self._panel.look()
        self.login.look()

    def _show_models(self) -> None:
        self._window.models_requested.emit()
        self._window.bring_to_front()

    def _show_chats(self) -> None:
        self.tray.set_chats(self._recent.recent(MOST_CHATS))

    def _read_models(self) -> None:
        self._errands.run(
            "tray models", lambda _errand: self._models.models(), self._take_models, _let_be
        )

    def _take_models(self, models: Sequence[InstalledModel]) -> None:
        self._found = models
        self._mark_model()

    def _mark_model(self) -> None:
        chosen = self._models.general
        if chosen is not None:
            # Since it was chosen another name may have been taken by it, or another size.
            chosen = next((each for each in self._found if each.path == chosen.path), chosen)
        self.tray.set_models(self._found, chosen)

    def _on_refused(self, error: LapisError) -> None:
        """Say it where it is seen: the window says it too."""
        self._mark_model()
        if not self._window.isVisible() or self._window.isMinimized():
            self.tray.announce(say(error.title))

    def _on_login_failed(self, error: LapisError) -> None:
        if not self._window.isActiveWindow():
            self.tray.announce(say(error.title))


def login_service(paths: Paths, data_dir: Path | None) -> StartAtLogin:
    """Return what starts this Lapis at login; `data_dir` if it was told to use one."""
    from desktop.system.login.factory import login_item

    why = say(Text("Lapis answers as soon as its key is pressed."))
    item = login_item(os.environ, sys.platform, DESKTOP_ID, paths, why)
    return StartAtLogin(item, start_command(data_dir=data_dir))


def _let_be(_error: LapisError) -> None:
    """Leave the menu as it was: what cannot be listed now is said where models are managed."""
