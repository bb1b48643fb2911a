"""What clients of the local server did, on the settings page. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from desktop.domain.api import Access
from desktop.ui.api_access_model import AccessColumn, AccessModel
from desktop.ui.buttons import TextButton
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["ApiAccessPanel"]

_MOST_ROWS = 8
_LEAST_ROWS = 3
_PADDING = 2 * Space.S
_SHORT = (AccessColumn.TIME, AccessColumn.OUTCOME)
"""Columns whose words are never cut."""


class ApiAccessPanel(QWidget):
    """A table as high as what is in it, up to a few rows; further down it scrolls."""

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._model = AccessModel()
        self._table = _Table()
        self._table.setModel(self._model)
        self._table.setProperty("panel", "table")
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._table.setTabKeyNavigation(False)
        self._table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        mode = QHeaderView.ResizeMode
        for column in AccessColumn:
            is_short = column in _SHORT
            header.setSectionResizeMode(column, mode.ResizeToContents if is_short else mode.Stretch)
        self._none = PlainLabel(tone="muted", wrap=True)
        self._clear = TextButton()
        foot = QHBoxLayout()
        foot.addWidget(self._clear)
        foot.addStretch(1)
        self._panel = FormPanel([self._none, self._table], foot)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._panel)
        self._clear.clicked.connect(self._on_clear_clicked)
        self._retranslate()
        self._fit()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return self.tr("What programs did")

    def show_accesses(self, accesses: Sequence[Access]) -> None:
        """Show `accesses`, of which the last one is the newest."""
        self._model.set_accesses(accesses)
        self._fit()
        for column in _SHORT:
            # By itself Qt does so for cells that change, and not for rows that come.
            self._table.resizeColumnToContents(column)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language and the size of the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit()

    def _fit(self) -> None:
        count = self._model.rowCount()
        self._none.setVisible(count == 0)
        self._table.setVisible(count > 0)
        self._clear.setVisible(count > 0)
        high = self._table.fontMetrics().height() + _PADDING
        rows = self._table.verticalHeader()
        rows.setMinimumSectionSize(high)
        rows.setDefaultSectionSize(high)
        shown = min(max(count, _LEAST_ROWS), _MOST_ROWS)
        head = self._table.horizontalHeader().sizeHint().height()
        self._table.setFixedHeight(head + shown * high + 2 * self._table.frameWidth())

    def _on_clear_clicked(self) -> None:
        # The button is about to go.
        self.focusNextChild()
        self.cleared.emit()

    def _retranslate(self) -> None:
        self._panel.set_heading(
            self.tr("What programs did"),
            self.tr(
                "Since Lapis was started, and only as long as it runs. Never what was asked or"
                " answered."
            ),
        )
        self._none.setText(self.tr("No program has asked yet."))
        self._table.setAccessibleName(self.tr("What programs did"))
        self._clear.setText(self.tr("Clear the list"))
        self._model.retranslate()


class _Table(QTableView):
    """Copies the line that the keyboard is at."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if event.matches(QKeySequence.StandardKey.Copy) and row >= 0:
            model = self.model()
            words = [str(model.index(row, column).data()) for column in AccessColumn]
            QGuiApplication.clipboard().setText("\t".join(words))
        else:
            super().keyPressEvent(event)
