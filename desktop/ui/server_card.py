"""A server on the Models page: how it is, what it has, and for an Ollama a way to more. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from desktop.domain.connection import ServedModel, ServerKind
from desktop.domain.quantities import sized
from desktop.ui.labels import ElidedLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.pull_line import PullLine
from desktop.ui.row_note import RowNote
from desktop.ui.served_row import ServedRow
from desktop.ui.server_head import ServerHead
from desktop.ui.server_view import ServerView
from desktop.ui.server_words import address_words, held_words, server_title
from desktop.ui.tokens import Space

__all__ = ["ServerCard"]

_AT_ONCE = 20


class ServerCard(QFrame):
    """Lists a few models first, and more at a click: some servers have hundreds."""

    ask_requested = Signal(str)
    """(name of the connection)"""
    use_requested = Signal(object)
    unload_requested = Signal(object)
    delete_requested = Signal(object)
    """(ServedModel)"""

    def __init__(self, view: ServerView) -> None:
        """Show `view`."""
        super().__init__()
        self.setProperty("panel", "card")
        self._view = view
        self._wanted = ""
        self._chosen = ""
        self._most = _AT_ONCE
        self._rows: dict[str, ServedRow] = {}
        is_ollama = view.connection.kind is ServerKind.OLLAMA
        self.head = ServerHead(ElidedLabel(size="title"), is_found=view.connection.is_found)
        self._note = RowNote()
        self.pull = PullLine()
        self._is_ollama = is_ollama
        self._models = QVBoxLayout()
        self._more = LinkButton()
        self._lay_out()
        self.head.ask.clicked.connect(lambda: self.ask_requested.emit(self.name))
        self._more.clicked.connect(self._on_more_clicked)
        self._say()

    @property
    def name(self) -> str:
        """Which connection this is."""
        return self._view.connection.name

    def show_view(self, view: ServerView) -> None:
        """Show the same server at another time."""
        if view != self._view:
            self._view = view
            self._say()

    def show_chosen(self, model: str) -> None:
        """Mark the model with this id, empty for none."""
        if model != self._chosen:
            self._chosen = model
            self._show_models()

    def search(self, wanted: str) -> bool:
        """Show models with all words of `wanted`, all without any; return whether some is shown."""
        if wanted != self._wanted:
            self._wanted, self._most = wanted, _AT_ONCE
            self._show_models()
        return bool(self._found()) or self._names_it()

    def row(self, model: str) -> ServedRow | None:
        """Return the row of the model with this id, if it is listed now."""
        return self._rows.get(model)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        self._models.setSpacing(Space.M)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.M, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self.head)
        column.addWidget(self._note)
        column.addWidget(self.pull)
        column.addLayout(self._models)
        column.addWidget(self._more)

    def _names_it(self) -> bool:
        said = f"{server_title(self._view.connection)} {self._view.connection.address}"
        return all(word in said.casefold() for word in self._wanted.casefold().split())

    def _found(self) -> list[ServedModel]:
        words = self._wanted.casefold().split()
        if self._names_it():
            return list(self._view.models)
        return [
            model
            for model in self._view.models
            if all(word in model.id.casefold() for word in words)
        ]

    def _on_more_clicked(self) -> None:
        self._most += 5 * _AT_ONCE
        self._show_models()

    def _show_models(self) -> None:
        found = self._found()
        shown = found[: self._most]
        ids = {model.id for model in shown}
        for gone in [each for each in self._rows if each not in ids]:
            row = self._rows.pop(gone)
            self._models.removeWidget(row)
            row.hide()
            row.deleteLater()
        for number, model in enumerate(shown):
            row = self._rows.get(model.id) or self._make(model)
            row.show_model(model)
            row.set_chosen(chosen=model.id == self._chosen)
            if self._models.indexOf(row) != number:
                self._models.insertWidget(number, row)
        left = len(found) - len(shown)
        self._more.setText(self.tr("{count} more").format(count=f"{left:,}"))
        self._more.setVisible(left > 0)

    def _make(self, model: ServedModel) -> ServedRow:
        row = ServedRow(model, can_manage=self._is_ollama)
        row.use_requested.connect(self.use_requested)
        row.unload_requested.connect(self.unload_requested)
        row.delete_requested.connect(self.delete_requested)
        self._rows[model.id] = row
        return row

    def _say(self) -> None:
        view = self._view
        loaded = sum(model.memory or 0 for model in view.models)
        memory = self.tr("{size} in its memory").format(size=sized(loaded)) if loaded else ""
        about = (address_words(view.connection), memory)
        name = self.head.say(view, " · ".join(words for words in about if words))
        self.setAccessibleName(name)
        self.pull.setVisible(self._is_ollama and (view.answers is True or self.pull.is_running))
        self._say_note()
        self._show_models()

    def _say_note(self) -> None:
        view = self._view
        if view.is_held:
            self._note.show_words(held_words())
        elif view.problem is not None:
            self._note.show_error(view.problem)
        elif view.answers is False and view.connection.is_found:
            words = self.tr("Start Ollama, or install it from ollama.com; it is found by itself.")
            self._note.show_words(words)
        elif view.answers and not view.models and self._is_ollama:
            self._note.show_words(self.tr("It has no models yet. Fetch one here."))
        elif view.answers and not view.models:
            self._note.show_words(self.tr("It answers, but has no models."))
        else:
            self._note.clear()
