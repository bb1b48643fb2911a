"""From the command line to the running program: the one place for each data folder, and Qt.

Main thread, which becomes the GUI thread.
"""

import logging
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.base.paths import APP_ID, DESKTOP_ID, Paths
from desktop.domain.errors import LapisError
from desktop.domain.settings import Settings
from desktop.system.input_method import prepare_input_method, qt_input_plugins
from desktop.system.windows_identity import show_as_lapis
from desktop.ui.icons import app_icon
from desktop.ui.instance_server import take_lock
from desktop.ui.options import Options
from desktop.ui.program import Program
from desktop.ui.theme import apply_theme
from desktop.ui.translation import Languages

if TYPE_CHECKING:
    from desktop.services.answering_parts import Serve

__all__ = ["launch", "make_application"]

_log = logging.getLogger(__name__)


def launch(options: Options, paths: Paths, serve: "Serve") -> int:
    """Run until Quit and return 0; 1 when it cannot start and the person has given up.

    `serve` starts local servers, which the window knows nothing of.
    """
    app: QApplication | None = None
    while True:
        try:
            lock = _take_place(options, paths)
            if lock is None:
                return 0
            app = app or make_application()
            return _start(app, options, paths, lock, serve).run()
        except LapisError as error:
            _log.warning("cannot start: %s", error.title.message)
            if sys.stderr is not None:
                print(f"{error.title}\n{error.hint}", file=sys.stderr)  # noqa: T201
            app = app or make_application()
            if not _wants_another_try(app, error):
                return 1


def _take_place(options: Options, paths: Paths) -> QLockFile | None:
    """Return the lock of the data folder; None when a running Lapis took the command."""
    paths.create()
    return take_lock(paths, options.command, options.token, options.model)


def make_application() -> QApplication:
    """Make the one that a process may have, with the names and the icon of Lapis."""
    show_as_lapis()
    prepare_input_method(os.environ, qt_input_plugins())
    QGuiApplication.setDesktopFileName(DESKTOP_ID)
    app = QApplication(sys.argv[:1])
    app.setApplicationName(APP_ID)
    app.setApplicationDisplayName("Lapis")
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(app_icon())
    return app


def _start(
    app: QApplication, options: Options, paths: Paths, lock: QLockFile, serve: "Serve"
) -> Program:
    try:
        return Program(app, options, paths, lock, serve)
    except LapisError:
        lock.unlock()
        raise


def _wants_another_try(app: QApplication, error: LapisError) -> bool:
    from desktop.ui.start_failure import StartFailure

    settings = Settings()
    Languages(app).use(settings.language)
    apply_theme(app, settings.theme)
    return StartFailure(error).exec() == StartFailure.DialogCode.Accepted
