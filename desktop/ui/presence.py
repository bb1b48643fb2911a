"""How Lapis is there on the desktop: tray icon, popup, keys, and a window that closing only hides.

Made after the window's first picture. GUI thread.
"""

import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop.domain.hotkey import KeyAction
from desktop.domain.text import Text
from desktop.services.hotkey import desktop_of
from desktop.system.front.base import Front
from desktop.ui.banner import Topic
from desktop.ui.chat_controller import ChatController
from desktop.ui.done_notice import DoneNotice
from desktop.ui.popup_controller_model import KnowsModels
from desktop.ui.popup_room import HasActions, PopupRoom
from desktop.ui.preferences import Preferences
from desktop.ui.shortcuts import QUIT_KEYS, native
from desktop.ui.translation import say
from desktop.ui.tray import Tray
from desktop.ui.tray_words import how_to_get_a_tray
from desktop.ui.window import MainWindow

__all__ = ["Presence"]

_TRAY_TRIES = 20
_TRAY_TRY_MS = 500


class Presence(QObject):
    """Owns the popup, and decides what closing the window means where there is no tray."""

    chat_wanted = Signal(int)
    """(chat): a quick question is to go on in the window."""
    new_chat_wanted = Signal()
    """A key asks for a new chat; the window is in front already."""
    model_dropped = Signal(object)
    """(Path)"""

    def __init__(
        self,
        window: MainWindow,
        tray: Tray,
        chats: ChatController,
        preferences: Preferences,
        models: KnowsModels,
        library: HasActions,
        parent: QObject,
        *,
        front: Front | None = None,
    ) -> None:
        """Show the tray icon; the popup is ready and hidden. `front` None: that of this system."""
        super().__init__(parent)
        self._window = window
        self._tray = tray
        self._chats = chats
        self._preferences = preferences
        self.room = room = PopupRoom(chats, preferences, models, library, front or _front(), self)
        room.chat_wanted.connect(self.chat_wanted)
        room.model_dropped.connect(self.model_dropped)
        room.models_wanted.connect(lambda: self._show_in_window(window.models_requested.emit))
        room.actions_wanted.connect(lambda: self._show_in_window(library.show_actions))
        room.said.connect(self._on_said)
        tray.popup_requested.connect(self.toggle_popup)
        tray.window_requested.connect(window.bring_to_front)
        tray.chat_wanted.connect(self.chat_wanted)
        done = DoneNotice(chats, preferences, self)
        done.answer_finished_unseen.connect(tray.announce_answer)
        tray.show()

    def announce(self, words: str) -> None:
        """Show a notification of one line."""
        self._tray.announce(words)

    def toggle_popup(self) -> None:
        """Show the popup, bring it to the front, or hide it."""
        self.room.call()

    def on_key(self, action: KeyAction, token: str, time_ms: int) -> None:
        """Do what a key is for; called while the system waits, so nothing here takes time.

        `token` lets a window of ours come to the front where the desktop asks for one; `time_ms`
        is when the key was pressed, as the system counts it.
        """
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        match action:
            case KeyAction.ASK:
                self.room.call(time_ms)
            case KeyAction.ASK_SELECTED:
                self.room.call(time_ms, selected=True)
            case KeyAction.NEW_CHAT:
                self._window.bring_to_front()
                self.new_chat_wanted.emit()
            case KeyAction.SHOW:
                self._window.bring_to_front()
            case KeyAction.STOP:
                for chat in self._chats.running:
                    self._chats.stop(chat)

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
                self._tell_no_tray(
                    Text(
                        "Lapis is still running: without a tray, closing makes the window small. "
                        "{keys} ends it.",
                        {"keys": native(QUIT_KEYS)},
                    )
                )
            self._window.showMinimized()
        self._preferences.set_hint_shown()

    def hide(self) -> None:
        """Take the popup off the screen; idempotent."""
        self.room.hide()

    def close(self) -> None:
        """End what runs for the popup, and take the tray icon away; idempotent."""
        self.room.close()
        self._tray.close()

    def _show_in_window(self, show: Callable[[], object]) -> None:
        show()
        self._window.bring_to_front()

    def _on_said(self, words: Text) -> None:
        """Say what became of something in the popup, which is hidden by now."""
        if self._tray.is_there():
            self._tray.announce(say(words))
        else:
            self.room.tell(words)

    def _tell_no_tray(self, what: Text) -> None:
        """Say `what` is so, and how a person gets a tray."""
        how = how_to_get_a_tray(desktop_of(os.environ))
        self._window.banner.show_notice(Topic.CLOSING, what, how)

    def _wait_for_tray(self, tries: int) -> None:
        if self._tray.is_there():
            return
        if tries == 0:
            self._window.bring_to_front()
            if not self._preferences.value.tray_hint_shown:
                self._tell_no_tray(
                    Text("This desktop shows no icons of programs, so Lapis keeps its window.")
                )
                self._preferences.set_hint_shown()
            return
        QTimer.singleShot(_TRAY_TRY_MS, self, lambda: self._wait_for_tray(tries - 1))


def _front() -> Front:
    """Return the way to the program in front on this system; what it stands on comes later."""
    from desktop.system.front.factory import front

    return front(os.environ, sys.platform, QGuiApplication.platformName())
