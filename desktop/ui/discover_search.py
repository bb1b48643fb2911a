"""What a search found: models of the catalogue, then repositories of the source. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.errors import (
    BadReference,
    Defect,
    LapisError,
    RemoteFileNotFound,
    RepositoryNotFound,
    TooManyRequests,
    Unreachable,
)
from desktop.domain.repository import SearchHit, SearchResult
from desktop.ui.activity import Activity
from desktop.ui.buttons import TextButton
from desktop.ui.card_grid import CardGrid
from desktop.ui.discover_browse import WIDEST
from desktop.ui.discover_feed import CardFacts
from desktop.ui.hit_row import HitRow
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.page_scroll import PageScroll
from desktop.ui.section_head import SectionHead
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["DiscoverSearch"]

_MOST_CARDS = 4
# The way to the source is fine: there, or here, something else is the matter.
_ANSWERED = (BadReference, Defect, RemoteFileNotFound, RepositoryNotFound, TooManyRequests)


class DiscoverSearch(PageScroll):
    """Says at any time what is known: searching, found, nothing, or why there is no answer."""

    opened = Signal(str)
    wished = Signal(str, object, str)
    hit_opened = Signal(object)
    more_requested = Signal()
    retry_requested = Signal()
    connection_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without anything found."""
        super().__init__(WIDEST, parent=parent)
        self.grid = CardGrid()
        self._all = LinkButton(size=Size.BODY)
        self._grid_head = SectionHead(self._all)
        self._cards: tuple[CardFacts, ...] = ()
        self._shows_all = False
        self._source_head = SectionHead()
        self._source = ""
        self._opens = False
        self._result: SearchResult | None = None
        self._error: LapisError | None = None
        self._activity = Activity()
        self._nothing = PlainLabel(tone="muted", wrap=True)
        self._retry = TextButton()
        self._connection = TextButton()
        self._notice = NoticeCard((self._retry, self._connection))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(Space.S)
        self._hits: list[HitRow] = []
        self._more = TextButton()
        column = self.column
        for part in (self._grid_head, self.grid, self._source_head, self._activity):
            column.addWidget(part)
        column.addWidget(self._nothing)
        column.addWidget(self._notice)
        column.addLayout(self._rows)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.grid.opened.connect(self.opened)
        self.grid.wished.connect(self.wished)
        self.grid.focus_moved.connect(self.ensureWidgetVisible)
        self._all.clicked.connect(self._on_all_clicked)
        self._more.clicked.connect(self.more_requested)
        self._retry.clicked.connect(self.retry_requested)
        self._connection.clicked.connect(self.connection_requested)
        self._say()

    @property
    def hits(self) -> tuple[HitRow, ...]:
        """The rows of what was found at the source."""
        return tuple(self._hits)

    def set_cards(self, cards: tuple[CardFacts, ...]) -> None:
        """Show models of the catalogue that the words name."""
        if [card.id for card in cards] != [card.id for card in self._cards]:
            self._shows_all = False
        self._cards = cards
        shown = cards if self._shows_all else cards[:_MOST_CARDS]
        self.grid.set_cards(shown)
        self._all.setVisible(len(shown) < len(cards))
        for part in (self._grid_head, self.grid):
            part.setVisible(bool(cards))

    def show_searching(self, source: str, *, opens: bool = False) -> None:
        """Say that `source` is being asked; `opens`: for one repository that was named."""
        self._source, self._opens = source, opens
        self._result = self._error = None
        self._fill(())
        self._say()

    def show_result(self, result: SearchResult) -> None:
        """Show what the source found."""
        self._result, self._error = result, None
        self._fill(result.hits)
        self._say()

    def show_error(self, error: LapisError) -> None:
        """Say why the source gave no answer."""
        self._result, self._error = None, error
        self._fill(())
        self._say()

    def focus_first(self) -> None:
        """Bring the focus to the first thing that was found."""
        found: tuple[QWidget, ...] = (*self.grid.cards, *self._hits)
        if found:
            found[0].setFocus(Qt.FocusReason.TabFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_all_clicked(self) -> None:
        self._shows_all = True
        self.set_cards(self._cards)
        self.focus_first()

    def _fill(self, hits: tuple[SearchHit, ...]) -> None:
        kept = len(hits) if [row.hit for row in self._hits] == list(hits[: len(self._hits)]) else 0
        start = min(kept, len(self._hits))
        for row in self._hits[start:]:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        del self._hits[start:]
        for hit in hits[start:]:
            row = HitRow(hit)
            row.opened.connect(self.hit_opened)
            self._rows.addWidget(row)
            self._hits.append(row)

    def _say(self) -> None:
        self._grid_head.say(self.tr("From the catalogue"))
        self._all.setText(self.tr("Show all"))
        self._source_head.say(self.tr("On {source}").format(source=self._source))
        self._source_head.setVisible(bool(self._source))
        waits = self._result is None and self._error is None and bool(self._source)
        self._activity.setVisible(waits)
        self._activity.say(self.tr("Opening…") if self._opens else self.tr("Searching…"))
        self._nothing.setVisible(self._result is not None and not self._result.hits)
        self._nothing.setText(
            self.tr("Nothing found with GGUF files. Try fewer or other words, or another source.")
        )
        self._more.setVisible(self._result is not None and self._result.has_more)
        self._more.setText(self.tr("Show more"))
        self._retry.setText(self.tr("Try again"))
        self._connection.setText(self.tr("Connection…"))
        self._connection.setVisible(not isinstance(self._error, _ANSWERED))
        self._notice.setVisible(self._error is not None)
        if isinstance(self._error, Unreachable):
            title = self.tr("No connection to {source}").format(source=self._source)
            hint = self.tr("The catalogue works without a network; a search needs one.")
            self._notice.show_words(title, hint, Look.NEWS)
        elif self._error is not None:
            self._notice.show_words(say(self._error.title), say(self._error.hint), Look.WARNING)
