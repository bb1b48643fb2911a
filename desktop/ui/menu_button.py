"""A button that shows what is chosen, and opens the choices. GUI thread."""

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from desktop.ui.icons import IconName, icon, icon_pixmap
from desktop.ui.labels import as_words
from desktop.ui.tokens import Space, tokens_of
from desktop.ui.typed_choice import TypedChoice

__all__ = ["MenuButton"]

_ARROW = 16
_MNEMONIC = Qt.TextFlag.TextShowMnemonic


class MenuButton(QPushButton):
    """Choices are values with words; the chosen one is marked in the menu."""

    chosen = Signal(object)
    """(value)"""

    def __init__(self, name: IconName | None = None, parent: QWidget | None = None) -> None:
        """Start without choices; `name` is an icon before the words."""
        super().__init__(parent)
        self.setProperty("kind", "menu")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if name is not None:
            self.setIcon(icon(name))
        self._choices: tuple[tuple[Hashable, str], ...] = ()
        self._value: Hashable = None
        self._purpose = ""
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        TypedChoice(self._menu)
        self.clicked.connect(self._open)

    @property
    def value(self) -> Hashable:
        """What is chosen."""
        return self._value

    @property
    def choices(self) -> tuple[tuple[Hashable, str], ...]:
        """What is offered, with its words."""
        return self._choices

    def set_choices(
        self, purpose: str, choices: Sequence[tuple[Hashable, str]], value: Hashable
    ) -> None:
        """Offer `choices`, `value` being the present one; `purpose` names the button."""
        self._purpose = purpose
        self._choices = tuple(choices)
        self._value = value
        words = dict(self._choices).get(value, "")
        self.setText(as_words(words))
        self.setAccessibleName(f"{purpose}: {words}" if purpose else words)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + _ARROW + Space.XS, hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def shown_text(self) -> str:
        """Return the words as they are painted: cut in the middle where there is no room for all."""
        words = self.text()
        beside = self.sizeHint().width() - self.fontMetrics().size(_MNEMONIC, words).width()
        room = max(0, self.width() - beside)
        return self.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideMiddle, room, int(_MNEMONIC)
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown_text()
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        colour = QColor(tokens_of(self.palette()).muted)
        pixmap = icon_pixmap("chevron-down", _ARROW, colour, self.devicePixelRatioF())
        painter.drawPixmap(self._arrow().topLeft(), pixmap)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with the down key too."""
        if event.key() == Qt.Key.Key_Down:
            self._open()
        else:
            super().keyPressEvent(event)

    def _arrow(self) -> QRect:
        left = self.width() - _ARROW - Space.S
        return QRect(left, (self.height() - _ARROW) // 2, _ARROW, _ARROW)

    def _open(self) -> None:
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft() + QPoint(0, Space.XS)))

    def _fill(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        for value, words in self._choices:
            action = group.addAction(self._menu.addAction(as_words(words)))
            action.setCheckable(True)
            action.setChecked(value == self._value)
            action.triggered.connect(lambda _checked, value=value: self.chosen.emit(value))
