"""Reads what was copied last, without hanging again and again on a program that does not answer.

Another program holds the text, and Qt waits seconds for it. GUI thread.
"""

import time

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

__all__ = ["ClipboardReader"]

_PATIENCE = 1.0


class ClipboardReader(QObject):
    """A holder that was slow is not asked again before something else is copied."""

    def __init__(self, parent: QObject) -> None:
        """Trust whoever holds it now."""
        super().__init__(parent)
        self._is_slow = False
        QGuiApplication.clipboard().dataChanged.connect(self._on_data_changed)

    def text(self) -> str:
        """Return the text, empty where there is none or nobody hands it over."""
        clipboard = QGuiApplication.clipboard()
        if self._is_slow and not clipboard.ownsClipboard():
            return ""
        began = time.monotonic()
        text = clipboard.text()
        self._is_slow = time.monotonic() - began > _PATIENCE
        return text

    def _on_data_changed(self) -> None:
        self._is_slow = False
