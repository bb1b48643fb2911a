"""The top of a model's page: its name, what it is good at, and the one button that gets it.

GUI thread.
"""

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain import quantities
from desktop.domain.advice import QuantisationAdvice
from desktop.ui.chips import Chip, ChipRow
from desktop.ui.discover_feed import GetState
from desktop.ui.get_button import GetButton
from desktop.ui.labels import PlainLabel, breakable
from desktop.ui.link_button import LinkButton
from desktop.ui.links import visible
from desktop.ui.model_chips import context_chip, model_chips
from desktop.ui.model_sheet import ModelSheet
from desktop.ui.tokens import Size, Space

__all__ = ["ModelHead"]


class ModelHead(QWidget):
    """Gets what is recommended; the table below has the rest."""

    wished = Signal(object, object, str)
    """(QuantisationAdvice, Wish, key of the download)"""
    page_wanted = Signal(QPoint)
    """(where on the screen): ask before the model's web page opens."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._sheet: ModelSheet | None = None
        self._best: QuantisationAdvice | None = None
        self._name = PlainLabel(size="large", wrap=True)
        self._words = PlainLabel(wrap=True)
        self._chips = ChipRow()
        self._page = LinkButton(size=Size.BODY)
        self._get = GetButton(primary=True)
        self._size = PlainLabel(tone="muted", size="small")
        self._reason = PlainLabel(tone="muted", size="small", wrap=True)
        button = QHBoxLayout()
        button.setSpacing(Space.M)
        button.addWidget(self._get)
        button.addWidget(self._size)
        button.addStretch(1)
        button.addWidget(self._page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._name)
        column.addWidget(self._words)
        column.addSpacing(Space.XS)
        column.addWidget(self._chips)
        column.addSpacing(Space.S)
        column.addLayout(button)
        column.addWidget(self._reason)
        self._column: QBoxLayout = column
        self._get.wished.connect(self._on_wished)
        self._page.clicked.connect(self._on_page)

    def show_sheet(self, sheet: ModelSheet) -> None:
        """Show `sheet`."""
        self._sheet = sheet
        self._say()

    def show_best(
        self, best: QuantisationAdvice | None, reason: str, state: GetState, *, doubtful: bool
    ) -> None:
        """Offer `best` for this `reason`; None where nothing can be recommended, and why.

        What is `doubtful` can be had, but is not urged on anybody.
        """
        self._get.set_primary(primary=not doubtful)
        self._best = best
        self._get.setVisible(best is not None)
        self._size.setVisible(best is not None)
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        if best is not None and self._sheet is not None:
            self._get.set_state(visible(f"{self._sheet.name} {best.quantisation}"), state)
            self._size.setText(visible(f"{best.quantisation} · {quantities.sized(best.size)}"))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_wished(self, wish: object, order: str) -> None:
        if self._best is not None:
            self.wished.emit(self._best, wish, order)

    def _on_page(self) -> None:
        self.page_wanted.emit(self._page.mapToGlobal(self._page.rect().bottomLeft()))

    def _say(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        # A place to break long names at, which nobody sees.
        self._name.setText(breakable(visible(sheet.name)))
        self._name.setAccessibleName(visible(sheet.name))
        self._words.setText(sheet.words)
        self._words.setVisible(bool(sheet.words))
        chips = list(model_chips(sheet))
        if sheet.parameters:
            count = quantities.parameters(sheet.parameters)
            words = self.tr("{count} parameters").format(count=count)
            chips.append(Chip(words, hint=self.tr("The size of the model")))
        if sheet.context_length:
            chips.append(context_chip(sheet.context_length))
        if sheet.released:
            words = self.tr("Released {date}").format(date=sheet.released[:7])
            chips.append(Chip(words))
        self._chips.set_chips(chips)
        self._page.setText(self.tr("Web page"))
