"""The running program: window, chats, engine, tray and popup put together, and ended in order.

The window comes first; what is not needed to draw it and to type into it (the engine, the tray, the
popup) is loaded after its first picture. GUI thread.
"""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.base.paths import DESKTOP_ID, Paths
from desktop.base.shutdown import Shutdown
from desktop.config.store import SettingsStore
from desktop.domain.errors import ChatsRestored, LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.store.chats import ChatStore
from desktop.ui.banner import Remedy, Topic
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.crash_catcher import CrashCatcher
from desktop.ui.engine_room import EngineRoom
from desktop.ui.expected_model import expected_model
from desktop.ui.file_opening import FileOpening
from desktop.ui.instance_server import InstanceServer
from desktop.ui.memory_watch import MemoryWatch
from desktop.ui.options import Options
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.signal_catcher import SignalCatcher
from desktop.ui.talk_room import TalkRoom
from desktop.ui.theme import apply_theme
from desktop.ui.translation import Languages
from desktop.ui.welcome import Welcome
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController
from desktop.ui.window_wishes import WindowWishes

if TYPE_CHECKING:
    from desktop.services.answering_parts import Serve
    from desktop.ui.desktop_room import DesktopRoom
    from desktop.ui.model_controller import ModelController
    from desktop.ui.models_desk import ModelsDesk
    from desktop.ui.servers_room import ServersRoom
    from desktop.ui.spelling_desk import SpellingDesk
    from desktop.ui.update_desk import UpdateDesk

__all__ = ["Program"]

_BENCH_FILE = "LAPIS_BENCH_READY"


class Program(QObject):
    """The running program, from the lock to the exit code."""

    ready = Signal()
    """Everything is there; the first picture was long before."""

    def __init__(
        self,
        app: QApplication,
        options: Options,
        paths: Paths,
        lock: QLockFile,
        serve: "Serve | None" = None,
    ) -> None:
        """Everything that the window needs to be drawn and typed into; raises LapisError.

        Without `serve`, which starts local servers, there is none.
        """
        super().__init__()
        self._app = app
        self._options = options
        self._paths = paths
        self._serve = serve
        self._shutdown = Shutdown()
        self._models_desk: ModelsDesk | None = None
        self._around: DesktopRoom | None = None
        self._servers: ServersRoom | None = None
        self._quiet: tuple[SpellingDesk, UpdateDesk] | None = None
        self._report = ""
        settings_store = SettingsStore(paths.settings)
        self._preferences = Preferences(settings_store, self)
        self._own = OwnSettings(self)
        self._languages = Languages(app)
        self._languages.use(self._preferences.value.language)
        apply_theme(app, self._preferences.value.theme, self._preferences.value.look)
        store = ChatStore.open(paths.database)
        self._server = InstanceServer(self)
        self._server.listen(paths.socket)
        self._bridge = Bridge(self)
        self._chats = ChatController(store, self._preferences, self._own, self._bridge, self)
        self._window = MainWindow()
        self._desk = WindowController(self._window, store, self._chats, self._preferences)
        self._talk = TalkRoom(
            self._window,
            self._desk,
            store,
            self._chats,
            self._preferences,
            self._own,
            self._bridge,
            paths,
        )
        self._room = EngineRoom(self._window, self._preferences, self._own, paths, self._bridge)
        self._wishes = WindowWishes(self._window, self._desk, self._talk, self._room, options, self)
        self._memory = MemoryWatch(self._window, self._room.memory)
        self._welcome = Welcome(
            self._window, self._preferences, paths, has_chats=self._desk.has_chats
        )
        self._crashes = CrashCatcher(self)
        self._signals = SignalCatcher(self)
        self._plan_the_end(store, lock)
        self._connect()
        if settings_store.problem is not None:
            self._window.banner.show_error(Topic.SETTINGS, settings_store.problem)
        if isinstance(store.notice, ChatsRestored):
            self._window.banner.show_notice(Topic.RECOVERY, store.notice.title, store.notice.hint)
        elif store.notice is not None:
            self._window.banner.show_error(Topic.RECOVERY, store.notice)
        self._on_settings_changed(self._preferences.value)
        self._window.expect_model(
            expected_model(
                options.model or self._preferences.value.model,
                self._preferences.value.connections,
            )
        )
        if self._welcome.is_new and options.command == "show" and not options.model:
            self._welcome.open()

    def run(self) -> int:
        """Show what the options ask for, and return when Lapis is quit."""
        self._window.restore(self._preferences.value.window)
        match self._options.command:
            case "background" | "toggle-popup":
                QTimer.singleShot(0, self, self._finish_start)
            case _:
                self._window.painted.connect(self._on_painted)
                self._window.bring_to_front()
        code = self._app.exec()
        self._shutdown.run()
        return code

    # Starting, second part: the window is on the screen.

    def _on_painted(self) -> None:
        ready = os.environ.get(_BENCH_FILE)
        if ready:
            Path(ready).write_text(f"{time.time()}\n", encoding="ascii")
        # A new turn of the loop: what was typed meanwhile comes first.
        QTimer.singleShot(0, self, self._finish_start)

    def _finish_start(self) -> None:
        """Begin the second part; it takes turns with what a person does meanwhile."""
        if self._shutdown.done:
            return
        from desktop.ui.cursor_rest import CursorRest
        from desktop.ui.warming import AROUND, load_in_turns

        CursorRest(self._app, self)
        engine, models = self._room.open(self._wishes.model)
        models.state_changed.connect(self._memory.set_engine)
        self._chats.attach(engine, models)
        self._talk.attach(engine, models, self._room.known)
        load_in_turns(self, AROUND, lambda: self._finish_around(models))

    def _finish_around(self, models: "ModelController") -> None:
        if not self._shutdown.done:
            self._around = around = self._appear(models)
            QTimer.singleShot(0, self, lambda: self._finish_desks(models, around))

    def _finish_desks(self, models: "ModelController", around: "DesktopRoom") -> None:
        from desktop.ui.later_desks import connect_models, open_models, open_quiet
        from desktop.ui.warming import warm_up_soon

        if self._shutdown.done:
            return
        self._models_desk = desk = open_models(
            self._app, self._window, self._preferences, self._own, self._paths, self._room
        )
        desk.chosen.connect(self._on_model_chosen)
        connect_models(desk, models, around)
        self._servers = self._open_servers(models, desk, around)
        self._quiet = open_quiet(
            self._app, self._window, self._preferences, self._paths, around, self._options
        )
        self._welcome.attach_updates(self._quiet[1])
        self._welcome.attach(desk, models, self._room.memory)
        self._wishes.attach(around, desk)
        warm_up_soon(self)
        self.ready.emit()

    def _on_model_chosen(self, model: InstalledModel) -> None:
        if self._room.models is not None:
            self._window.show_talk()
            self._room.models.choose(model)

    def _open_servers(
        self, models: "ModelController", desk: "ModelsDesk", around: "DesktopRoom"
    ) -> "ServersRoom | None":
        from desktop.ui.servers_room import ServersRoom

        parts, secrets = self._room.parts, self._room.secrets
        if parts is None or secrets is None:
            return None
        servers = ServersRoom(
            self._window, self._talk.pages, self._preferences, parts, secrets, models, desk, around
        )
        servers.model_chosen.connect(self._on_model_chosen)
        if self._serve is not None:
            servers.open_api(self._serve)
        return servers

    def _appear(self, models: "ModelController") -> "DesktopRoom":
        from desktop.ui.desktop_room import DesktopRoom

        around = DesktopRoom(
            self._window,
            self._desk,
            self._talk,
            self._room,
            models,
            self._chats,
            self._preferences,
            self._paths,
            self._options.data_dir,
            DESKTOP_ID,
            self,
        )
        around.quit_requested.connect(self.quit)
        around.settings_requested.connect(self._wishes.show_settings)
        around.new_chat_requested.connect(self._wishes.new_chat)
        around.chat_wanted.connect(self._wishes.show_chat)
        around.model_dropped.connect(self._wishes.open_model)
        around.keys_opened.connect(self._welcome.attach_keys)
        return around

    # Running.

    def _connect(self) -> None:
        window, menu, wishes = self._window, self._window.header.main_menu, self._wishes
        window.close_requested.connect(wishes.put_window_away)
        window.models_requested.connect(wishes.show_models)
        window.banner.remedy_chosen.connect(self._on_remedy_chosen)
        self._desk.quit_requested.connect(self.quit)
        self._talk.quit_requested.connect(self.quit)
        self._memory.changed.connect(window.header.set_memory)
        menu.changed.connect(self._preferences.change)
        menu.first_steps_requested.connect(self._welcome.open)
        self._welcome.models_wanted.connect(wishes.show_models)
        self._welcome.popup_wanted.connect(wishes.show_popup)
        self._preferences.changed.connect(self._on_settings_changed)
        self._server.command_received.connect(wishes.do)
        wishes.quit_wanted.connect(self.quit)
        self._crashes.crashed.connect(self._on_crashed)
        self._signals.quit_asked.connect(self.quit)
        if sys.platform == "darwin":
            # Nowhere else does the desktop ask this way, and every event would pass through it.
            files = FileOpening(self._app, self)
            files.file_opened.connect(wishes.open_model)
        self._app.commitDataRequest.connect(self._desk.keep_all)
        self._app.aboutToQuit.connect(self._shutdown.run)

    def _on_settings_changed(self, settings: Settings) -> None:
        apply_theme(self._app, settings.theme, settings.look)
        self._languages.use(settings.language)
        self._window.set_compact(compact=settings.look.compact)
        self._window.header.main_menu.set_marks(settings)

    def _on_crashed(self, error: LapisError, report: str) -> None:
        self._report = report
        self._window.banner.show_error(Topic.DEFECT, error, Remedy.COPY_REPORT)

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        if remedy is Remedy.COPY_REPORT:
            QGuiApplication.clipboard().setText(self._report)

    # Ending.

    def quit(self) -> None:
        """End Lapis and its engine, with everything saved."""
        self._shutdown.run()
        self._app.exit(0)

    def _plan_the_end(self, store: ChatStore, lock: QLockFile) -> None:
        end = self._shutdown
        end.add("keys", self._close_keys)
        end.add("draft and place", self._desk.close)
        self._talk.plan_the_end(end)
        end.add("spelling and updates", self._close_quiet_desks)
        end.add("running answers", self._chats.close)
        end.add("windows", self._hide_windows)
        end.add("servers", self._close_servers)
        end.add("instance server", self._server.close)
        end.add("notes of loads", self._room.close_loads)
        end.add("models", self._close_models)
        end.add("engine", self._room.close)
        end.add("connections", self._room.close_connections)
        end.add("store", store.close)
        end.add("tray", self._leave)
        end.add("signals", self._signals.close)
        end.add("crash catcher", self._crashes.close)
        end.add("lock", lock.unlock)

    def _close_servers(self) -> None:
        if self._servers is not None:
            self._servers.close()

    def _hide_windows(self) -> None:
        self._memory.close()
        self._window.hide()
        if self._around is not None:
            self._around.hide()

    def _close_keys(self) -> None:
        if self._around is not None:
            self._around.close_keys()

    def _leave(self) -> None:
        if self._around is not None:
            self._around.close()

    def _close_quiet_desks(self) -> None:
        for desk in self._quiet or ():
            desk.close()

    def _close_models(self) -> None:
        if self._models_desk is not None:
            self._models_desk.close()
        else:
            self._room.close_notes()
