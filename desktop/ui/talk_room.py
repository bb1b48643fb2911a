"""What stands around the conversation: personas and prompts, the context's measure, other pages.

Put together here so that `program` only knows one room. GUI thread.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.base.paths import Paths
from desktop.base.shutdown import Shutdown
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import LapisError
from desktop.store.chats import ChatStore
from desktop.ui.banner import Topic
from desktop.ui.bridge import Bridge
from desktop.ui.chat_context import ChatContext
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.collecting import set_aside_soon
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.typesetter import typesetter
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController
from desktop.ui.window_pages import WindowPages

if TYPE_CHECKING:
    from desktop.services.chat_copies import ChatCopies
    from desktop.services.engine import Engine
    from desktop.services.planning import Known
    from desktop.ui.model_controller import ModelController

__all__ = ["TalkRoom"]


class TalkRoom(QObject):
    """Made before the window's first picture; what needs an engine comes with `attach`."""

    quit_requested = Signal()

    def __init__(
        self,
        window: MainWindow,
        desk: WindowController,
        store: ChatStore,
        chats: ChatController,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        paths: Paths,
    ) -> None:
        """Connect everything with the open chat of `desk`."""
        super().__init__(window)
        self._window = window
        self._desk = desk
        self._store = store
        self._preferences = preferences
        self._paths = paths
        self._copies: ChatCopies | None = None
        self._library = library = ChatLibrary(window, store, preferences, own)
        desk.attach(library.settings)
        self._context = context = ChatContext(
            window.composer,
            window.transcript,
            desk.wishes,
            store,
            chats,
            preferences,
            own,
            bridge,
            self._settings_of,
            window,
        )
        self._pages = pages = WindowPages(window, preferences, paths)
        context.show_chat(desk.chat)
        desk.chat_shown.connect(context.show_chat)
        library.chat_begun.connect(
            lambda settings, icon: desk.begin_chat(settings=settings, icon=icon)
        )
        library.icons_changed.connect(desk.list.refresh)
        library.settings.settings_changed.connect(lambda _settings: context.refresh())
        context.context_wanted.connect(library.settings.choose_context)
        context.overflow.settings_changed.connect(lambda _chat: library.settings.read_again())
        for failed in (context.failed, library.failed):
            failed.connect(self._tell)
        pages.quit_requested.connect(self.quit_requested)

    def attach(
        self, engine: "Engine", models: "ModelController", known: "Callable[[], Known]"
    ) -> None:
        """Take the engine, and begin with what may wait until the window is on the screen."""
        from desktop.services.chat_copies import ChatCopies
        from desktop.ui.other_model import OtherModel

        set_aside_soon(self)
        OtherModel(self._desk.wishes, models, self._window)
        self._context.attach(engine, known)
        self._library.attach(models, known)
        self._library.offer_personas()
        preferences = self._preferences
        self._copies = ChatCopies(
            self._paths.database,
            copies_wanted=lambda: preferences.value.chats.daily_copies,
        )

    def plan_the_end(self, end: Shutdown) -> None:
        """End everything here before the answers are, and before the store is closed."""
        end.add("settings of chats", self._library.close)
        end.add("context", self._context.close)
        end.add("pages", self._pages.close)
        end.add("typesetter", typesetter().close)
        end.add("copies", self._close_copies)

    def _settings_of(self, chat: int | None) -> ChatSettings:
        if chat is None:
            return self._library.settings.settings_of_new()[0]
        return self._store.settings(chat)

    def _close_copies(self) -> None:
        if self._copies is not None:
            self._copies.close()

    def _tell(self, error: LapisError) -> None:
        self._window.banner.show_error(Topic.STORAGE, error)
