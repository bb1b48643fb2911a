"""The clipboard borrowed for a moment: text put there to be pasted, then what was there put back.

Never asks another program for what it holds: whoever lends brings that along. GUI thread.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import QMetaType, QMimeData, QObject, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication

__all__ = ["ClipboardLoan"]

_CLIPBOARD: Final = QClipboard.Mode.Clipboard
_SELECTION: Final = QClipboard.Mode.Selection
_QUIET_SECONDS: Final = 0.3
"""For so long nobody may have fetched the text before it is taken away."""
_SLOW_SECONDS: Final = 3.0
"""For so long a program may take until it fetches it at all."""
_BEFORE_SECONDS: Final = 0.15
"""By so much it may be quicker than the news of the keys having been pressed."""
_TEXT: Final = "text/plain"
_QT_IMAGE: Final = "application/x-qt-image"


class ClipboardLoan(QObject):
    """At most one at a time: what is lent on top of a loan goes back with it."""

    def __init__(self, parent: QObject) -> None:
        """Borrow nothing yet."""
        super().__init__(parent)
        self._kept: QMimeData | None = None
        self._selected: str | None = None
        self._lent: dict[QClipboard.Mode, QMimeData] = {}
        self._fetched_at = self._pressed_at = 0.0
        self._return = QTimer(self, singleShot=True)
        self._return.timeout.connect(self._on_time)

    @property
    def is_ours(self) -> bool:
        """Whether nobody has to be asked for what is on the clipboard."""
        return QGuiApplication.clipboard().ownsClipboard()

    def lend(self, text: str, kept: Mapping[str, bytes] | None, selected: str | None) -> None:
        """Put `text` on the clipboard.

        `kept` is what was there by MIME type, None for what can be read without another program.
        `selected` is what the primary selection held; where it is given, `text` goes there too.
        """
        self._return.stop()
        clipboard = QGuiApplication.clipboard()
        if not self._lent:
            self._kept = _copy(clipboard.mimeData()) if kept is None else _mime_data(kept)
        self._fetched_at = 0.0
        self._put(text, _CLIPBOARD)
        if selected is not None and clipboard.supportsSelection():
            if _SELECTION not in self._lent:
                self._selected = selected
            self._put(text, _SELECTION)

    def leave(self) -> None:
        """Let the text stay: nobody took it, and the person shall have it."""
        self._return.stop()
        for mode in (_CLIPBOARD, _SELECTION):
            if self._is_there(mode):
                # Qt keeps it to the very end, when nobody is left to be told.
                QGuiApplication.clipboard().setText(self._lent[mode].text(), mode)
        self._forget()

    def return_when_fetched(self) -> None:
        """Put back what was there once the program, whose keys were pressed, has fetched the text."""
        self._pressed_at = time.monotonic()
        self._return.start(round(_QUIET_SECONDS * 1000))

    def return_now(self) -> None:
        """Put back what was there, if nothing else was copied since; idempotent."""
        clipboard = QGuiApplication.clipboard()
        if self._is_there(_CLIPBOARD):
            if self._kept is None:
                clipboard.clear(_CLIPBOARD)
            else:
                clipboard.setMimeData(self._kept, _CLIPBOARD)
        if self._is_there(_SELECTION):
            if self._selected:
                clipboard.setText(self._selected, _SELECTION)
            else:
                clipboard.clear(_SELECTION)
        self._forget()

    def _forget(self) -> None:
        self._return.stop()
        self._kept, self._selected = None, None
        self._lent.clear()

    def _put(self, text: str, mode: QClipboard.Mode) -> None:
        self._lent[mode] = _Watched(text, self._on_fetched)
        QGuiApplication.clipboard().setMimeData(self._lent[mode], mode)

    def _is_there(self, mode: QClipboard.Mode) -> bool:
        """Return whether nothing else was copied since, by anybody."""
        return mode in self._lent and QGuiApplication.clipboard().mimeData(mode) is self._lent[mode]

    def _on_fetched(self) -> None:
        self._fetched_at = time.monotonic()

    def _on_time(self) -> None:
        now = time.monotonic()
        is_fetched = self._fetched_at > self._pressed_at - _BEFORE_SECONDS
        due = self._pressed_at + _SLOW_SECONDS
        if is_fetched:
            due = min(due, self._fetched_at + _QUIET_SECONDS)
        if now >= due:
            self.return_now()
        else:
            self._return.start(round((due - now if is_fetched else _QUIET_SECONDS) * 1000) + 1)


class _Watched(QMimeData):
    """Text that tells when somebody fetches it."""

    def __init__(self, text: str, fetched: Callable[[], None]) -> None:
        super().__init__()
        self._tell = fetched
        self.setText(text)

    def retrieveData(self, kind: str, preferred: QMetaType | QMetaType.Type) -> Any:
        self._tell()
        return super().retrieveData(kind, preferred)


def _mime_data(kept: Mapping[str, bytes]) -> QMimeData | None:
    """Return `kept` as Qt puts it on the clipboard; None for nothing."""
    if not kept:
        return None
    data = QMimeData()
    for kind, content in kept.items():
        if kind == _TEXT:
            # Qt makes all the other ways to write it, but of text that was set as such.
            data.setText(content.decode("utf-8", "replace"))
        else:
            data.setData(kind, content)
    return data


def _copy(data: QMimeData | None) -> QMimeData | None:
    """Return a copy of `data`, whose owner may take it away; None for nothing."""
    if data is None or not data.formats():
        return None
    copied = QMimeData()
    for kind in data.formats():
        if kind == _QT_IMAGE:
            copied.setImageData(data.imageData())
        else:
            copied.setData(kind, data.data(kind))
    return copied
