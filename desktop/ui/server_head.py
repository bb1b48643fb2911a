"""The first line about a server: what it is, how it is, and asking it again. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.services.server_names import leaves_to
from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.server_view import ServerView
from desktop.ui.server_words import server_state, server_title
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["ServerHead"]

_BUTTON = 28
_SIGN = 16


class ServerHead(QWidget):
    """Its parts are public; the button is connected by the owner."""

    def __init__(self, title: ElidedLabel, *buttons: IconButton, is_found: bool) -> None:
        """Show no server yet. `title` has its own look; `buttons` follow the one for asking."""
        super().__init__()
        self.icon = TintedIcon("chip" if is_found else "server")
        self.title = title
        self.badge = LeavesBadge()
        self.about = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self.sign = TintedIcon("info", _SIGN)
        self.state = PlainLabel(size="small")
        self.ask = IconButton("refresh", side=_BUTTON)
        upper = QHBoxLayout()
        upper.setSpacing(Space.S)
        upper.addWidget(self.title)
        upper.addWidget(self.badge)
        upper.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(upper)
        words.addWidget(self.about)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        row.addWidget(self.icon)
        row.addSpacing(Space.S)
        row.addLayout(words, 1)
        row.addSpacing(Space.S)
        row.addWidget(self.sign)
        row.addWidget(self.state)
        row.addSpacing(Space.S)
        for button in (self.ask, *buttons):
            row.addWidget(button)

    def say(self, view: ServerView, about: str) -> str:
        """Show `view`, with `about` under its title; return what is read aloud of the whole."""
        title = server_title(view.connection)
        self.title.setText(title)
        self.about.setText(about)
        self.badge.show_host(leaves_to(view.connection.address))
        sign, tone, words = server_state(view)
        self.sign.set_icon(sign, tone)
        self.state.setText(words)
        self.state.set_tone(tone)
        self.ask.setEnabled(not view.is_asking and not view.is_held)
        self.ask.set_label(self.tr("Ask {name} again").format(name=title))
        return listed((title, words))
