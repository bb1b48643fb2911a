"""The icon in the tray and its menu: ask, show, the model and its memory, quit. GUI thread."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.ui.engine_words import memory_words, model_title, state_words
from desktop.ui.labels import as_words

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
    chat_wanted = Signal(int)
    """(chat): the notification of its answer was clicked."""

    def __init__(
        self,
        icon: QIcon,
        engine_memory: Callable[[], EngineMemory | None],
        parent: QObject | None = None,
    ) -> None:
        """`engine_memory` returns at once what the engine process holds; None without one."""
        super().__init__(parent)
        self._engine_memory = engine_memory
        self._state = EngineState()
        self._last_click = 0.0
        self._announced_chat: int | None = None
        self._menu = _Menu()
        # An icon without a menu is not shown on every desktop; where one click opens the menu,
        # its first entry has to be the most wanted.
        self._ask = self._menu.addAction("")
        self._show = self._menu.addAction("")
        self._models = self._menu.addAction("")
        self._settings = self._menu.addAction("")
        self._menu.addSeparator()
        self._model = self._menu.addAction("")
        self._model.setEnabled(False)
        self._free = self._menu.addAction("")
        self._menu.addSeparator()
        self._quit = self._menu.addAction("")
        self._icon = QSystemTrayIcon(icon, self)
        # No name of a model in it: some panels take a tooltip for HTML.
        self._icon.setToolTip("Lapis")
        self._icon.setContextMenu(self._menu)
        self._ask.triggered.connect(self.popup_requested)
        self._show.triggered.connect(self.window_requested)
        self._models.triggered.connect(self.models_requested)
        self._settings.triggered.connect(self.settings_requested)
        self._free.triggered.connect(self.free_memory_requested)
        self._quit.triggered.connect(self.quit_requested)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self._on_message_clicked)
        self._refresh = QTimer(self, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._show_while_open)
        self._menu.aboutToShow.connect(self._on_about_to_show)
        self._menu.language_changed.connect(self._retranslate)
        self._retranslate()

    @staticmethod
    def is_there() -> bool:
        """Return whether a panel shows tray icons at this moment."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def menu(self) -> QMenu:
        """The menu, for tests."""
        return self._menu

    def show(self) -> None:
        """Appear, now or when a panel comes."""
        self._icon.show()

    def close(self) -> None:
        """Disappear; idempotent."""
        self._refresh.stop()
        self._icon.hide()
        self._menu.close()

    def set_engine(self, state: EngineState) -> None:
        """Show which model is loaded."""
        self._state = state
        self._show_model()

    def show_progress(self, words: str) -> None:
        """Tell how far the downloads are when the pointer rests on the icon; empty for none.

        `words` hold figures only: some panels take a tooltip for HTML.
        """
        self._icon.setToolTip(f"Lapis\n{words}" if words else "Lapis")

    def announce(self, title: str) -> None:
        """Show a notification of one line, which no desktop takes for HTML."""
        self._announced_chat = None
        self._icon.showMessage(title, "", self._icon.icon())

    def announce_answer(self, chat: int, title: str, whole: bool) -> None:
        """Tell that an answer ended; `title` is that of the chat as `done_notice` gives it."""
        self._announced_chat = chat
        words = self.tr("The answer is there") if whole else self.tr("The answer has failed")
        self._icon.showMessage(words, title, self._icon.icon())

    def explain_hiding(self) -> None:
        """Say once where the closed window went."""
        self._announced_chat = None
        self._icon.showMessage(
            "Lapis",
            self.tr("Lapis stays here in the tray. Its menu shows the window again, or quits."),
            self._icon.icon(),
        )

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
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

    def _show_while_open(self) -> None:
        """Keep the figure fresh; a menu that the panel paints does not tell us that it closed."""
        if self._menu.isVisible():
            self._show_model()
        else:
            self._refresh.stop()

    def _show_model(self) -> None:
        memory = self._engine_memory()
        self._free.setEnabled(memory is not None)
        name = model_title(self._state.model)
        if memory is not None and self._state.phase is not Phase.LOADING:
            words = memory_words(memory)
        else:
            words = state_words(self._state)[0]
        line = f"{name} · {words}" if self._state.model is not None and words else name
        if self._state.model is None:
            line = self.tr("No model is loaded")
        self._model.setText(as_words(line))

    def _retranslate(self) -> None:
        self._ask.setText(self.tr("Ask…"))
        self._show.setText(self.tr("Show Lapis"))
        self._models.setText(self.tr("Models"))
        self._settings.setText(self.tr("Settings"))
        self._free.setText(self.tr("Free memory now"))
        self._quit.setText(self.tr("Quit"))
        self._show_model()


class _Menu(QMenu):
    """A menu that tells when the language changes: it belongs to no window that would know."""

    language_changed = Signal()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.language_changed.emit()
