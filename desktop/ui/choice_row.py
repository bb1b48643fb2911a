"""One of several ways, as a card that is chosen: a title, a figure, a sentence. GUI thread."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.laid_out_button import LaidOutButton
from desktop.ui.tokens import Space, tokens_of
from desktop.ui.translation import listed

__all__ = ["ChoiceRow", "ChoiceRows"]

_DOT = 16


class ChoiceRow(LaidOutButton):
    """Belongs to a `ChoiceRows`, where one is chosen; the arrows go from one to the next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without words."""
        super().__init__("choice", parent)
        self.setCheckable(True)
        self._dot = _Dot(self)
        self._title = ElidedLabel()
        self._title.setProperty("strong", True)
        self._mark = PlainLabel(tone="accent", size="small")
        self._figure = PlainLabel(tone="muted")
        self._about = PlainLabel(tone="muted", size="small", wrap=True)
        upper = QHBoxLayout()
        upper.setSpacing(Space.S)
        upper.addWidget(self._title)
        upper.addWidget(self._mark)
        upper.addStretch(1)
        upper.addWidget(self._figure)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(upper)
        words.addWidget(self._about)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M - 2, Space.L, Space.M - 2)
        row.setSpacing(Space.M)
        row.addWidget(self._dot, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for part in (self._dot, self._title, self._mark, self._figure, self._about):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def say(self, title: str, figure: str, about: str, mark: str = "") -> None:
        """Show `title` with `mark` beside it, `figure` at the right, `about` below."""
        self._title.setText(title)
        self._figure.setText(figure)
        self._about.setText(about)
        self._about.setVisible(bool(about))
        self._mark.setText(mark)
        self._mark.setVisible(bool(mark))
        self.setAccessibleName(listed((title, mark, figure)))
        self.setAccessibleDescription(about)


class ChoiceRows(QWidget):
    """Rows under each other, one of them chosen."""

    chosen = Signal(int)
    """(number, from 0)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without rows."""
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.S)
        self._group.idClicked.connect(self.chosen)

    def set_count(self, count: int) -> list[ChoiceRow]:
        """Show `count` fresh rows and return them."""
        for button in self._group.buttons():
            self._group.removeButton(button)
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        rows = [ChoiceRow() for _ in range(count)]
        for number, row in enumerate(rows):
            self._group.addButton(row, number)
            self._column.addWidget(row)
        return rows

    def rows(self) -> list[ChoiceRow]:
        """Return the rows, from the top."""
        return [row for row in self._group.buttons() if isinstance(row, ChoiceRow)]

    @property
    def current(self) -> int:
        """The number of the chosen row; -1 for none."""
        return self._group.checkedId()

    def take_focus(self) -> None:
        """Let the keyboard be at the chosen row."""
        button = self._group.checkedButton()
        if button is not None:
            button.setFocus(Qt.FocusReason.OtherFocusReason)

    def choose(self, number: int) -> None:
        """Choose the row with this number."""
        button = self._group.button(number)
        if button is not None:
            button.setChecked(True)


class _Dot(QWidget):
    """The round mark of one out of several."""

    def __init__(self, button: LaidOutButton) -> None:
        super().__init__(button)
        self._button = button
        self.setFixedSize(_DOT, _DOT + 2)
        button.toggled.connect(lambda _on: self.update())

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self._button.isChecked()
        place = QRectF(1, 2, _DOT - 2, _DOT - 2)
        painter.setPen(QPen(QColor(tokens.accent if chosen else tokens.handle), 1.5))
        painter.setBrush(QColor(tokens.surface))
        painter.drawEllipse(place)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(place.adjusted(3.5, 3.5, -3.5, -3.5))
