"""The catalogue as sections of cards: what suits this computer first, then all of it. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.card_grid import CardGrid
from desktop.ui.context_slider import ContextSlider
from desktop.ui.discover_feed import CardFacts, families, good_here, in_family
from desktop.ui.menu_button import MenuButton
from desktop.ui.page_scroll import PageScroll
from desktop.ui.section_head import SectionHead
from desktop.ui.tokens import Space

__all__ = ["WIDEST", "DiscoverBrowse"]

WIDEST = 1180


class DiscoverBrowse(PageScroll):
    """Two grids; the second one can be narrowed to a family. `context` is a public part."""

    opened = Signal(str)
    wished = Signal(str, object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without models."""
        super().__init__(WIDEST, parent=parent)
        self._cards: tuple[CardFacts, ...] = ()
        self._chosen_family = ""
        self._family = MenuButton()
        self.context = ContextSlider()
        self._good_head = SectionHead(self.context)
        self._all_head = SectionHead(self._family)
        self.good = CardGrid()
        self.all = CardGrid()
        column = self.column
        column.addWidget(self._good_head)
        column.addWidget(self.good)
        column.addSpacing(Space.L)
        column.addWidget(self._all_head)
        column.addWidget(self.all)
        column.addStretch(1)
        for grid in (self.good, self.all):
            grid.opened.connect(self.opened)
            grid.wished.connect(self.wished)
            grid.focus_moved.connect(self.ensureWidgetVisible)
        self._family.chosen.connect(self._on_family_chosen)
        # Without cards they would name nothing.
        for head in (self._good_head, self._all_head):
            head.hide()
        self._retranslate()

    def set_cards(self, cards: tuple[CardFacts, ...], picks: Sequence[str]) -> None:
        """Show `cards`, in the order of the catalogue; `picks` (ids) suit this computer best."""
        self._cards = cards
        good = good_here(cards, picks)
        self._good_head.setVisible(bool(good))
        self.good.setVisible(bool(good))
        self.good.set_cards(good)
        self._all_head.setVisible(bool(cards))
        self._offer_families()
        self.all.set_cards(in_family(cards, self._chosen_family))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _offer_families(self) -> None:
        names = families(self._cards)
        choices = [("", self.tr("All families")), *((name, name) for name in names)]
        if self._chosen_family not in names:
            self._chosen_family = ""
        self._family.set_choices(self.tr("Family"), choices, self._chosen_family)

    def _on_family_chosen(self, family: str) -> None:
        self._chosen_family = family
        self._offer_families()
        self.all.set_cards(in_family(self._cards, family))

    def _retranslate(self) -> None:
        self._good_head.say(
            self.tr("Good on this computer"),
            self.tr("Chosen for the memory of this computer. What you ask stays here."),
        )
        self._all_head.say(self.tr("All models"))
        self._offer_families()
