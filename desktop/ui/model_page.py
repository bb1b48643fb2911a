"""A model's own page: what it is, what it takes, and all its quantisations. GUI thread.

Values in, signals out; one `ModelSheet`, then one `ModelAdvice` for each context that is chosen.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.advice import ModelAdvice, QuantisationAdvice
from desktop.domain.catalogue import QuantisationFacts
from desktop.domain.errors import LapisError
from desktop.domain.repository import Gate
from desktop.ui.activity import Activity
from desktop.ui.buttons import TextButton
from desktop.ui.discover_feed import GetState, Here
from desktop.ui.gate_card import GateCard
from desktop.ui.get_button import Wish
from desktop.ui.labels import PlainLabel
from desktop.ui.licence_card import LicenceCard
from desktop.ui.link_button import LinkButton
from desktop.ui.link_popover import LinkPopover
from desktop.ui.links import visible
from desktop.ui.memory_bar import MemoryView
from desktop.ui.memory_card import MemoryCard
from desktop.ui.model_head import ModelHead
from desktop.ui.model_sheet import ModelSheet
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.page_scroll import PageScroll
from desktop.ui.page_top import PageTop
from desktop.ui.quantisation_panel import QuantisationPanel
from desktop.ui.quantisation_table import QuantisationTable
from desktop.ui.section_head import SectionHead
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["ModelPage"]


class ModelPage(QWidget):
    """Shows a sheet at once, and the rest as it becomes known."""

    back_requested = Signal()
    wished = Signal(str, object, object, str)
    """(key of the sheet, QuantisationAdvice, Wish, key of the download)"""
    context_chosen = Signal(str, int)
    """(key of the sheet, tokens): answer with `show_advice` for this context."""
    chosen = Signal(str, object)
    """(key of the sheet, QuantisationAdvice): answer with `show_memory` of this one."""
    kv_type_chosen = Signal(object)
    """(KvType): for all models; answer with `show_advice`."""
    licence_accepted = Signal(str)
    """(id of the licence): once for all models under it."""
    token_given = Signal(str)
    retry_requested = Signal(str)
    """(key of the sheet)"""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__()
        self._sheet: ModelSheet | None = None
        self._advice: ModelAdvice | None = None
        self._error: LapisError | None = None
        self._facts: tuple[QuantisationFacts, ...] = ()
        self._here = Here()
        self._language = ""
        self._top = PageTop()
        self._head = ModelHead()
        self.gate = GateCard()
        self._activity = Activity()
        self._retry = TextButton()
        self._notice = NoticeCard((self._retry,))
        self._unusable = NoticeCard(())
        self._unusable.hide()
        self._problem: LapisError | None = None
        self._is_weighed = False
        self.memory = MemoryCard()
        self._names = LinkButton(size=Size.BODY)
        self._table_head = SectionHead(self._names)
        self.table = QuantisationTable()
        self._nothing = PlainLabel(tone="muted", wrap=True)
        self.licence = LicenceCard()
        self._page = PageScroll(Size.PAGE)
        self._lay_out()
        self.panel = QuantisationPanel(self)
        self._popover = LinkPopover(self)
        self._connect()
        self._retranslate()

    def show_sheet(self, sheet: ModelSheet, language: str) -> None:
        """Show `sheet`; another model than before starts without advice."""
        if self._sheet is None or sheet.key != self._sheet.key:
            self._advice = self._error = self._problem = None
            self._is_weighed = False
            self.gate.forget()
            self.table.forget_choice()
            self._page.scroll_to_top()
        self._sheet, self._language = sheet, language
        self._head.show_sheet(sheet)
        self.gate.show_gate(sheet.gate)
        self.licence.show_sheet(sheet)
        self._show()

    def show_advice(self, key: str, advice: ModelAdvice) -> None:
        """Show what suits this computer; too late, where another model is shown by now."""
        if self._sheet is not None and key == self._sheet.key:
            self._advice, self._error = advice, None
            self._show()
            if self.table.selected is not None:
                self.chosen.emit(key, self.table.selected)

    def show_error(self, key: str, error: LapisError) -> None:
        """Say why the list of files is not known, beside what is known already."""
        if self._sheet is not None and key == self._sheet.key:
            self._error = error
            self._show()

    def show_memory(self, key: str, view: MemoryView) -> None:
        """Show what the chosen quantisation takes."""
        if self._sheet is not None and key == self._sheet.key:
            self.memory.show_view(view)
            self._is_weighed = True
            self._show_unusable()

    def show_problem(self, key: str, problem: LapisError | None) -> None:
        """Say that the engine could not load the model, before anything of it is fetched."""
        if self._sheet is not None and key == self._sheet.key:
            self._problem = problem
            self._show_unusable()
            self._show_best()

    def set_here(self, here: Here) -> None:
        """Show what is installed and what is on its way."""
        self._here = here
        self._show_states()

    def set_facts(self, facts: Sequence[QuantisationFacts]) -> None:
        """Know what quantisations mean, those too that the model on show has not."""
        self._facts = tuple(facts)
        self._show_panel()

    @property
    def key(self) -> str:
        """The key of the sheet on show, empty for none."""
        return self._sheet.key if self._sheet is not None else ""

    def take_focus(self) -> None:
        """Let the keyboard begin at the top."""
        self._top.take_focus()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        for part in (
            self._head,
            self.gate,
            self._activity,
            self._notice,
            self._unusable,
            self.memory,
            self._table_head,
            self.table,
            self._nothing,
            self.licence,
        ):
            self._page.column.addWidget(part)
        self._page.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top)
        column.addWidget(self._page, 1)

    def _connect(self) -> None:
        self._top.back_requested.connect(self.back_requested)
        self._page.verticalScrollBar().valueChanged.connect(self._show_title)
        self._retry.clicked.connect(lambda: self.retry_requested.emit(self.key))
        self._names.clicked.connect(self._on_names_clicked)
        self._head.wished.connect(self._on_wished)
        self._head.page_wanted.connect(self._on_page_wanted)
        self.gate.page_wanted.connect(self._on_page_wanted)
        self.gate.token_given.connect(self.token_given)
        self.licence.accepted.connect(self.licence_accepted)
        self.licence.link_pressed.connect(self._ask_about)
        self.memory.context_chosen.connect(
            lambda context: self.context_chosen.emit(self.key, context)
        )
        self.memory.kv_type_chosen.connect(self.kv_type_chosen)
        self.table.chosen.connect(lambda advice: self.chosen.emit(self.key, advice))
        self.table.explained.connect(self.panel.explain)
        self.table.wished.connect(self._on_wished)

    def _show(self) -> None:
        sheet, advice = self._sheet, self._advice
        if sheet is None:
            return
        self._show_title()
        offered = advice.quantisations if advice is not None else ()
        self.gate.setVisible(sheet.gate is not Gate.OPEN)
        self._activity.setVisible(advice is None and self._error is None)
        self._notice.setVisible(self._error is not None)
        if self._error is not None:
            self._notice.show_words(say(self._error.title), say(self._error.hint), Look.WARNING)
        self._show_unusable()
        self._table_head.setVisible(bool(offered))
        self.table.setVisible(bool(offered))
        self._nothing.setVisible(advice is not None and not offered)
        if advice is not None:
            self.table.show_advice(advice, self._language, self._state)
        self._show_best()
        self._show_panel()

    def _show_title(self) -> None:
        """Repeat the name above, once it is scrolled out of sight."""
        scrolled = self._page.verticalScrollBar().value() > Size.LARGE + Space.XL
        name = visible(self._sheet.name) if self._sheet is not None else ""
        self._top.show_title(name if scrolled else self.tr("Models"), own=scrolled)

    def _show_unusable(self) -> None:
        problem = self._problem
        self._unusable.setVisible(problem is not None)
        if problem is not None:
            self._unusable.show_words(say(problem.title), say(problem.hint), Look.WARNING)
        # What cannot be loaded takes no memory and runs nowhere.
        self.memory.setVisible(self._is_weighed and problem is None)

    def _show_states(self) -> None:
        for row in self.table.rows:
            row.set_state(self._state(row.advice))
        self._show_best()

    def _show_best(self) -> None:
        best = self._advice.recommended if self._advice is not None else None
        doubtful = self._problem is not None
        reason = say(self._advice.reason) if self._advice is not None and not doubtful else ""
        state = self._state(best) if best is not None else GetState()
        self._head.show_best(best, reason, state, doubtful=doubtful)

    def _show_panel(self) -> None:
        labels = (row.advice.quantisation for row in self.table.rows)
        self.panel.show_facts(self._facts, frozenset(labels), self._language)

    def _state(self, advice: QuantisationAdvice) -> GetState:
        repositories = self._sheet.repositories if self._sheet is not None else ()
        return self._here.state(repositories, advice.name, advice.quantisation)

    def _on_wished(self, advice: QuantisationAdvice, wish: Wish, order: str) -> None:
        if wish is Wish.GET and not self.licence.is_open:
            self.licence.ask()
            self._page.ensureWidgetVisible(self.licence)
        else:
            self.wished.emit(self.key, advice, wish, order)

    def _on_names_clicked(self) -> None:
        chosen = self.table.selected
        self.panel.explain(chosen.facts if chosen is not None else None)

    def _on_page_wanted(self, where: QPoint) -> None:
        if self._sheet is not None:
            self._ask_about(self._sheet.page, where)

    def _ask_about(self, address: str, where: QPoint) -> None:
        self._popover.ask(address, self.mapFromGlobal(where))

    def _retranslate(self) -> None:
        self._activity.say(self.tr("Reading the list of files…"))
        self._retry.setText(self.tr("Try again"))
        self._names.setText(self.tr("What do these names mean?"))
        self._table_head.say(
            self.tr("Quantisations"),
            self.tr("The same model in several sizes: smaller is faster and a little worse."),
        )
        self._nothing.setText(self.tr("There are no GGUF files of this model to choose from."))
        self._show()
