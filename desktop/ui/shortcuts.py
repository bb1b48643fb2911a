"""The keys of the main window, all in one place. GUI thread."""

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

__all__ = ["Shortcuts", "with_key"]


def with_key(words: str, key: Qt.Key | QKeyCombination) -> str:
    """Return the words of a menu's line, with the key that does the same at the right edge."""
    native = QKeySequence.SequenceFormat.NativeText
    return f"{words}\t{QKeySequence(key).toString(native)}"


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
    panel = Signal()
    quit = Signal()

    def __init__(self, window: QWidget) -> None:
        """Bind the keys to `window`."""
        super().__init__(window)
        key, ctrl = Qt.Key, Qt.Modifier.CTRL
        for sequence, signal in (
            (QKeySequence(ctrl | key.Key_N), self.new_chat),
            (QKeySequence(ctrl | Qt.Modifier.SHIFT | key.Key_N), self.temporary_chat),
            (QKeySequence(ctrl | key.Key_K), self.search),
            (QKeySequence(QKeySequence.StandardKey.Find), self.find),
            (QKeySequence(key.Key_F2), self.rename),
            (QKeySequence(ctrl | key.Key_Backslash), self.sidebar),
            (QKeySequence(ctrl | key.Key_L), self.composer),
            (QKeySequence(key.Key_Escape), self.stop),
            (QKeySequence(QKeySequence.StandardKey.Undo), self.undo),
            (QKeySequence(ctrl | Qt.Modifier.SHIFT | key.Key_M), self.models),
            (QKeySequence(ctrl | Qt.Modifier.SHIFT | key.Key_P), self.panel),
            (QKeySequence(ctrl | key.Key_Comma), self.settings),
            (QKeySequence(ctrl | key.Key_Slash), self.keys),
            (QKeySequence(ctrl | key.Key_Q), self.quit),
        ):
            shortcut = QShortcut(sequence, window)
            shortcut.activated.connect(signal)
