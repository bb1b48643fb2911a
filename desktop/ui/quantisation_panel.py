"""What the names of quantisations mean: a card over the page, with the chart. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.domain.catalogue import QuantisationFacts, in_language
from desktop.ui.buttons import IconButton
from desktop.ui.labels import PlainLabel
from desktop.ui.page_scroll import PageScroll
from desktop.ui.quantisation_chart import QuantisationChart
from desktop.ui.quantisation_words import bits_words, loss_words
from desktop.ui.tokens import Space, tokens_of

__all__ = ["QuantisationPanel"]

_WIDEST = 620
_VEIL = 0.72
_USUAL = "Q4_K_M"


class QuantisationPanel(QWidget):
    """Covers `parent` while it is open; Esc, its button or a click beside the card close it."""

    def __init__(self, parent: QWidget) -> None:
        """Wait, unseen."""
        super().__init__(parent)
        self._parent = parent
        self._facts: dict[str, QuantisationFacts] = {}
        self._shown: QuantisationFacts | None = None
        self._language = ""
        self._opener: QWidget | None = None
        self._card = QFrame(self)
        self._card.setProperty("panel", "popover")
        self._title = PlainLabel(size="title", wrap=True)
        self._close = IconButton("close")
        self._intro = PlainLabel(tone="muted", wrap=True)
        self.chart = QuantisationChart()
        self._name = PlainLabel(size="title")
        self._numbers = PlainLabel(tone="muted")
        self._words = PlainLabel(wrap=True)
        self._letters = PlainLabel(tone="muted", size="small", wrap=True)
        self._lay_out()
        self.chart.pointed.connect(lambda name: self._show_line(self._facts.get(name)))
        self._close.clicked.connect(self.close_panel)
        parent.installEventFilter(self)
        self._retranslate()
        self.hide()

    def show_facts(
        self, facts: Sequence[QuantisationFacts], offered: frozenset[str], language: str
    ) -> None:
        """Know all quantisations; `offered` are those of the model on show."""
        self._facts = {each.name: each for each in facts}
        self._language = language
        self.chart.show_facts(facts, offered, self.chosen)
        self._show_line(self._shown)

    @property
    def chosen(self) -> str:
        """The quantisation that is being explained."""
        return self._name.text()

    def explain(self, facts: QuantisationFacts | None) -> None:
        """Open, with the line of `facts`; without any, with that of the usual choice."""
        self._opener = self.window().focusWidget()
        self._show_line(facts or self._facts.get(_USUAL))
        self.chart.choose(self.chosen)
        self.setGeometry(self._parent.rect())
        self.show()
        self._fit()
        self.raise_()
        self._close.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_panel(self) -> None:
        """Go away, and give the focus back."""
        self.hide()
        # The list may have been built anew meanwhile.
        if self._opener is not None and isValid(self._opener):
            self._opener.setFocus(Qt.FocusReason.OtherFocusReason)
        self._opener = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.close_panel()

    def paintEvent(self, _event: QPaintEvent) -> None:
        veil = QColor(tokens_of(self.palette()).canvas)
        veil.setAlphaF(_VEIL)
        QPainter(self).fillRect(self.rect(), veil)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the parent whatever its size becomes."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._parent.rect())
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.XL, Space.L, Space.M, 0)
        top.addWidget(self._title, 1)
        top.addWidget(self._close)
        page = PageScroll(_WIDEST, on_card=True)
        page.column.setSpacing(Space.S)
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self._name)
        line.addWidget(self._numbers, 1, Qt.AlignmentFlag.AlignBottom)
        page.column.addWidget(self._intro)
        page.column.addSpacing(Space.XS)
        page.column.addWidget(self.chart)
        page.column.addSpacing(Space.XS)
        page.column.addLayout(line)
        page.column.addWidget(self._words)
        page.column.addSpacing(Space.S)
        page.column.addWidget(self._letters)
        page.column.addStretch(1)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(page, 1)
        self._page = page
        self._top = top

    def _fit(self) -> None:
        """Lie in the middle, as high as the words need."""
        room = self.rect().adjusted(Space.XL, Space.XL, -Space.XL, -Space.XL)
        width = min(_WIDEST + 2 * Space.XL, room.width())
        needed = self._top.sizeHint().height() + self._page.whole_height(width - 2)
        height = min(needed + Space.XS, room.height())
        self._card.setGeometry(
            room.center().x() - width // 2, room.center().y() - height // 2, width, height
        )

    def _show_line(self, facts: QuantisationFacts | None) -> None:
        if facts is None:
            return
        self._shown = facts
        self._name.setText(facts.name)
        loss = self.tr("Quality loss: {words}").format(words=loss_words(facts.loss))
        self._numbers.setText(f"{bits_words(facts)} · {loss}")
        self._words.setText(in_language(facts.words, self._language))

    def _retranslate(self) -> None:
        self._title.setText(self.tr("What do these names mean?"))
        self._close.set_label(self.tr("Close (Esc)"))
        self._intro.setText(
            self.tr(
                "A quantisation keeps each weight of the model in fewer bits. The file gets "
                "smaller and answers come faster, but they get a little worse. Point at the chart "
                "to compare."
            )
        )
        self._letters.setText(
            self.tr(
                "Q4 means about four bits. K mixes precise and coarse parts; S, M and L say how "
                "many parts are precise. IQ is smaller at the same quality, and slower on a "
                "processor. UD is a mix chosen for each layer. Measured on an 8B model; smaller "
                "models lose more, larger ones less."
            )
        )
        self._show_line(self._shown)
