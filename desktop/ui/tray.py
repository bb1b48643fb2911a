"""The icon in the tray, its tooltip, its menu, and what it says by itself. GUI thread."""

import sys
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QSystemTrayIcon

from desktop.domain.engine import EngineMemory, EngineState
from desktop.domain.history import ChatSummary
from desktop.domain.model import InstalledModel
from desktop.system.login.base import LoginState
from desktop.system.panel import Tone
from desktop.ui.tray_icon import TrayPicture, tray_icon, tray_picture
from desktop.ui.tray_menu import TrayMenu
from desktop.ui.tray_words import model_line, tooltip

__all__ = ["Tray"]

_SAME_CLICK_SECONDS = 0.3
_REFRESH_MS = 2000


class Tray(QObject):
    """The one `QSystemTrayIcon`; a panel that starts later takes it up by itself."""

    popup_requested = Signal()
    window_requested = Signal()
    models_requested = Signal()
    settings_requested = Signal()
    free_memory_requested = Signal()
    quit_requested = Signal()
    new_chat_requested = Signal()
    chat_wanted = Signal(int)
    """(chat): chosen in the menu, or the notification of its answer was clicked."""
    model_wanted = Signal(object)
    """(InstalledModel)"""
    login_wanted = Signal(bool)
    """(whether it is to start at login)"""
    pause_changed = Signal(bool)
    """(paused): no key is to do anything until it is over."""
    about_to_be_seen = Signal()
    """The menu opens: what may have changed elsewhere is looked at now."""

    def __init__(
        self,
        icon: QIcon,
        engine_memory: Callable[[], EngineMemory | None],
        parent: QObject | None = None,
        *,
        platform: str = sys.platform,
    ) -> None:
        """`icon` is for notifications; `engine_memory` returns at once what the engine holds."""
        super().__init__(parent)
        self._app_icon = icon
        self._engine_memory = engine_memory
        self._platform = platform
        self._state = EngineState()
        self._is_answering = False
        self._is_paused = False
        self._download: float | None = None
        self._download_words = ""
        self._tone = Tone.UNKNOWN
        self._shown: tuple[TrayPicture, Tone] | None = None
        self._last_click = 0.0
        self._announced_chat: int | None = None
        self._menu = TrayMenu()
        # Nobody else would: a menu of its own has no parent.
        self.destroyed.connect(self._menu.deleteLater)
        self._icon = QSystemTrayIcon(self)
        # An icon without a menu is not shown on every desktop.
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self._on_message_clicked)
        self._refresh = QTimer(self, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._show_while_open)
        self._connect_menu()
        self._show_all()

    @property
    def menu(self) -> TrayMenu:
        """The menu."""
        return self._menu

    @property
    def picture(self) -> TrayPicture:
        """What the icon shows."""
        return self._picture()

    @property
    def is_paused(self) -> bool:
        """Whether the person wants no key to do anything."""
        return self._is_paused

    def is_there(self) -> bool:
        """Return whether a panel shows tray icons at this moment."""
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return False
        if self._platform != "darwin":
            return True
        # Some menu bars have no room left for it, and say nothing: then it lies off the screen.
        place = self._icon.geometry()
        return any(each.geometry().intersects(place) for each in QGuiApplication.screens())

    def show(self) -> None:
        """Appear, now or when a panel comes."""
        self._icon.show()

    def close(self) -> None:
        """Disappear; idempotent."""
        self._refresh.stop()
        self._icon.hide()
        self._menu.close()

    def set_engine(self, state: EngineState) -> None:
        """Show which model is loaded, and how far."""
        self._state = state
        self._show_all()

    def set_running(self, chats: frozenset[int]) -> None:
        """Show whether answers are being written."""
        self._is_answering = bool(chats)
        self._show_all()

    def show_downloads(self, words: str, share: float) -> None:
        """Show how far the downloads are, from 0 to 1; empty words for none.

        `words` hold figures only: some panels take a tooltip for HTML.
        """
        self._download = share if words else None
        self._download_words = words
        self._show_all()

    def set_tone(self, tone: Tone) -> None:
        """Draw for a panel that looks so."""
        self._tone = tone
        self._show_icon()

    def set_chats(self, chats: Sequence[ChatSummary]) -> None:
        """Offer recent chats, the newest first."""
        self._menu.set_chats(chats)

    def set_models(self, models: Sequence[InstalledModel], chosen: InstalledModel | None) -> None:
        """Offer models to switch to."""
        self._menu.set_models(models, chosen)

    def set_key(self, chord: str) -> None:
        """Say which key asks, as Qt's portable text; empty for none."""
        self._menu.set_key(chord)

    def set_login(self, state: LoginState) -> None:
        """Say whether Lapis starts at login."""
        self._menu.set_login(state)

    def set_paused(self, *, paused: bool) -> None:
        """Pause, or go on."""
        self._menu.set_paused(paused=paused)
        if paused != self._is_paused:
            self._is_paused = paused
            self._show_all()
            self.pause_changed.emit(paused)

    def announce(self, title: str) -> None:
        """Show a notification of one line, which no desktop takes for HTML."""
        self._announced_chat = None
        self._icon.showMessage(title, "", self._app_icon)

    def announce_answer(self, chat: int, title: str, whole: bool) -> None:
        """Tell that an answer ended; `title` is that of the chat as `done_notice` gives it."""
        self._announced_chat = chat
        words = self.tr("The answer is there") if whole else self.tr("The answer has failed")
        self._icon.showMessage(words, title, self._app_icon)

    def explain_hiding(self) -> None:
        """Say once where the closed window went."""
        self._announced_chat = None
        words = self.tr("Lapis stays here in the tray. Its menu shows the window again, or quits.")
        if self._platform == "win32":
            # New icons are put there, where nobody looks for them.
            more = self.tr("If you do not see it, it is behind the arrow of the taskbar.")
            words = f"{words} {more}"
        self._icon.showMessage("Lapis", words, self._app_icon)

    def _connect_menu(self) -> None:
        menu = self._menu
        for wish, told in (
            (menu.popup_requested, self.popup_requested),
            (menu.window_requested, self.window_requested),
            (menu.models_requested, self.models_requested),
            (menu.settings_requested, self.settings_requested),
            (menu.free_memory_requested, self.free_memory_requested),
            (menu.quit_requested, self.quit_requested),
            (menu.new_chat_requested, self.new_chat_requested),
            (menu.chat_wanted, self.chat_wanted),
            (menu.model_wanted, self.model_wanted),
            (menu.login_wanted, self.login_wanted),
        ):
            wish.connect(told)
        menu.pause_wanted.connect(self._on_pause_wanted)
        menu.aboutToShow.connect(self._on_about_to_show)
        menu.language_changed.connect(self._show_all)

    def _on_pause_wanted(self, paused: bool) -> None:
        self.set_paused(paused=paused)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.MiddleClick:
            self.window_requested.emit()
            return
        if reason not in {
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        }:
            return
        # A double click comes as a click and then as a double click.
        now = time.monotonic()
        again = now - self._last_click < _SAME_CLICK_SECONDS
        self._last_click = now
        if not again:
            self.popup_requested.emit()

    def _on_message_clicked(self) -> None:
        if self._announced_chat is not None:
            self.chat_wanted.emit(self._announced_chat)

    def _on_about_to_show(self) -> None:
        self._show_model()
        self._refresh.start()
        self.about_to_be_seen.emit()

    def _show_while_open(self) -> None:
        """Keep the figure fresh; a menu that the panel paints does not tell us that it closed."""
        if self._menu.isVisible():
            self._show_model()
        else:
            self._refresh.stop()

    def _picture(self) -> TrayPicture:
        return tray_picture(
            self._state,
            answering=self._is_answering,
            paused=self._is_paused,
            download=self._download,
        )

    def _show_all(self) -> None:
        self._show_icon()
        self._show_model()

    def _show_icon(self) -> None:
        shown = (self._picture(), self._tone)
        if shown != self._shown:
            self._shown = shown
            self._icon.setIcon(tray_icon(*shown, template=self._platform == "darwin"))

    def _show_model(self) -> None:
        memory = self._engine_memory()
        line = model_line(self._state, memory)
        self._menu.set_model_line(line, in_memory=memory is not None)
        words = tooltip(
            self._state,
            memory,
            answering=self._is_answering,
            paused=self._is_paused,
            downloads=self._download_words,
        )
        if words != self._icon.toolTip():
            self._icon.setToolTip(words)
