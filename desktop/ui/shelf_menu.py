"""A button for models that other programs have brought: how many, and a menu to take one. GUI thread."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtWidgets import QMenu

from desktop.domain.quantities import sized
from desktop.domain.shelf import Origin, ShelfEntry, origin_name
from desktop.ui.buttons import TextButton
from desktop.ui.icons import icon
from desktop.ui.labels import as_words
from desktop.ui.links import visible
from desktop.ui.translation import listed, say

__all__ = ["ShelfMenu"]

_MOST = 24


class ShelfMenu(TextButton):
    """Not there while there is nothing to take."""

    chosen = Signal(object)
    """(InstalledModel)"""

    def __init__(self) -> None:
        """Start without models, unseen."""
        super().__init__()
        self.setIcon(icon("box"))
        self._entries: tuple[ShelfEntry, ...] = ()
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.clicked.connect(self._open)
        self.hide()

    def set_entries(self, entries: Sequence[ShelfEntry]) -> None:
        """Offer the models of `entries` that can chat and are not Lapis's own."""
        self._entries = tuple(each for each in entries if _is_offered(each))
        self._say()
        self.setVisible(bool(self._entries))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def _fill(self) -> None:
        self._menu.clear()
        for origin in dict.fromkeys(each.origin for each in self._entries):
            self._menu.addSection(say(origin_name(origin)))
            for each in [one for one in self._entries if one.origin is origin][:_MOST]:
                words = visible(f"{each.model.title} · {sized(each.model.size)}")
                action = self._menu.addAction(as_words(words))
                action.triggered.connect(partial(self.chosen.emit, each.model))

    def _say(self) -> None:
        counts = Counter(each.origin for each in self._entries)
        count = counts[Origin.OLLAMA]
        if set(counts) == {Origin.OLLAMA}:
            words = self.tr("Use Ollama: 1 model is here")
            if count != 1:
                words = self.tr("Use Ollama: {count} models are here").format(count=count)
        else:
            named = (f"{say(origin_name(one))} {many}" for one, many in counts.items())
            programs = listed(named)
            words = self.tr("Use one that is here: {programs}").format(programs=programs)
        self.setText(words)


def _is_offered(entry: ShelfEntry) -> bool:
    if entry.origin is Origin.GUIDE or entry.problem is not None:
        return False
    return entry.facts is None or entry.facts.can_chat
