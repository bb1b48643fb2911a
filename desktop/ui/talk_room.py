"""What stands around the conversation: personas and prompts, the context's measure, other pages.

Put together here so that `program` only knows one room. GUI thread.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.base.paths import Paths
from desktop.base.shutdown import Shutdown
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import LapisError, StorageError
from desktop.store.chats import ChatStore
from desktop.ui.banner import Topic
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.collecting import collect_when_idle
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController
from desktop.ui.window_pages import WindowPages

if TYPE_CHECKING:
    from desktop.services.chat_copies import ChatCopies
    from desktop.services.engine import Engine
    from desktop.services.planning import Known
    from desktop.ui.beginnings import Beginnings
    from desktop.ui.chat_context import ChatContext
    from desktop.ui.chat_files import ChatFiles
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
        self._chats = chats
        self._preferences = preferences
        self._own = own
        self._bridge = bridge
        self._paths = paths
        self._context: ChatContext | None = None
        self._beginnings: Beginnings | None = None
        self._copies: ChatCopies | None = None
        self._files: ChatFiles | None = None
        self._library = library = ChatLibrary(window, store, preferences, own)
        desk.attach(library.settings)
        self._pages = pages = WindowPages(window, preferences, paths)
        library.chat_begun.connect(
            lambda settings, icon: desk.begin_chat(settings=settings, icon=icon)
        )
        library.icons_changed.connect(desk.list.refresh)
        library.failed.connect(self._tell)
        pages.quit_requested.connect(self.quit_requested)
        pages.export_requested.connect(lambda: self._chat_files().export_all())
        pages.import_requested.connect(lambda: self._chat_files().show_import())
        window.sidebar.export_requested.connect(lambda chat: self._chat_files().export_chat(chat))
        window.header.main_menu.export_requested.connect(self._export_open)

    def attach(
        self, engine: "Engine", models: "ModelController", known: "Callable[[], Known]"
    ) -> None:
        """Take the engine, and begin with what may wait until the window is on the screen."""
        from desktop.services.chat_copies import ChatCopies
        from desktop.ui.other_model import OtherModel

        collect_when_idle(self)
        OtherModel(self._desk.wishes, models, self._window)
        self._desk.wishes.load_anyway_wanted.connect(models.load_anyway)
        self._context = self._measure_context()
        self._context.attach(engine, known)
        self._library.attach(models, known)
        self._pages.offer_models(models.models)
        self._desk.chat_shown.connect(lambda _chat: self._library.show_model())
        self._library.offer_personas()
        self._beginnings = self._read_beginnings(engine, models)
        preferences = self._preferences
        self._copies = ChatCopies(
            self._paths.database,
            copies_wanted=lambda: preferences.value.chats.daily_copies,
        )

    @property
    def pages(self) -> WindowPages:
        """What opens in place of the conversation."""
        return self._pages

    @property
    def library(self) -> ChatLibrary:
        """Personas, prompts and quick actions."""
        return self._library

    def show_settings(self) -> None:
        """Show the settings in the window."""
        self._pages.open_settings()

    def plan_the_end(self, end: Shutdown) -> None:
        """End everything here before the answers are, and before the store is closed."""
        end.add("settings of chats", self._library.close)
        end.add("beginnings", self._close_beginnings)
        end.add("context", self._close_context)
        end.add("pages", self._pages.close)
        end.add("chat files", self._close_files)
        end.add("typesetter", _close_typesetter)
        end.add("pictures", _close_pictures)
        end.add("copies", self._close_copies)

    def _chat_files(self) -> "ChatFiles":
        if self._files is None:
            from desktop.ui.chat_files import ChatFiles

            files = self._files = ChatFiles(
                self._window, self._store, self._preferences, self._paths.database
            )
            files.chats_changed.connect(self._desk.list.refresh)
            files.chats_gone.connect(self._on_chats_gone)
        return self._files

    def _export_open(self) -> None:
        if self._desk.chat is not None:
            self._chat_files().export_chat(self._desk.chat)

    def _on_chats_gone(self, gone: list[int]) -> None:
        """Leave the open chat if it is gone."""
        self._chats.leave(gone)
        if self._desk.chat in gone:
            self._desk.list.chat_wanted.emit(None)

    def _close_files(self) -> None:
        if self._files is not None:
            self._files.close()

    def _settings_of(self, chat: int | None) -> ChatSettings:
        if chat is None:
            return self._library.settings.settings_of_new()[0]
        return self._store.settings(chat)

    def _measure_context(self) -> "ChatContext":
        """Make what measures the context of the open chat, for which there has to be an engine."""
        from desktop.ui.chat_context import ChatContext

        desk, settings = self._desk, self._library.settings
        context = ChatContext(
            self._window.composer,
            self._window.transcript,
            desk.wishes,
            self._store,
            self._chats,
            self._preferences,
            self._own,
            self._bridge,
            self._settings_of,
            self._window,
        )
        context.show_chat(desk.chat)
        desk.chat_shown.connect(context.show_chat)
        settings.settings_changed.connect(lambda _settings: context.refresh())
        context.context_wanted.connect(settings.choose_context)
        context.overflow.settings_changed.connect(settings.take_context)
        context.failed.connect(self._tell)
        return context

    def _read_beginnings(self, engine: "Engine", models: "ModelController") -> "Beginnings":
        """Have what quick actions begin with read in quiet moments."""
        from desktop.services.quick_actions import beginnings, languages_of
        from desktop.ui.beginnings import Beginnings

        library, preferences = self._library, self._preferences

        def texts() -> Sequence[str]:
            surface = library.language()
            languages = languages_of(surface, preferences.value.popup.translate_to)
            try:
                return beginnings(library.actions.all(surface), languages)
            except StorageError:
                # Told where the actions are shown; here nothing is lost but a moment.
                return ()

        reader = Beginnings(texts, self._chats, preferences, self._own, self._bridge, self._window)
        models.state_changed.connect(reader.set_engine)
        library.actions_changed.connect(reader.look_again)
        reader.attach(engine)
        return reader

    def _close_beginnings(self) -> None:
        if self._beginnings is not None:
            self._beginnings.close()

    def _close_context(self) -> None:
        if self._context is not None:
            self._context.close()

    def _close_copies(self) -> None:
        if self._copies is not None:
            self._copies.close()

    def _tell(self, error: LapisError) -> None:
        self._window.banner.show_error(Topic.STORAGE, error)


def _close_typesetter() -> None:
    from desktop.ui.typesetter import typesetter

    typesetter().close()


def _close_pictures() -> None:
    from desktop.ui.picture_shelf import picture_shelf

    picture_shelf().close()
