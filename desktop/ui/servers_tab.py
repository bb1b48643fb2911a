"""The tab of servers on the Models page: each with its models. Values in, signals out. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.icons import icon
from desktop.ui.labels import PlainLabel
from desktop.ui.nested_layouts import let_layouts_tell
from desktop.ui.page_scroll import PageScroll
from desktop.ui.search_field import SearchField
from desktop.ui.server_card import ServerCard
from desktop.ui.server_view import ServerView
from desktop.ui.tokens import Size, Space

__all__ = ["ServersTab"]

_LONGEST = 100
_MANY = 12


class ServersTab(QWidget):
    """The search is there once there are many models."""

    looked_at = Signal()
    """It is about to be seen: answer with `show_servers`, and ask the servers."""
    ask_requested = Signal(str)
    use_requested = Signal(object)
    unload_requested = Signal(object)
    delete_requested = Signal(object)
    """(ServedModel)"""
    pull_requested = Signal(str, str)
    """(connection, model)"""
    pull_stopped = Signal(str)
    add_requested = Signal()
    """Another server is to be entered."""

    def __init__(self) -> None:
        """Start without servers."""
        super().__init__()
        self._cards: dict[str, ServerCard] = {}
        self._views: tuple[ServerView, ...] = ()
        self._chosen = ("", "")
        self._about = PlainLabel(tone="muted", wrap=True)
        self._search = SearchField(_LONGEST)
        self._add = TextButton()
        self._add.setIcon(icon("plus"))
        self._nothing = PlainLabel(tone="muted", wrap=True)
        self._scroll = PageScroll(Size.PAGE)
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        top.addWidget(self._about, 1)
        top.addWidget(self._search, 1)
        top.addWidget(self._add)
        self._scroll.column.addLayout(top)
        self._scroll.column.addWidget(self._nothing)
        self._scroll.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)
        self._add.clicked.connect(self.add_requested)
        self._search.textChanged.connect(lambda _text: self._show())
        self._retranslate()
        self._show()

    def show_servers(self, views: Sequence[ServerView]) -> None:
        """List the servers, each as it is now."""
        self._views = tuple(views)
        names = [view.connection.name for view in views]
        for name in [each for each in self._cards if each not in names]:
            card = self._cards.pop(name)
            self._scroll.column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for number, view in enumerate(views):
            name = view.connection.name
            card = self._cards.get(name) or self._make(view)
            card.show_view(view)
            place = number + 2
            if self._scroll.column.indexOf(card) != place:
                self._scroll.column.insertWidget(place, card)
        self.show_chosen(*self._chosen)
        self._show()
        # Chips may need another line now.
        let_layouts_tell()

    def show_chosen(self, connection: str, model: str) -> None:
        """Mark the model that answers; both empty: it is no model of a server."""
        self._chosen = (connection, model)
        for name, card in self._cards.items():
            card.show_chosen(model if name == connection else "")

    def card(self, name: str) -> ServerCard | None:
        """Return the card of a connection."""
        return self._cards.get(name)

    def take_focus(self) -> None:
        """Let the keyboard begin with what can be done first."""
        (self._search if self._search.isVisibleTo(self) else self._add).setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _make(self, view: ServerView) -> ServerCard:
        card = ServerCard(view)
        name = view.connection.name
        card.ask_requested.connect(self.ask_requested)
        card.use_requested.connect(self.use_requested)
        card.unload_requested.connect(self.unload_requested)
        card.delete_requested.connect(self.delete_requested)
        card.pull.pull_requested.connect(lambda model: self.pull_requested.emit(name, model))
        card.pull.stop_requested.connect(lambda: self.pull_stopped.emit(name))
        self._cards[name] = card
        return card

    def _show(self) -> None:
        is_many = sum(len(view.models) for view in self._views) > _MANY
        self._search.setVisible(is_many)
        self._about.setVisible(not is_many)
        wanted = self._search.text().strip() if is_many else ""
        shown = []
        for card in self._cards.values():
            shown.append(card.search(wanted))
            card.setVisible(shown[-1])
        none = self.tr("No server has been added yet.")
        other = self.tr("No server has a model with these words.")
        self._nothing.setText(other if shown else none)
        self._nothing.setVisible(not any(shown))

    def _retranslate(self) -> None:
        self._about.setText(
            self.tr("Models that answer elsewhere: in Ollama, on a bigger machine, in a cloud.")
        )
        self._search.setPlaceholderText(self.tr("Search models of servers"))
        self._search.setAccessibleName(self.tr("Search models of servers"))
        self._add.setText(self.tr("Add a server"))
        self._show()
        self.setAccessibleName(self.tr("Servers"))
