"""A host in the list of connections: who, how often, when last, what for. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.services.network_words import (
    HostLine,
    deed_words,
    last_words,
    name_words,
    often_words,
)
from desktop.ui.labels import ElidedLabel, PlainLabel, breakable
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed, say

__all__ = ["NetworkRow"]


class NetworkRow(QWidget):
    """Made anew for each look at the list, in the language of then."""

    def __init__(self, line: HostLine, now: float) -> None:
        """Show `line` as it reads at `now` (Unix seconds)."""
        super().__init__()
        self.line = line
        name, deeds = say(name_words(line)), deed_words(line, say)
        when = self.tr("{often}, last {time}").format(
            often=say(often_words(line)), time=say(last_words(line, now))
        )
        title = ElidedLabel(name, mode=Qt.TextElideMode.ElideMiddle)
        title.setProperty("strong", True)
        about = PlainLabel(breakable(deeds), tone="muted", size="small", wrap=True)
        about.setAccessibleName(deeds)
        icon = TintedIcon("chip" if line.is_here else "globe")
        upper = QHBoxLayout()
        upper.setSpacing(Space.M)
        upper.addWidget(title, 1)
        upper.addWidget(PlainLabel(when, tone="muted", size="small"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(upper)
        words.addWidget(about)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.setAccessibleName(listed((name, when)))
        self.setAccessibleDescription(deeds)
