"""How Lapis is there on the desktop: tray icon, popup, and a window that closing only hides.

Made after the window's first picture. GUI thread.
"""

import os
import sys

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop.base.paths import APP_ID
from desktop.domain.engine import EngineState
from desktop.domain.hotkey import KeyAction
from desktop.domain.text import Text
from desktop.system.compositor import blends_windows
from desktop.system.hotkey.factory import mechanism
from desktop.ui.banner import Topic
from desktop.ui.chat_controller import ChatController
from desktop.ui.done_notice import DoneNotice
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.preferences import Preferences
from desktop.ui.tray import Tray
from desktop.ui.window import MainWindow

__all__ = ["Presence"]

_TRAY_TRIES = 20
_TRAY_TRY_MS = 500


class Presence(QObject):
    """Owns the popup, and decides what closing the window means where there is no tray."""

    chat_wanted = Signal(int)
    """(chat): a quick question is to go on in the window."""
    model_dropped = Signal(object)
    """(Path)"""

    def __init__(
        self,
        window: MainWindow,
        tray: Tray,
        chats: ChatController,
        preferences: Preferences,
        parent: QObject,
    ) -> None:
        """Show the tray icon; the popup is ready and hidden."""
        super().__init__(parent)
        self._window = window
        self._tray = tray
        self._preferences = preferences
        self._popup = Popup(translucent=blends_windows(QGuiApplication.platformName()))
        self._popups = PopupController(self._popup, chats, self)
        self._popups.chat_wanted.connect(self.chat_wanted)
        self._popup.composer.model_dropped.connect(self.model_dropped)
        tray.popup_requested.connect(self.toggle_popup)
        tray.window_requested.connect(window.bring_to_front)
        tray.chat_wanted.connect(self.chat_wanted)
        done = DoneNotice(chats, preferences, self)
        done.answer_finished_unseen.connect(tray.announce_answer)
        tray.show()
        qt_platform = QGuiApplication.platformName()
        keys = mechanism(os.environ, sys.platform, qt_platform, APP_ID)
        self._hotkeys = Hotkeys(keys, preferences, self)
        self._hotkeys.activated.connect(self.on_key)
        self._hotkeys.start()

    @property
    def hotkeys(self) -> Hotkeys:
        """The keys that work in any program."""
        return self._hotkeys

    def on_key(self, action: KeyAction, token: str, _time_ms: int) -> None:
        """Do what a key is for; the system waits for it."""
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        match action:
            case KeyAction.ASK | KeyAction.ASK_SELECTED:
                self.toggle_popup()
            case KeyAction.SHOW:
                self._window.bring_to_front()
            case _:
                pass

    def set_engine(self, state: EngineState) -> None:
        """Show in tray and popup who will answer."""
        self._tray.set_engine(state)
        self._popups.set_engine(state)

    def show_progress(self, words: str) -> None:
        """Tell in the tray how far the downloads are; empty for none."""
        self._tray.show_progress(words)

    def announce(self, words: str) -> None:
        """Show a notification of one line."""
        self._tray.announce(words)

    def toggle_popup(self) -> None:
        """Show the popup, bring it to the front, or hide it."""
        self._popups.toggle()

    def show_window_unless_tray(self) -> None:
        """Show the window if no panel takes the icon: at login it may come later than we do."""
        self._wait_for_tray(_TRAY_TRIES)

    def put_window_away(self) -> None:
        """Do what closing means: hide to the tray; without one, become small. Explained once."""
        first = not self._preferences.value.tray_hint_shown
        if self._tray.is_there():
            self._window.hide()
            if first:
                self._tray.explain_hiding()
        else:
            if first:
                self._window.banner.show_notice(
                    Topic.CLOSING,
                    Text("Lapis is still running"),
                    Text(
                        "This desktop has no tray, so closing makes the window small. Ctrl+Q "
                        "ends Lapis."
                    ),
                )
            self._window.showMinimized()
        self._preferences.set_hint_shown()

    def hide(self) -> None:
        """Take the popup off the screen and give the keys back; idempotent."""
        self._hotkeys.close()
        self._popup.hide()

    def close(self) -> None:
        """Take the tray icon away; idempotent."""
        self._tray.close()

    def _wait_for_tray(self, tries: int) -> None:
        if self._tray.is_there():
            return
        if tries == 0:
            self._window.bring_to_front()
            return
        QTimer.singleShot(_TRAY_TRY_MS, self, lambda: self._wait_for_tray(tries - 1))
