"""A server in the list of the settings: what it is, how it is, and what can be done. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.row_note import RowNote
from desktop.ui.server_head import ServerHead
from desktop.ui.server_view import ServerView
from desktop.ui.server_words import address_words, held_words, kind_words, server_title
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["ServerRow"]

_BUTTON = 28


class ServerRow(QWidget):
    """The found Ollama can be asked again, but neither changed nor removed."""

    ask_requested = Signal(str)
    edit_requested = Signal(str)
    remove_requested = Signal(str)
    """(name of the connection)"""

    def __init__(self, view: ServerView) -> None:
        """Show `view`."""
        super().__init__()
        self._view = view
        self._key_problem: LapisError | None = None
        title = ElidedLabel()
        title.setProperty("strong", True)
        self._edit = IconButton("edit", side=_BUTTON)
        self._remove = IconButton("trash", side=_BUTTON)
        is_found = view.connection.is_found
        self.head = ServerHead(title, self._edit, self._remove, is_found=is_found)
        self.note = RowNote()
        self._lay_out()
        self.head.ask.clicked.connect(lambda: self.ask_requested.emit(self.name))
        self._edit.clicked.connect(lambda: self.edit_requested.emit(self.name))
        self._remove.clicked.connect(lambda: self.remove_requested.emit(self.name))
        for button in (self._edit, self._remove):
            button.setVisible(not is_found)
        self._say()

    @property
    def name(self) -> str:
        """Which connection this is."""
        return self._view.connection.name

    @property
    def view(self) -> ServerView:
        """What is shown."""
        return self._view

    @property
    def words(self) -> str:
        """What can be searched for."""
        connection = self._view.connection
        parts = (server_title(connection), connection.address, kind_words(connection.kind))
        return " ".join(parts).casefold()

    def show_view(self, view: ServerView) -> None:
        """Show the same server at another time."""
        if view != self._view:
            self._view = view
            self._say()

    def show_key_problem(self, problem: LapisError | None) -> None:
        """Say why its key is kept for this run only; None: nothing is wrong with it."""
        self._key_problem = problem
        self._say()

    def take_focus(self) -> None:
        """Let the keyboard go on here."""
        self.head.ask.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(self.head)
        # Under the words, not under the icon.
        below = QHBoxLayout()
        below.addSpacing(self.head.icon.width() + Space.XS + Space.S)
        below.addWidget(self.note, 1)
        column.addLayout(below)

    def _say(self) -> None:
        view, connection = self._view, self._view.connection
        title = server_title(connection)
        about = f"{kind_words(connection.kind)} · {address_words(connection)}"
        self.setAccessibleName(self.head.say(view, about))
        self._edit.set_label(self.tr("Change {name}").format(name=title))
        self._remove.set_label(self.tr("Remove {name}").format(name=title))
        if view.is_held:
            self.note.show_words(held_words())
        elif view.problem is not None:
            self.note.show_error(view.problem)
        elif self._key_problem is not None:
            words = self.tr("Its key holds only until Lapis ends. {title}. {hint}").format(
                title=say(self._key_problem.title), hint=say(self._key_problem.hint)
            )
            self.note.show_words(words, "warn")
        else:
            self.note.clear()
