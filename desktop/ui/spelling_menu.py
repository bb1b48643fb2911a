"""What can be done with a misspelt word, on top of the usual menu of a field. GUI thread."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QAction, QTextCursor
from PySide6.QtWidgets import QMenu

from desktop.services.spelling_words import Word
from desktop.ui.composer_field import ComposerField
from desktop.ui.labels import as_words

if TYPE_CHECKING:
    from desktop.ui.spelling_marks import Checker

__all__ = ["SpellingMenu"]

_PATIENCE_MS = 200


class SpellingMenu(QObject):
    """Opens when the suggestions are there, or without them after a moment.

    What comes later goes into a menu beside: nothing moves under the pointer.
    """

    def __init__(self, field: ComposerField, checker: "Checker") -> None:
        """Wait for a word."""
        super().__init__(field)
        self._field = field
        self._checker = checker
        self._word: Word | None = None
        self._inside = QPoint()
        self._where = QPoint()
        self._late: QAction | None = None
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self._open(None))
        checker.suggested.connect(self._on_suggested)

    def open(self, word: Word, inside: QPoint, where: QPoint) -> None:
        """Offer suggestions for `word`, at a point of the viewport that is `where` on the screen."""
        self._word, self._inside, self._where = word, inside, where
        self._patience.start()
        self._checker.suggest(word.text)

    def _on_suggested(self, word: str, found: list[str]) -> None:
        if self._word is None or word != self._word.text:
            return
        if self._patience.isActive():
            self._patience.stop()
            self._open(found)
        elif self._late is not None:
            self._fill_late(self._late, found)

    def _open(self, found: Sequence[str] | None) -> None:
        word = self._word
        if word is None or not self._field.isVisible():
            return
        menu = self._field.createStandardContextMenu(self._inside)
        first = menu.actions()[0] if menu.actions() else None
        menu.aboutToHide.connect(menu.deleteLater)
        actions = self._ways(menu, word, found)
        separator = QAction(menu)
        separator.setSeparator(True)
        add = QAction(self.tr("Add to dictionary"), menu)
        add.triggered.connect(lambda: self._checker.add(word.text))
        ignore = QAction(self.tr("Ignore"), menu)
        ignore.triggered.connect(lambda: self._checker.ignore(word.text))
        end = QAction(menu)
        end.setSeparator(True)
        for action in (*actions, separator, add, ignore, end):
            menu.insertAction(first, action)  # type: ignore[arg-type]  # None is the end.
        menu.popup(self._where)

    def _ways(self, menu: QMenu, word: Word, found: Sequence[str] | None) -> list[QAction]:
        self._late = None
        if found:
            return [self._replacing(menu, word, each) for each in found]
        action = QAction(menu)
        action.setEnabled(False)
        if found is None:
            action.setText(self.tr("Suggestions"))
            self._late = action
            action.destroyed.connect(self._forget_late)
        else:
            action.setText(self.tr("No suggestions"))
        return [action]

    def _fill_late(self, action: QAction, found: Sequence[str]) -> None:
        menu = action.parent()
        self._late = None
        if not isinstance(menu, QMenu) or self._word is None:
            return
        if not found:
            action.setText(self.tr("No suggestions"))
            return
        beside = QMenu(menu)
        beside.addActions([self._replacing(beside, self._word, each) for each in found])
        action.setMenu(beside)
        action.setEnabled(True)

    def _forget_late(self) -> None:
        self._late = None

    def _replacing(self, menu: QMenu, word: Word, better: str) -> QAction:
        spelt = better.replace("'", "’") if "’" in word.text else better
        action = QAction(as_words(spelt), menu)
        action.triggered.connect(lambda: self._replace(word, spelt))
        return action

    def _replace(self, word: Word, better: str) -> None:
        """Put another word in the place of `word`, unless something else stands there by now."""
        cursor = QTextCursor(self._field.document())
        if word.end >= self._field.document().characterCount():
            return
        cursor.setPosition(word.begin)
        cursor.setPosition(word.end, QTextCursor.MoveMode.KeepAnchor)
        if cursor.selectedText() == word.text:
            cursor.insertText(better)
