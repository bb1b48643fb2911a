"""The menu of the tray icon. Values in, signals out. GUI thread.

Many desktops paint it themselves, from what is told over D-Bus: so there is nothing in it but words,
ticks and one level of menus below, and everything is there before it opens.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from desktop.domain.history import ChatSummary
from desktop.domain.model import InstalledModel
from desktop.system.login.base import LoginState
from desktop.ui.labels import as_words
from desktop.ui.tray_api import TrayApiMenu, rename
from desktop.ui.tray_words import chat_line, model_choice

__all__ = ["MOST_CHATS", "TrayMenu"]

MOST_CHATS = 8
_MOST_MODELS = 20


class TrayMenu(QMenu):
    """Says what a person wants."""

    popup_requested = Signal()
    window_requested = Signal()
    chat_wanted = Signal(int)
    new_chat_requested = Signal()
    model_wanted = Signal(object)
    """(InstalledModel)"""
    free_memory_requested = Signal()
    models_requested = Signal()
    pause_wanted = Signal(bool)
    login_wanted = Signal(bool)
    settings_requested = Signal()
    quit_requested = Signal()
    language_changed = Signal()
    """A menu without a window hears of it alone."""

    def __init__(self) -> None:
        """Start without chats and models."""
        super().__init__()
        self._chats: tuple[ChatSummary, ...] = ()
        self._models: tuple[InstalledModel, ...] = ()
        self._chosen: InstalledModel | None = None
        # Where one click opens the menu, its first entry has to be the most wanted.
        self._ask = self._entry(self.popup_requested)
        self._show = self._entry(self.window_requested)
        self._recent = self.addMenu("")
        self.addSeparator()
        self._model = self.addMenu("")
        self._choice = QActionGroup(self._model)
        self._free = self._entry(self.free_memory_requested)
        self._all_models = self._entry(self.models_requested)
        self.api = TrayApiMenu(self)
        """What there is about the local server."""
        self.addMenu(self.api)
        self.addSeparator()
        self._pause = self._tick(self.pause_wanted)
        self._login = self._tick(self.login_wanted)
        # Nobody knows yet; but nothing may move in a menu that is open.
        self._login.setEnabled(False)
        self._settings = self._entry(self.settings_requested)
        # The window has more words about it, and all that can be done.
        self._newer = self._entry(self.window_requested)
        self._newer.setVisible(False)
        self._newer_version = ""
        self.addSeparator()
        self._quit = self._entry(self.quit_requested)
        self.retranslate()

    def set_key(self, chord: str) -> None:
        """Show the key of the quick question, as Qt's portable text; empty for none."""
        self._ask.setShortcut(QKeySequence.fromString(chord, _PORTABLE))
        # It is shown, and nothing else: who listens to the key is another.
        self._ask.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._ask.setShortcutVisibleInContextMenu(True)

    def set_chats(self, chats: Sequence[ChatSummary]) -> None:
        """Offer the first few of `chats`."""
        shown = tuple(chats[:MOST_CHATS])
        if shown != self._chats:
            self._chats = shown
            self._fill_chats()

    def set_models(self, models: Sequence[InstalledModel], chosen: InstalledModel | None) -> None:
        """Offer `models`, the `chosen` one marked."""
        shown = tuple(models[:_MOST_MODELS])
        if chosen is not None and chosen not in shown:
            shown = (*shown, chosen)
        if (shown, chosen) != (self._models, self._chosen):
            self._models, self._chosen = shown, chosen
            self._fill_models()

    def set_model_line(self, words: str, *, in_memory: bool) -> None:
        """Say which model there is, and offer to free what it takes where it takes something."""
        rename(self._model.menuAction(), as_words(words))
        self._free.setEnabled(in_memory)

    def set_paused(self, *, paused: bool) -> None:
        """Tick the pause."""
        self._pause.setChecked(paused)

    def set_login(self, state: LoginState) -> None:
        """Tick the start at login; where it cannot be had it is not offered."""
        self._login.setEnabled(True)
        self._login.setVisible(state is not LoginState.UNSUPPORTED)
        self._login.setChecked(state is LoginState.ON)

    def set_newer(self, version: str) -> None:
        """Say which newer version of Lapis there is; empty for none."""
        self._newer_version = version
        self._say_newer()
        self._newer.setVisible(bool(version))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
            self.language_changed.emit()

    def retranslate(self) -> None:
        """Say everything in today's language."""
        rename(self._ask, self.tr("Ask…"))
        rename(self._show, self.tr("Show Lapis"))
        rename(self._recent.menuAction(), self.tr("Recent chats"))
        rename(self._free, self.tr("Free memory now"))
        rename(self._all_models, self.tr("Models"))
        rename(self._pause, self.tr("Pause the keys"))
        rename(self._login, self.tr("Start at login"))
        rename(self._settings, self.tr("Settings"))
        self._say_newer()
        rename(self._quit, self.tr("Quit"))
        self._fill_chats()
        self._fill_models()

    def _say_newer(self) -> None:
        words = self.tr("Lapis {version} is available").format(version=self._newer_version)
        rename(self._newer, as_words(words))

    def _fill_chats(self) -> None:
        self._recent.clear()
        for chat in self._chats:
            action = self._recent.addAction(chat_line(chat))
            _tell(action, self.chat_wanted, chat.id)
        if self._chats:
            self._recent.addSeparator()
        new = self._recent.addAction(self.tr("New chat"))
        new.triggered.connect(self.new_chat_requested)

    def _fill_models(self) -> None:
        self._model.clear()
        for model in self._models:
            action = self._model.addAction(model_choice(model))
            action.setCheckable(True)
            action.setChecked(model == self._chosen)
            self._choice.addAction(action)
            _tell(action, self.model_wanted, model)

    def _entry(self, wish: SignalInstance) -> QAction:
        action = self.addAction("")
        action.triggered.connect(wish)
        return action

    def _tick(self, wish: SignalInstance) -> QAction:
        action = self.addAction("")
        action.setCheckable(True)
        # Triggered, not toggled: what is set from here is no wish.
        action.triggered.connect(wish)
        return action


_PORTABLE = QKeySequence.SequenceFormat.PortableText


def _tell(action: QAction, wish: SignalInstance, value: object) -> None:
    action.triggered.connect(lambda: wish.emit(value))
