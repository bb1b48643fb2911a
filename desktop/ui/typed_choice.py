"""Lines of a menu are found by the beginning of their words, as they are in lists. GUI thread."""

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QMenu

__all__ = ["TypedChoice"]

# Letters that come sooner belong to one word.
_PAUSE_MS = 1000
_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class TypedChoice(QObject):
    """Marks the line of `menu` that begins with what is typed; one letter once more, the next one.

    Qt's own search in menus takes any letter anywhere for a match, and is off in most styles.
    """

    def __init__(self, menu: QMenu) -> None:
        """Listen as long as `menu` lives."""
        super().__init__(menu)
        self._menu = menu
        self._typed = ""
        self._since = QElapsedTimer()
        menu.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._typed = ""
        is_taken = isinstance(event, QKeyEvent) and self._take(event)
        return is_taken or super().eventFilter(watched, event)

    def _take(self, event: QKeyEvent) -> bool:
        """Take a key that writes; a space only within a word, else it chooses."""
        letter = event.text().casefold()
        if event.type() != QEvent.Type.KeyPress or event.modifiers() & _COMMANDS:
            return False
        if self._since.isValid() and self._since.elapsed() > _PAUSE_MS:
            self._typed = ""
        if not letter or not letter.isprintable() or not (self._typed + letter).strip():
            return False
        self._since.start()
        self._typed += letter
        self._mark()
        return True

    def _mark(self) -> None:
        lines = [
            one
            for one in self._menu.actions()
            if one.isEnabled() and one.isVisible() and not one.isSeparator()
        ]
        now = self._menu.activeAction()
        at = lines.index(now) if now in lines else -1
        first = self._typed[0]
        found = _first(lines, self._typed, at + 1 if self._typed == first else max(0, at))
        if found is None and set(self._typed) == {first}:
            found = _first(lines, first, at + 1)
        if found is not None:
            self._menu.setActiveAction(found)


def _first(lines: list[QAction], words: str, start: int) -> QAction | None:
    """Return the line that begins with `words`, the one at `start` looked at first."""
    for line in (*lines[start:], *lines[:start]):
        if line.text().replace("&&", "&").casefold().startswith(words):
            return line
    return None
