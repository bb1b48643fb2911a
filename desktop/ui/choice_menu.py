"""A button that shows what is chosen; a click opens the menu of all choices. GUI thread."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import as_words, set_tooltip
from desktop.ui.tokens import Space, tokens_of

__all__ = ["ChoiceMenu"]

_CHEVRON = 16
_LOOK = """
QPushButton { padding: 5px 32px 5px 12px; min-height: 24px; text-align: left; }
QPushButton:focus { padding: 4px 31px 4px 11px; }
"""


class ChoiceMenu(QPushButton):
    """One choice of several, each a key and the words that people see."""

    chosen = Signal(str)
    """(key): the person chose it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without choices."""
        super().__init__(parent)
        self.setProperty("kind", "menu")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(_LOOK)
        self._menu = QMenu(self)
        self._group = QActionGroup(self._menu)
        self.clicked.connect(self._open)
        self._choices: tuple[tuple[str, str], ...] = ()
        self._key = ""
        self._label = ""

    def set_choices(self, choices: Sequence[tuple[str, str]], key: str) -> None:
        """Offer `choices` as pairs of key and words; `key` is chosen. Nothing is signalled."""
        if (tuple(choices), key) == (self._choices, self._key):
            return
        self._choices, self._key = tuple(choices), key
        self._menu.clear()
        self._group.deleteLater()
        self._group = QActionGroup(self._menu)
        for each, words in self._choices:
            action = self._menu.addAction(as_words(words))
            action.setCheckable(True)
            action.setChecked(each == key)
            action.triggered.connect(partial(self._on_triggered, each))
            self._group.addAction(action)
        self._show()

    def set_label(self, label: str) -> None:
        """Say what is chosen here, to pointers and screen readers."""
        self._label = label
        self._show()

    @property
    def key(self) -> str:
        """What is chosen."""
        return self._key

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        colour = QColor(tokens_of(self.palette()).muted)
        chevron = icon_pixmap("chevron-down", _CHEVRON, colour, self.devicePixelRatioF())
        place = QPoint(self.width() - _CHEVRON - Space.S, (self.height() - _CHEVRON) // 2)
        QPainter(self).drawPixmap(place, chevron)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with the down key too."""
        if event.key() == Qt.Key.Key_Down:
            self._open()
        else:
            super().keyPressEvent(event)

    def _open(self) -> None:
        # Not as the button's own menu: a style sheet then draws the words without their padding.
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft() + QPoint(0, Space.XS)))

    def _on_triggered(self, key: str) -> None:
        if key != self._key:
            self._key = key
            self._show()
            self.chosen.emit(key)

    def _show(self) -> None:
        words = dict(self._choices).get(self._key, "")
        self.setText(as_words(words))
        self.setAccessibleName(f"{self._label}: {words}" if self._label else words)
        set_tooltip(self, self._label)
