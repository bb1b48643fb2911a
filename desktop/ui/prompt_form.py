"""Asks what stands for the variables of a prompt that only a person knows. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.tokens import Space

__all__ = ["PromptForm"]

_MOST = 12
_LONGEST = 2000
_WIDE = 520
_LABEL_WIDEST = 180
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PromptForm(QFrame):
    """A line for each name; Enter goes on to the next one, and takes all of them from the last."""

    filled = Signal(object)
    """(dict[str, str]): by name; what was left empty is not in it."""
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden, asking for nothing."""
        super().__init__(parent)
        self.setProperty("panel", "popover")
        self._names: tuple[str, ...] = ()
        self._fields: list[QLineEdit] = []
        self._title = ElidedLabel(size="title")
        self._about = PlainLabel(tone="muted", size="small", wrap=True)
        self._grid = QGridLayout()
        self._lines = QWidget()
        self._cancel = TextButton()
        self._take = TextButton(kind="primary")
        self._lay_out()
        self._take.clicked.connect(self._finish)
        self._cancel.clicked.connect(self._give_up)
        self._retranslate()
        self.hide()

    def ask(self, title: str, names: Sequence[str]) -> None:
        """Show itself, asking for `names` of the prompt called `title`; at most a dozen."""
        self._names = tuple(names[:_MOST])
        self._title.setText(title)
        for field in self._fields:
            field.hide()
            field.deleteLater()
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._fields = [self._add(row, name) for row, name in enumerate(self._names)]
        self.adjustSize()
        self.show()
        self.take_focus()

    def take_focus(self) -> None:
        """Let the typing begin in the first line."""
        if self._fields:
            self._fields[0].setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def values(self) -> dict[str, str]:
        """What was typed so far, without what is empty."""
        pairs = zip(self._names, self._fields, strict=True)
        return {name: text for name, field in pairs if (text := field.text().strip())}

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, Esc gives up; no other key leaves the form."""
        if event.key() == Qt.Key.Key_Escape:
            self._give_up()
        elif event.key() in _ENTER:
            self._go_on()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        self._grid.setHorizontalSpacing(Space.M)
        self._grid.setVerticalSpacing(Space.S)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._lines.setLayout(self._grid)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._take)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.M)
        column.addWidget(self._title)
        column.addWidget(self._about)
        column.addWidget(self._lines)
        column.addLayout(buttons)
        self.setMinimumWidth(_WIDE)

    def _add(self, row: int, name: str) -> QLineEdit:
        label = ElidedLabel(name)
        label.setMaximumWidth(_LABEL_WIDEST)
        field = QLineEdit()
        field.setMaxLength(_LONGEST)
        field.setAccessibleName(name)
        for column, part in enumerate((label, field)):
            self._grid.addWidget(part, row, column)
            # At once, and not with the next layout: the first one is about to get the focus.
            part.show()
        return field

    def _go_on(self) -> None:
        focused = self.focusWidget()
        places = [place for place, field in enumerate(self._fields) if field is focused]
        if focused is self._cancel:
            self._give_up()
        elif places and places[0] + 1 < len(self._fields):
            self._fields[places[0] + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self._finish()

    def _finish(self) -> None:
        values = self.values
        self.hide()
        self.filled.emit(values)

    def _give_up(self) -> None:
        self.hide()
        self.cancelled.emit()

    def _retranslate(self) -> None:
        self._about.setText(self.tr("What stays empty can be filled in before you send it."))
        self._cancel.setText(self.tr("Cancel"))
        self._take.setText(self.tr("Insert"))
        self.setAccessibleName(self.tr("What the prompt asks for"))
