"""The program with window, tray and popup: puts everything together, and ends it in order.

Main thread, which is the GUI thread. The window comes first; what is not needed to draw it and to
type into it (the engine, the tray, the popup, Markdown) is loaded after its first picture.
"""

import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.base.display import has_display
from desktop.base.logs import start_logging
from desktop.base.paths import APP_ID, Paths, paths_under, resources, standard_paths
from desktop.base.shutdown import Shutdown
from desktop.config.store import SettingsStore
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.store.chats import ChatStore
from desktop.system.input_method import prepare_input_method, qt_input_plugins
from desktop.system.instance import send_command
from desktop.ui.banner import Remedy
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.crash_catcher import CrashCatcher
from desktop.ui.icons import app_icon
from desktop.ui.instance_server import InstanceServer, take_lock
from desktop.ui.options import Options, parse_options
from desktop.ui.preferences import Preferences
from desktop.ui.signal_catcher import SignalCatcher
from desktop.ui.theme import apply_theme
from desktop.ui.translation import Languages
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController

if TYPE_CHECKING:
    from desktop.models.library import Library
    from desktop.services.engine import Engine
    from desktop.ui.model_controller import ModelController
    from desktop.ui.popup import Popup
    from desktop.ui.popup_controller import PopupController
    from desktop.ui.tray import Tray

_BENCH_FILE = "LAPIS_BENCH_READY"
_TRAY_TRIES = 20
_TRAY_TRY_MS = 500

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Lapis, or hand over to the one that runs; return the exit code.

    0 after Quit or a hand-over, 1 when it cannot start (told in a small window and on stderr).
    """
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    paths = standard_paths() if options.data_dir is None else paths_under(options.data_dir)
    if options.command == "quit":
        send_command(paths.socket, "quit")
        return 0
    if not has_display():
        _say("No display found. In the terminal, type: lapis chat")
        return 1
    logs = start_logging(paths)
    try:
        return _run(options, paths)
    finally:
        logs.close()


def _run(options: Options, paths: Paths) -> int:
    app: QApplication | None = None
    while True:
        try:
            lock = _take_place(options, paths)
            if lock is None:
                return 0
            app = app or _application()
            return _start(app, options, paths, lock).run()
        except LapisError as error:
            _log.warning("cannot start: %s", error.title.message)
            _say(f"{error.title}\n{error.hint}")
            app = app or _application()
            if not _wants_another_try(app, error):
                return 1


def _start(app: QApplication, options: Options, paths: Paths, lock: QLockFile) -> "_Lapis":
    try:
        return _Lapis(app, options, paths, lock)
    except LapisError:
        lock.unlock()
        raise


def _take_place(options: Options, paths: Paths) -> QLockFile | None:
    """Return the lock of the data folder; None when a running Lapis took the command."""
    try:
        paths.create()
    except OSError as error:
        raise StorageError(
            Text("The folder {folder} cannot be used", {"folder": str(paths.data)}),
            Text(
                "{reason}. Make it writable, or choose another one with --data-dir.",
                {"reason": error.strerror or str(error)},
            ),
        ) from error
    return take_lock(paths, options.command, options.token, options.model)


def _application() -> QApplication:
    prepare_input_method(os.environ, qt_input_plugins())
    QGuiApplication.setDesktopFileName(APP_ID)
    app = QApplication(sys.argv[:1])
    app.setApplicationName(APP_ID)
    app.setApplicationDisplayName("Lapis")
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(app_icon())
    return app


def _wants_another_try(app: QApplication, error: LapisError) -> bool:
    from desktop.ui.start_failure import StartFailure

    settings = Settings()
    Languages(app).use(settings.language)
    apply_theme(app, settings.theme)
    return StartFailure(error).exec() == StartFailure.DialogCode.Accepted


def _say(words: str) -> None:
    if sys.stderr is not None:
        print(words, file=sys.stderr)  # noqa: T201 - a terminal may have started us


class _Lapis(QObject):
    """The running program, from the lock to the exit code."""

    def __init__(self, app: QApplication, options: Options, paths: Paths, lock: QLockFile) -> None:
        """Everything that the window needs to be drawn and typed into; raises LapisError."""
        super().__init__()
        self._app = app
        self._options = options
        self._paths = paths
        self._shutdown = Shutdown()
        self._engine: Engine | None = None
        self._models: ModelController | None = None
        self._tray: Tray | None = None
        self._popup: Popup | None = None
        self._popups: PopupController | None = None
        self._report = ""
        settings_store = SettingsStore(paths.settings)
        self._preferences = Preferences(settings_store, self)
        self._languages = Languages(app)
        self._languages.use(self._preferences.value.language)
        apply_theme(app, self._preferences.value.theme)
        store = ChatStore.open(paths.database)
        self._server = InstanceServer(self)
        self._server.listen(paths.socket)
        self._bridge = Bridge(self)
        self._chats = ChatController(store, self._preferences, self._bridge, self)
        self._window = MainWindow()
        self._desk = WindowController(self._window, store, self._chats, self._preferences)
        self._crashes = CrashCatcher(self)
        self._signals = SignalCatcher(self)
        self._plan_the_end(store, lock)
        self._connect()
        if settings_store.problem is not None:
            self._window.banner.show_error("settings", settings_store.problem)
        if store.notice is not None:
            self._window.banner.show_error("recovery", store.notice)
        self._on_settings_changed(self._preferences.value)

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
        self._start_engine()
        self._make_tray()
        self._make_popup()
        match self._options.command:
            case "new-chat":
                self._desk.new_chat()
            case "toggle-popup":
                self._toggle_popup()
            case "background":
                self._show_unless_tray(_TRAY_TRIES)
            case _:
                pass

    def _start_engine(self) -> None:
        from desktop.services.engine import Engine
        from desktop.services.planning import plan_for
        from desktop.ui.model_controller import ModelController

        preferences = self._preferences
        engine = Engine(lambda model: plan_for(model, preferences.value), self._paths)
        self._engine = engine
        engine.watch(self._bridge.engine_observer)
        models = ModelController(
            self._window, preferences, self._library, self._bridge, self._paths.models
        )
        self._models = models
        self._chats.attach(engine)
        models.attach(engine, self._options.model)

    def _library(self) -> "Library":
        from desktop.models.library import Library

        return Library(self._paths.models, resources() / "guide" / "guide.gguf")

    def _make_tray(self) -> None:
        from desktop.ui.tray import Tray

        tray = Tray(app_icon(), self._engine_memory, self)
        self._tray = tray
        tray.popup_requested.connect(self._toggle_popup)
        tray.window_requested.connect(self._window.bring_to_front)
        tray.quit_requested.connect(self.quit)
        if self._models is not None:
            tray.free_memory_requested.connect(self._models.free_memory)
            self._models.state_changed.connect(tray.set_engine)
        tray.show()

    def _engine_memory(self) -> int | None:
        from desktop.system.process_memory import memory_of

        pid = self._engine.engine_pid() if self._engine is not None else None
        return memory_of(pid) if pid is not None else None

    def _make_popup(self) -> None:
        from desktop.system.compositor import blends_windows
        from desktop.ui.popup import Popup
        from desktop.ui.popup_controller import PopupController

        popup = Popup(translucent=blends_windows(QGuiApplication.platformName()))
        popups = PopupController(popup, self._chats, self)
        self._popup, self._popups = popup, popups
        popups.chat_wanted.connect(self._on_chat_wanted)
        if self._models is not None:
            self._models.state_changed.connect(popups.set_engine)
            popup.composer.model_dropped.connect(
                lambda path: self._on_command("open-model", "", str(path))
            )

    def _show_unless_tray(self, tries: int) -> None:
        """Show the window if no panel takes the icon: at login it may come later than we do."""
        if self._tray is not None and self._tray.is_there():
            return
        if tries == 0:
            self._window.bring_to_front()
            return
        QTimer.singleShot(_TRAY_TRY_MS, self, lambda: self._show_unless_tray(tries - 1))

    # Running.

    def _connect(self) -> None:
        window, menu = self._window, self._window.header.main_menu
        window.close_requested.connect(self._on_close_requested)
        window.banner.remedy_chosen.connect(self._on_remedy_chosen)
        self._desk.quit_requested.connect(self.quit)
        menu.theme_chosen.connect(self._preferences.set_theme)
        menu.language_chosen.connect(self._preferences.set_language)
        menu.data_folder_requested.connect(self._on_data_folder_requested)
        menu.about_requested.connect(self._on_about_requested)
        self._preferences.changed.connect(self._on_settings_changed)
        self._server.command_received.connect(self._on_command)
        self._crashes.crashed.connect(self._on_crashed)
        self._signals.quit_asked.connect(self.quit)
        self._app.commitDataRequest.connect(self._desk.keep_all)
        self._app.aboutToQuit.connect(self._shutdown.run)

    def _on_command(self, command: str, token: str, argument: str) -> None:
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        match command:
            case "show":
                self._window.bring_to_front()
            case "new-chat":
                self._window.bring_to_front()
                self._desk.new_chat()
            case "toggle-popup":
                self._toggle_popup()
            case "open-model":
                self._window.bring_to_front()
                if self._models is not None:
                    self._models.choose_named(argument)
            case "quit":
                self.quit()
            case _:
                pass

    def _toggle_popup(self) -> None:
        if self._popups is not None:
            self._popups.toggle()

    def _on_chat_wanted(self, chat: int) -> None:
        self._desk.open_chat(chat)
        self._window.bring_to_front()

    def _on_settings_changed(self, settings: Settings) -> None:
        apply_theme(self._app, settings.theme)
        self._languages.use(settings.language)
        self._window.header.main_menu.set_marks(settings.theme, settings.language)

    def _on_close_requested(self) -> None:
        self._desk.keep_all()
        first = not self._preferences.value.tray_hint_shown
        if self._tray is not None and self._tray.is_there():
            self._window.hide()
            if first:
                self._tray.explain_hiding()
        else:
            if first:
                self._window.banner.show_notice(
                    "closing",
                    Text("Lapis is still running"),
                    Text(
                        "This desktop has no tray, so closing makes the window small. Ctrl+Q "
                        "ends Lapis."
                    ),
                )
            self._window.showMinimized()
        self._preferences.set_hint_shown()

    def _on_crashed(self, error: LapisError, report: str) -> None:
        self._report = report
        self._window.banner.show_error("defect", error, Remedy.COPY_REPORT)

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        if remedy is Remedy.COPY_REPORT:
            QGuiApplication.clipboard().setText(self._report)

    def _on_data_folder_requested(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._paths.data)))

    def _on_about_requested(self) -> None:
        from desktop.ui.about import About

        About(self._paths.data, self._window).show()

    # Ending.

    def quit(self) -> None:
        """End Lapis and its engine, with everything saved."""
        self._shutdown.run()
        self._app.exit(0)

    def _plan_the_end(self, store: ChatStore, lock: QLockFile) -> None:
        end = self._shutdown
        end.add("draft and place", self._desk.close)
        end.add("running answers", self._chats.close)
        end.add("windows", self._hide_windows)
        end.add("instance server", self._server.close)
        end.add("engine", self._close_engine)
        end.add("store", store.close)
        end.add("tray", self._close_tray)
        end.add("signals", self._signals.close)
        end.add("crash catcher", self._crashes.close)
        end.add("lock", lock.unlock)

    def _hide_windows(self) -> None:
        self._window.hide()
        if self._popup is not None:
            self._popup.hide()

    def _close_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _close_tray(self) -> None:
        if self._tray is not None:
            self._tray.close()
