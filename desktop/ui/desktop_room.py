"""How Lapis is there on the desktop, put together: tray, popup, and the keys that call it.

Made in the second part of the start, after the window's first picture. GUI thread.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop.base.paths import Paths
from desktop.domain.hotkey import KeyAction, KeyStatus
from desktop.ui.chat_controller import ChatController
from desktop.ui.dock_icon import DockIcon
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.leaves_badge import Hosts
from desktop.ui.preferences import Preferences
from desktop.ui.presence import Presence
from desktop.ui.talk_room import TalkRoom
from desktop.ui.tray_desk import TrayDesk, login_service
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController

if TYPE_CHECKING:
    from desktop.ui.engine_room import EngineRoom
    from desktop.ui.key_room import KeyRoom
    from desktop.ui.model_controller import ModelController
    from desktop.ui.popup_model import PopupModel
    from desktop.ui.settings_general import GeneralSection
    from desktop.ui.tray_api import TrayApiMenu

__all__ = ["DesktopRoom"]

_KEYS_SHOWN_MS: Final = 300


class DesktopRoom(QObject):
    """Everything by which Lapis is reached without its window."""

    quit_requested = Signal()
    settings_requested = Signal()
    new_chat_requested = Signal()
    chat_wanted = Signal(int)
    """(chat): a quick question is to go on in the window."""
    model_dropped = Signal(object)
    """(Path)"""
    keys_opened = Signal(object)
    """(KeyDesk): keys can be shown, changed and proved from now on."""

    def __init__(
        self,
        window: MainWindow,
        desk: WindowController,
        talk: TalkRoom,
        engine: "EngineRoom",
        models: "ModelController",
        chats: ChatController,
        preferences: Preferences,
        paths: Paths,
        data_dir: Path | None,
        app_id: str,
        parent: QObject,
    ) -> None:
        """Show the tray icon and take the keys; `data_dir` is the folder Lapis was told to use."""
        super().__init__(parent)
        self._window = window
        self._talk = talk
        self._preferences = preferences
        self._paths = paths
        self._data_dir = data_dir
        self._keys: KeyRoom | None = None
        make_login = partial(login_service, paths, data_dir)
        self._tray = TrayDesk(window, engine.memory, chats, desk.list, models, make_login)
        tray = self._tray.tray
        tray.quit_requested.connect(self.quit_requested)
        tray.settings_requested.connect(self.settings_requested)
        tray.new_chat_requested.connect(self.new_chat_requested)
        talk.pages.add_section(self._tray.make_section)
        presence = self._presence = Presence(
            window, tray, chats, preferences, models, talk.library, self
        )
        presence.room.set_elsewhere(lambda chat: desk.chat == chat)
        presence.room.popup.help_requested.connect(lambda: talk.pages.show_help("popup"))
        presence.chat_wanted.connect(self.chat_wanted)
        presence.new_chat_wanted.connect(desk.new_chat)
        presence.model_dropped.connect(self.model_dropped)
        if sys.platform == "darwin":
            DockIcon(window, self)
        self._hotkeys = self._take_keys(app_id)
        QTimer.singleShot(_KEYS_SHOWN_MS, self, self._open_keys)

    @property
    def api_menu(self) -> "TrayApiMenu":
        """What the tray's menu has about the local server."""
        return self._tray.tray.menu.api

    @property
    def popup_model(self) -> "PopupModel":
        """The model of quick questions, with its menu."""
        return self._presence.room.popup.model

    def serve_general(self, serve: "Callable[[GeneralSection], None]") -> None:
        """Call `serve` with the general part of the settings, once it is made."""
        self._tray.serve_section(serve)

    def show_newer(self, version: str) -> None:
        """Say in the tray's menu which newer version of Lapis there is; empty for none."""
        self._tray.tray.menu.set_newer(version)

    def set_hosts(self, hosts: Hosts) -> None:
        """`hosts` tells by the name of a model which other computer reads what it is asked."""
        self._presence.room.popup.transcript.set_hosts(hosts)

    def toggle_popup(self) -> None:
        """Show the popup, bring it to the front, or hide it."""
        self._presence.toggle_popup()

    def call_popup(self) -> None:
        """Do that for a command from outside, unless the keys pause: it may be a key's."""
        if self._tray.refuses_keys():
            return
        self._presence.toggle_popup()
        if self._keys is not None:
            self._keys.tell_called()

    def show_downloads(self, words: str, share: float) -> None:
        """Tell in the tray how far the downloads are, from 0 to 1; no words for none."""
        self._tray.tray.show_downloads(words, share)

    def announce(self, words: str) -> None:
        """Show a notification of one line."""
        self._presence.announce(words)

    def show_window_unless_tray(self) -> None:
        """Show the window if no panel takes the icon: at login it may come later than we do."""
        self._presence.show_window_unless_tray()

    def put_window_away(self) -> None:
        """Do what closing the window means here."""
        self._presence.put_window_away()

    def hide(self) -> None:
        """Take the popup off the screen; idempotent."""
        self._presence.hide()

    def close_keys(self) -> None:
        """Give all keys back; idempotent."""
        if self._keys is not None:
            self._keys.close()
        self._hotkeys.close()

    def close(self) -> None:
        """Take the tray icon away, and end what runs for it and for the popup; idempotent."""
        self._tray.close()
        self._presence.close()

    def _take_keys(self, app_id: str) -> Hotkeys:
        from desktop.system.hotkey.factory import mechanism

        way = mechanism(os.environ, sys.platform, QGuiApplication.platformName(), app_id)
        hotkeys = Hotkeys(way, self._preferences, self)
        # Before anybody else hears of a press: the popup is waited for.
        hotkeys.activated.connect(self._on_key)
        self._tray.attach_keys(hotkeys)
        hotkeys.start()
        return hotkeys

    def _open_keys(self) -> None:
        """Make what shows keys and proves them; pages that are on show already hear of it."""
        from desktop.ui.key_room import KeyRoom

        keys = self._keys = KeyRoom(
            self._hotkeys,
            self._preferences,
            self._paths,
            self._data_dir,
            self._presence.announce,
            self,
        )
        self._talk.pages.attach_keys(keys.desk)
        around = self._presence.room.surroundings
        self._talk.pages.set_front(can_read=around.can_read, can_copy=around.can_copy)
        self.keys_opened.emit(keys.desk)
        self._hotkeys.result_changed.connect(self._show_key)
        self._preferences.changed.connect(self._show_key)
        self._show_key()

    def _show_key(self, *_news: object) -> None:
        """Name the key in the empty chat, if it works."""
        from desktop.ui.key_words import native

        result = self._hotkeys.results[KeyAction.ASK]
        is_there = result.status is KeyStatus.BOUND
        keys = result.keys or native(self._hotkeys.chord(KeyAction.ASK)) if is_there else ""
        self._window.transcript.empty_state.show_key(keys)

    def _on_key(self, action: KeyAction, token: str, time_ms: int) -> None:
        is_trial = self._keys is not None and self._keys.desk.swallows(action)
        if not is_trial:
            self._presence.on_key(action, token, time_ms)
