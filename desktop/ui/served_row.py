"""A model of a server: what is known of it, and what can be done with it. GUI thread."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QStackedLayout, QVBoxLayout, QWidget

from desktop.domain.connection import ServedModel
from desktop.domain.errors import LapisError
from desktop.ui.activity import Activity
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.chips import ChipRow
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.row_note import RowNote
from desktop.ui.row_question import RowQuestion
from desktop.ui.server_words import served_chips, served_title
from desktop.ui.tokens import Space

__all__ = ["ServedRow"]

_BUTTON = 28


class ServedRow(QFrame):
    """Asks in its own place before a model is deleted."""

    use_requested = Signal(object)
    unload_requested = Signal(object)
    delete_requested = Signal(object)
    """(ServedModel): asked and answered."""

    def __init__(self, model: ServedModel, *, can_manage: bool) -> None:
        """Show `model`; `can_manage`: the server can unload and delete it."""
        super().__init__()
        self._model = model
        self._can_manage = can_manage
        self._is_chosen = False
        self._title = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._chips = ChipRow()
        self._mark = PlainLabel(tone="good", size="small")
        self._busy = Activity()
        self._busy.hide()
        self._use = TextButton()
        self._more = IconButton("more", side=_BUTTON)
        self._more.setVisible(can_manage)
        self._note = RowNote()
        self._question = RowQuestion()
        self._stack = QStackedLayout(self)
        self._lay_out()
        self._use.clicked.connect(lambda: self.use_requested.emit(self._model))
        self._more.clicked.connect(self._open_menu)
        self._question.answered.connect(self._on_answered)
        self._say()

    @property
    def model(self) -> ServedModel:
        """What is shown."""
        return self._model

    def show_model(self, model: ServedModel) -> None:
        """Show the same model at another time."""
        if model != self._model:
            self._model = model
            self._say()

    def set_chosen(self, *, chosen: bool) -> None:
        """Say whether it is the one that answers."""
        if chosen is not self._is_chosen:
            self._is_chosen = chosen
            self._say()

    def show_busy(self, words: str) -> None:
        """Say what is being done with it; empty: nothing any more."""
        self._note.clear()
        self._busy.say(words)
        self._busy.setVisible(bool(words))
        self._use.setEnabled(not words)
        self._more.setEnabled(not words)

    def show_problem(self, error: LapisError) -> None:
        """Say why something could not be done."""
        self.show_busy("")
        self._note.show_error(error)

    def ask_to_delete(self) -> None:
        """Ask whether the model is to be deleted."""
        self._stack.setCurrentIndex(1)
        self._question.take_focus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks."""
        if event.key() == Qt.Key.Key_Delete and self._can_manage:
            self.ask_to_delete()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self._title)
        words.addWidget(self._chips)
        words.addWidget(self._busy)
        words.addWidget(self._note)
        front = QWidget()
        row = QHBoxLayout(front)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addLayout(words, 1)
        row.addWidget(self._mark)
        row.addWidget(self._use)
        row.addWidget(self._more)
        self._stack.addWidget(front)
        self._stack.addWidget(self._question)

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        unload = menu.addAction(icon("memory"), self.tr("Give its memory back"))
        unload.setEnabled(bool(self._model.memory))
        unload.triggered.connect(lambda: self.unload_requested.emit(self._model))
        menu.addSeparator()
        delete = menu.addAction(icon("trash"), self.tr("Delete…"))
        delete.triggered.connect(self.ask_to_delete)
        place: QPoint = self._more.mapToGlobal(self._more.rect().bottomLeft())
        menu.popup(place)

    def _on_answered(self, delete: bool) -> None:
        self._stack.setCurrentIndex(0)
        self._more.setFocus(Qt.FocusReason.OtherFocusReason)
        if delete:
            self.delete_requested.emit(self._model)

    def _say(self) -> None:
        title = served_title(self._model)
        self._title.setText(title)
        chips = served_chips(self._model)
        self._chips.set_chips(chips)
        self._chips.setVisible(bool(chips))
        self._mark.setText(self.tr("Chosen"))
        self._mark.setVisible(self._is_chosen)
        self._use.setText(self.tr("Use"))
        self._use.setAccessibleName(self.tr("Use {name}").format(name=title))
        self._use.setVisible(self._model.embeds is not True and not self._is_chosen)
        self._more.set_label(self.tr("More for {name}").format(name=title))
        words = self.tr("Delete {name} on the server? It would have to be fetched again.")
        self._question.say(words.format(name=title), self.tr("Keep"), self.tr("Delete"))
        self.setAccessibleName(title)
