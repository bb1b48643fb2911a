"""The window made, painted and put away again without a screen: for `lapis --selftest`. Main thread."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QLibraryInfo,
    QMessageLogContext,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from desktop.base.paths import Paths
from desktop.ui.icons import picture
from desktop.ui.instance_server import take_lock
from desktop.ui.launch import make_application
from desktop.ui.options import Options
from desktop.ui.program import Program
from desktop.ui.window import MainWindow

__all__ = ["paint_window"]

_SECONDS: Final = 60
# Even a plain page has letters, whose edges are smoothed.
_FEWEST_COLOURS: Final = 32
_FORMATS: Final = frozenset({"gif", "jpg", "png", "svg", "webp"})
_PLATFORMS: Final = {
    "linux": ("libqoffscreen.so", "libqwayland.so", "libqxcb.so"),
    "win32": ("qwindows.dll",),
    "darwin": ("libqcocoa.dylib",),
}


# What Qt says of any screen that is none; whoever packs Lapis need not look into it.
_OF_NO_SCREEN: Final = (
    "This plugin does not support ",
    "QObject::connect: No such signal QPlatformNativeInterface::systemTrayWindowChanged",
)


class NotPainted(Exception):
    """What the window lacks."""


def paint_window(paths: Paths) -> str:
    """Start Lapis without a screen in the empty folders `paths`, take a picture, and quit.

    Returns its size in words; raises NotPainted, or what goes wrong in Lapis. Once in a process.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with _quiet_screen():
        return _judged(_picture(make_application(), paths))


@contextlib.contextmanager
def _quiet_screen() -> Iterator[None]:
    """Keep back what Qt says of a missing screen; the rest goes to stderr as ever."""

    def hear(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if not message.startswith(_OF_NO_SCREEN):
            sys.stderr.write(f"{message}\n")

    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def _picture(app: QApplication, paths: Paths) -> QImage:
    _look_for_plugins()
    paths.create()
    lock = take_lock(paths, "show")
    if lock is None:
        msg = "another Lapis has the folder"
        raise NotPainted(msg)
    program = Program(app, Options(data_dir=paths.data), paths, lock)
    window = next(each for each in app.topLevelWidgets() if isinstance(each, MainWindow))
    pictures: list[QImage] = []

    def look() -> None:
        pictures.append(window.grab().toImage())
        program.quit()

    program.ready.connect(look)
    QTimer.singleShot(_SECONDS * 1000, program, program.quit)
    program.run()
    if not pictures:
        msg = f"the start took longer than {_SECONDS} seconds"
        raise NotPainted(msg)
    return pictures[0]


def _look_for_plugins() -> None:
    """Raise NotPainted where Qt lacks a plugin; most are only missed on somebody's screen."""
    folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"
    missing = [name for name in _PLATFORMS.get(sys.platform, ()) if not (folder / name).is_file()]
    known = {bytes(each.data()).decode() for each in QImageReader.supportedImageFormats()}
    missing += sorted(_FORMATS - known)
    if not QSvgRenderer(picture("lapis")).isValid():
        missing.append("icons")
    if missing:
        raise NotPainted(", ".join(missing))


def _judged(picture: QImage) -> str:
    size = picture.size()
    rows = range(0, size.height(), 2)
    columns = range(0, size.width(), 2)
    colours = {picture.pixel(x, y) for y in rows for x in columns}
    if len(colours) < _FEWEST_COLOURS:
        msg = f"{size.width()} x {size.height()} pixels in {len(colours)} colours"
        raise NotPainted(msg)
    return f"{size.width()} x {size.height()}"
