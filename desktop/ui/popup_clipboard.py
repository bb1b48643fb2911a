"""A look at what was copied last that nobody can make wait. GUI thread.

Under X11 another program holds what was copied, and Qt waits seconds for one that hangs; so its
owner is asked over a connection of ours, in another thread, for a moment. Elsewhere the system tells
which kinds of data there are without asking anybody, and nothing else is looked at before a person
asks for it: there `text` may wait for the program that has it, and `picture` everywhere.
"""

import os
from typing import Final, cast

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from desktop.system.front.base import Copied
from desktop.ui.composer_field import picture_of
from desktop.ui.errands import Errands

__all__ = ["PopupClipboard"]

_LANE: Final = "clipboard"
_LONGEST: Final = 256 * 1024
_SECRETS: Final = (
    "x-kde-passwordManagerHint",
    "org.nspasteboard.ConcealedType",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"',
    'application/x-qt-windows-mime;value="Clipboard Viewer Ignore"',
)


class PopupClipboard(QObject):
    """`look` whenever the popup appears; `came` follows."""

    came = Signal(object)
    """(Copied)"""

    def __init__(self, errands: Errands, parent: QObject) -> None:
        """Look at nothing yet."""
        super().__init__(parent)
        self._errands = errands

    def look(self) -> None:
        """Find out what was copied; `came` follows, now or soon."""
        clipboard = QGuiApplication.clipboard()
        if QGuiApplication.platformName() == "xcb" and not clipboard.ownsClipboard():
            self._look_elsewhere(os.environ.get("DISPLAY", ""))
            return
        # None where nothing was ever copied, whatever the library promises.
        data = cast("QMimeData | None", clipboard.mimeData()) or QMimeData()
        if any(data.hasFormat(mark) for mark in _SECRETS):
            self.came.emit(Copied())
        elif clipboard.ownsClipboard():
            self.came.emit(Copied(_text_of(data), has_picture=data.hasImage()))
        else:
            self.came.emit(Copied(has_picture=data.hasImage(), is_unread=data.hasText()))

    @staticmethod
    def text() -> str:
        """Return what was copied where `look` found it unread, as a person asks for it."""
        return _text_of(QGuiApplication.clipboard().mimeData())

    @staticmethod
    def picture() -> bytes | QImage | None:
        """Return the picture that was copied, as a person asks for it; None if it is not handed over."""
        data = cast("QMimeData | None", QGuiApplication.clipboard().mimeData())
        return None if data is None else picture_of(data)

    def _look_elsewhere(self, display: str) -> None:
        def look(_errand: object) -> Copied:
            from desktop.system.front.x11_clipboard import copied

            return copied(display)

        self._errands.run(_LANE, look, self.came.emit, lambda _error: self.came.emit(Copied()))


def _text_of(data: QMimeData | None) -> str:
    return data.text()[:_LONGEST] if data is not None and data.hasText() else ""
