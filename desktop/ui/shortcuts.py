"""The keys of the main window, all in one place. GUI thread."""

import sys
from typing import Final

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

__all__ = [
    "ENTER_KEY",
    "HELP_KEY",
    "PANEL_KEYS",
    "QUIT_KEYS",
    "SEARCH_KEYS",
    "SIDEBAR_KEYS",
    "Shortcuts",
    "native",
    "with_key",
]

HELP_KEY: Final = Qt.Key.Key_F1
SIDEBAR_KEYS: Final = Qt.Modifier.CTRL | Qt.Key.Key_Backslash
SEARCH_KEYS: Final = Qt.Modifier.CTRL | Qt.Key.Key_K
PANEL_KEYS: Final = Qt.Modifier.CTRL | Qt.Modifier.SHIFT | Qt.Key.Key_P
QUIT_KEYS: Final = Qt.Modifier.CTRL | Qt.Key.Key_Q
ENTER_KEY: Final = Qt.Key.Key_Return if sys.platform == "darwin" else Qt.Key.Key_Enter
"""What stands on both of them: keyboards of Macs call them Return, all others Enter."""


def native(key: Qt.Key | QKeyCombination) -> str:
    """Return what stands on the keys of this system."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def with_key(words: str, key: Qt.Key | QKeyCombination) -> str:
    """Return the words of a menu's line, with the key that does the same at the right edge."""
    return f"{words}\t{native(key)}"


class Shortcuts(QObject):
    """One signal for each thing a key can do; Delete and Enter belong to the list of chats."""

    new_chat = Signal()
    temporary_chat = Signal()
    search = Signal()
    find = Signal()
    rename = Signal()
    sidebar = Signal()
    composer = Signal()
    stop = Signal()
    undo = Signal()
    models = Signal()
    settings = Signal()
    keys = Signal()
    help = Signal()
    panel = Signal()
    quit = Signal()

    def __init__(self, window: QWidget) -> None:
        """Bind the keys to `window`."""
        super().__init__(window)
        key, ctrl = Qt.Key, Qt.Modifier.CTRL
        for sequence, signal in (
            (QKeySequence(ctrl | key.Key_N), self.new_chat),
            (QKeySequence(ctrl | Qt.Modifier.SHIFT | key.Key_N), self.temporary_chat),
            (QKeySequence(SEARCH_KEYS), self.search),
            (QKeySequence(QKeySequence.StandardKey.Find), self.find),
            (QKeySequence(key.Key_F2), self.rename),
            (QKeySequence(SIDEBAR_KEYS), self.sidebar),
            (QKeySequence(ctrl | key.Key_L), self.composer),
            (QKeySequence(key.Key_Escape), self.stop),
            (QKeySequence(QKeySequence.StandardKey.Undo), self.undo),
            (QKeySequence(ctrl | Qt.Modifier.SHIFT | key.Key_M), self.models),
            (QKeySequence(PANEL_KEYS), self.panel),
            (QKeySequence(ctrl | key.Key_Comma), self.settings),
            (QKeySequence(ctrl | key.Key_Slash), self.keys),
            (QKeySequence(HELP_KEY), self.help),
            (QKeySequence(QUIT_KEYS), self.quit),
        ):
            shortcut = QShortcut(sequence, window)
            shortcut.activated.connect(signal)
