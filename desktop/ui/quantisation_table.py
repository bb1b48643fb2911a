"""All quantisations of a model, smallest first, the recommended one marked. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.domain.advice import ModelAdvice, QuantisationAdvice
from desktop.domain.catalogue import in_language
from desktop.ui.discover_feed import GetState
from desktop.ui.get_button import GetButton
from desktop.ui.quantisation_columns import columns, small_font
from desktop.ui.quantisation_row import QuantisationRow
from desktop.ui.tokens import Space, tokens_of
from desktop.ui.translation import say

__all__ = ["QuantisationTable"]

_HEAD = 30
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class QuantisationTable(QFrame):
    """One row is chosen: the one whose memory is shown."""

    chosen = Signal(object)
    """(QuantisationAdvice)"""
    explained = Signal(object)
    """(QuantisationFacts, or None)"""
    wished = Signal(object, object, str)
    """(QuantisationAdvice, Wish, key of the download)"""

    def __init__(self) -> None:
        """Start without rows."""
        super().__init__()
        self.setProperty("panel", "card")
        self._rows: list[QuantisationRow] = []
        self._picked = ""
        self._head = _Head()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        self._column.setSpacing(0)
        self._column.addWidget(self._head)

    @property
    def rows(self) -> tuple[QuantisationRow, ...]:
        """The rows, smallest file first."""
        return tuple(self._rows)

    @property
    def selected(self) -> QuantisationAdvice | None:
        """What is chosen; None without rows."""
        return next((row.advice for row in self._rows if row.isChecked()), None)

    def show_advice(
        self, advice: ModelAdvice, language: str, state: Callable[[QuantisationAdvice], GetState]
    ) -> None:
        """Show `advice`; `state` tells how far each one is. The chosen row stays chosen."""
        wanted = [_key(each) for each in advice.quantisations]
        if wanted != [_key(row.advice) for row in self._rows]:
            self._build(advice)
        with_speed = any(each.speed is not None for each in advice.quantisations)
        self._head.show_speed(shown=with_speed)
        reason = self.tr("Recommended: {reason}").format(reason=say(advice.reason))
        for row, each in zip(self._rows, advice.quantisations, strict=True):
            words = in_language(each.facts.words, language) if each.facts is not None else ""
            best = advice.recommended is not None and _key(advice.recommended) == _key(each)
            row.show_advice(each, words, reason if best else "", with_speed=with_speed)
            row.set_state(state(each))

    def forget_choice(self) -> None:
        """Choose what is recommended from now on: another model comes."""
        self._picked = ""

    def choose(self, quantisation: str) -> None:
        """Choose the first row of this name, as a press on it does; none if there is none."""
        wanted = quantisation.casefold()
        for row in self._rows:
            if wanted and row.advice.quantisation.casefold() == wanted:
                row.click()
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move from row to row with the arrow keys."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
            step = steps.get(Qt.Key(event.key()), 0)
            if step and isinstance(watched, QuantisationRow):
                place = self._rows.index(watched) + step
                if 0 <= place < len(self._rows):
                    self._rows[place].setFocus(Qt.FocusReason.TabFocusReason)
                    self._rows[place].click()
                return True
        return super().eventFilter(watched, event)

    def _build(self, advice: ModelAdvice) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = []
        picked = next(
            (each for each in advice.quantisations if each.quantisation == self._picked), None
        )
        best = picked or advice.recommended or next(iter(advice.quantisations), None)
        for each in advice.quantisations:
            row = QuantisationRow(each)
            row.setChecked(best is not None and _key(best) == _key(each))
            row.installEventFilter(self)
            row.explained.connect(self.explained)
            row.wished.connect(self.wished)
            row.clicked.connect(lambda _checked, row=row: self._on_clicked(row))
            self._column.addWidget(row)
            self._rows.append(row)
        self._head.setVisible(bool(self._rows))

    def _on_clicked(self, row: QuantisationRow) -> None:
        self._picked = row.advice.quantisation
        self.chosen.emit(row.advice)


class _Head(QWidget):
    """The names of the columns; where rows are not a table there are none."""

    def __init__(self) -> None:
        super().__init__()
        self._button = GetButton()
        self._button.setParent(self)
        self._button.hide()
        self._with_speed = True

    def show_speed(self, *, shown: bool) -> None:
        """Name the column of speeds, or let the others have its room."""
        if shown is not self._with_speed:
            self._with_speed = shown
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, _HEAD)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, _HEAD)

    def paintEvent(self, _event: QPaintEvent) -> None:
        button = self._button.sizeHint().width()
        places = columns(self.width(), self.height(), button, speed=self._with_speed)
        painter = QPainter(self)
        painter.setFont(small_font(self.font()))
        painter.setPen(QColor(tokens_of(self.palette()).muted))
        painter.drawText(places.name, _LEFT, self.tr("Name"))
        painter.drawText(places.fit, _LEFT, self.tr("Fit"))
        if places.wide:
            painter.drawText(places.bits, _LEFT, self.tr("Per weight"))
            painter.drawText(places.size, _LEFT, self.tr("Size"))
            painter.drawText(places.loss, _LEFT, self.tr("Quality loss"))
            if self._with_speed:
                painter.drawText(places.speed, _LEFT, self.tr("Speed"))


def _key(advice: QuantisationAdvice) -> tuple[str, str, int]:
    return (advice.name, advice.quantisation, advice.size)
