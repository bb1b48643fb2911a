"""A server in the list of the settings: what it is, how it is, and what can be done. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.services.server_names import leaves_to
from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.row_note import RowNote
from desktop.ui.server_view import ServerView
from desktop.ui.server_words import address_words, kind_words, server_state, server_title
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["ServerRow"]

_BUTTON = 28
_SIGN = 16


class ServerRow(QWidget):
    """The found Ollama can be asked again, but neither changed nor removed."""

    ask_requested = Signal(str)
    edit_requested = Signal(str)
    remove_requested = Signal(str)
    """(name of the connection)"""

    def __init__(self, view: ServerView, parent: QWidget | None = None) -> None:
        """Show `view`."""
        super().__init__(parent)
        self._view = view
        self._key_problem: LapisError | None = None
        self._icon = TintedIcon("chip" if view.connection.is_found else "server")
        self._title = ElidedLabel()
        self._title.setProperty("strong", True)
        self._about = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self._badge = LeavesBadge()
        self._sign = TintedIcon("info", _SIGN)
        self._state = PlainLabel(size="small")
        self._ask = IconButton("refresh", side=_BUTTON)
        self._edit = IconButton("edit", side=_BUTTON)
        self._remove = IconButton("trash", side=_BUTTON)
        self.note = RowNote()
        self._lay_out()
        self._ask.clicked.connect(lambda: self.ask_requested.emit(self.name))
        self._edit.clicked.connect(lambda: self.edit_requested.emit(self.name))
        self._remove.clicked.connect(lambda: self.remove_requested.emit(self.name))
        for button in (self._edit, self._remove):
            button.setVisible(not view.connection.is_found)
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
        self._ask.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        upper = QHBoxLayout()
        upper.setSpacing(Space.S)
        upper.addWidget(self._title)
        upper.addWidget(self._badge)
        upper.addStretch(1)
        lower = QHBoxLayout()
        lower.setSpacing(Space.S)
        lower.addWidget(self._about, 1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(upper)
        words.addLayout(lower)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        row.addWidget(self._icon)
        row.addSpacing(Space.S)
        row.addLayout(words, 1)
        row.addSpacing(Space.S)
        row.addWidget(self._sign)
        row.addWidget(self._state)
        row.addSpacing(Space.S)
        for button in (self._ask, self._edit, self._remove):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(row)
        # Under the words, not under the icon.
        below = QHBoxLayout()
        below.addSpacing(self._icon.width() + Space.XS + Space.S)
        below.addWidget(self.note, 1)
        column.addLayout(below)

    def _say(self) -> None:
        view, connection = self._view, self._view.connection
        title = server_title(connection)
        self._title.setText(title)
        self._about.setText(f"{kind_words(connection.kind)} · {address_words(connection)}")
        self._badge.show_host(leaves_to(connection.address))
        sign, tone, words = server_state(view)
        self._sign.set_icon(sign, tone)
        self._state.setText(words)
        self._state.set_tone(tone)
        self._ask.setEnabled(not view.is_asking)
        self._ask.set_label(self.tr("Ask {name} again").format(name=title))
        self._edit.set_label(self.tr("Change {name}").format(name=title))
        self._remove.set_label(self.tr("Remove {name}").format(name=title))
        problem = view.problem or self._key_problem
        if problem is not None:
            self.note.show_error(problem)
        else:
            self.note.clear()
        self.setAccessibleName(f"{title}, {words}")
