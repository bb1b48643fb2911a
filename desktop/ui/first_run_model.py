"""The second of the first steps: a model for this computer, two others, and other ways to one.

Values in, signals out. GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.advice import Pick
from desktop.domain.errors import LapisError
from desktop.domain.quantities import sized
from desktop.ui.activity import Activity
from desktop.ui.buttons import TextButton
from desktop.ui.choice_row import ChoiceRows
from desktop.ui.discover_feed import GetState, Stage
from desktop.ui.first_run import Step
from desktop.ui.first_run_offer import OfferCard
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.get_button import Wish
from desktop.ui.icons import icon
from desktop.ui.labels import PlainLabel
from desktop.ui.link_popover import LinkPopover
from desktop.ui.links import visible
from desktop.ui.model_sheet import ModelSheet
from desktop.ui.quantisation_words import speed_words
from desktop.ui.row_note import RowNote
from desktop.ui.shelf_menu import ShelfMenu
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["FirstRunModel", "ModelOffer", "Role"]

_SIGN = 16


class Role(Enum):
    """What one of the three is the best at."""

    BALANCED = auto()
    BEST = auto()
    FASTEST = auto()


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """One of the three: what it is, its page in the person's language, and how far it is."""

    role: Role
    pick: Pick
    sheet: ModelSheet
    state: GetState = field(default_factory=GetState)


class FirstRunModel(Step):
    """The balanced one is chosen; each shows what it takes, and Get fetches it."""

    wished = Signal(object, object, str)
    """(ModelOffer, Wish, key of the download)"""
    licence_accepted = Signal(str)
    file_wanted = Signal()
    all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start while nobody knows what suits this computer."""
        super().__init__(parent)
        self._offers: tuple[ModelOffer, ...] = ()
        self._is_known = False
        self._is_connected = True
        self._rows = ChoiceRows()
        self._card = OfferCard()
        self.note = RowNote()
        self._offline = _OfflineLine()
        self._busy = Activity()
        self._nothing = PlainLabel(wrap=True)
        self._file = TextButton()
        self._file.setIcon(icon("file"))
        self.shelf = ShelfMenu()
        self._all = TextButton(kind="quiet")
        self._guide = PlainLabel(tone="muted", size="small", wrap=True)
        self._popover = LinkPopover(self)
        self._lay_out()
        self._rows.chosen.connect(self._on_chosen)
        self._card.wished.connect(self._on_wished)
        self._card.licence.accepted.connect(self.licence_accepted)
        self._card.licence.link_pressed.connect(self._ask_about)
        self._file.clicked.connect(self.file_wanted)
        self._all.clicked.connect(self.all_wanted)
        self._say()

    def set_offers(self, offers: Sequence[ModelOffer]) -> None:
        """Show `offers`, the one to take first; none at all where nothing suits this computer."""
        before = [(each.role, each.sheet.key) for each in self._offers]
        self._offers, self._is_known = tuple(offers), True
        if before != [(each.role, each.sheet.key) for each in self._offers]:
            self._rows.set_count(len(self._offers))
            self._rows.choose(0)
        self._say()

    def set_connected(self, *, connected: bool) -> None:
        """Say whether anything could be fetched just now."""
        self._is_connected = connected
        self._say()

    def show_busy(self) -> None:
        """Say that the source is being asked."""
        self.note.show_busy(self.tr("Connecting…"))

    def show_error(self, error: LapisError) -> None:
        """Say what is wrong; a file would do, so the keyboard goes there."""
        self.note.show_error(error)
        self._say()
        self._file.setFocus()

    def first_focus(self) -> QWidget | None:
        """Begin with the button that gets the model, or a file where nothing can be fetched."""
        if not self._is_connected:
            return self._file
        return self._card.button if self._can_get() else None

    @property
    def stands_out(self) -> bool:
        """Whether there is a model to be got."""
        return self._is_connected and self._can_get()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        others = FlowLayout(beside=Space.S, between=Space.S)
        for part in (self._file, self.shelf, self._all):
            others.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self._busy, 0, Qt.AlignmentFlag.AlignHCenter)
        for above in (self._nothing, self._offline, self._rows, self._card, self.note):
            column.addWidget(above)
        column.addLayout(others)
        column.addWidget(self._guide)

    def _can_get(self) -> bool:
        current = self._current()
        return current is not None and current.state.stage is Stage.OFFERED

    def _current(self) -> ModelOffer | None:
        number = max(0, self._rows.current)
        return self._offers[number] if number < len(self._offers) else None

    def _on_chosen(self, _number: int) -> None:
        self.note.clear()
        self._say()

    def _on_wished(self, wish: Wish, order: str) -> None:
        offer = self._current()
        if offer is None:
            return
        if wish is Wish.GET:
            self.note.clear()
        self.wished.emit(offer, wish, order)

    def _ask_about(self, address: str, where: QPoint) -> None:
        self._popover.ask(address, self.mapFromGlobal(where))

    def _show_card(self) -> None:
        offer = self._current()
        self._card.setVisible(offer is not None)
        if offer is not None:
            self._card.show_offer(offer.pick, offer.sheet, offer.state)

    def _say(self) -> None:
        self.title = self.tr("A model for it")
        self.lead = self.tr("A model is a file. Lapis answers with it, on this computer alone.")
        self._file.setText(self.tr("I have a file"))
        self._all.setText(self.tr("All models"))
        self._guide.setText(
            self.tr("Until a model is here, the built-in guide answers questions about Lapis.")
        )
        self._busy.say(self.tr("Reckoning what suits this computer…"))
        self._busy.setVisible(not self._is_known and not self.note.words)
        self._nothing.setText(
            self.tr(
                "None of the models that Lapis knows runs well here. A small one may run all the "
                "same: look through them all, or open a file of your own."
            )
        )
        self._offline.setVisible(not self._is_connected)
        self._offline.words.setText(
            self.tr(
                "This computer is not connected to any network. A file from a USB stick does as "
                "well."
            )
        )
        self._nothing.setVisible(self._is_known and not self._offers)
        self._rows.setVisible(len(self._offers) > 1)
        roles = {
            Role.BALANCED: self.tr("Balanced"),
            Role.BEST: self.tr("Best answers"),
            Role.FASTEST: self.tr("Fastest"),
        }
        for row, offer in zip(self._rows.rows(), self._offers, strict=True):
            advice = offer.pick.advice
            figures = (speed_words(advice.speed), sized(advice.size))
            figure = " · ".join(words for words in figures if words)
            row.say(visible(offer.sheet.name), figure, "", roles[offer.role])
        self._show_card()
        self.words_changed.emit()


class _OfflineLine(QWidget):
    """A sign and words: nothing is wrong, but there is another way."""

    def __init__(self) -> None:
        super().__init__()
        self.words = PlainLabel(wrap=True)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(TintedIcon("warning", _SIGN, tone="warn"), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.words, 1)
