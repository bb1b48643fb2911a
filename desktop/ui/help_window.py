"""Help in a window of its own: topics at the left, a page at the right, a search over all of them.

GUI thread.
"""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.base.translation import spoken
from desktop.config.help_texts import HelpMissing, read_pages
from desktop.domain.help_page import HelpPage
from desktop.domain.settings import Language
from desktop.services.help_search import search_help
from desktop.ui.buttons import IconButton
from desktop.ui.help_list import HelpList, HelpRow
from desktop.ui.help_view import HelpView
from desktop.ui.search_field import SearchField
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["HelpWindow"]

_SIZE: Final = QSize(1020, 700)
_SMALLEST: Final = QSize(520, 360)
_LIST_WIDTH: Final = 248
_LONGEST_SEARCH: Final = 80
_STEPS: Final = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class HelpWindow(QWidget):
    """Lies beside the main window, so that one can read and try. Closing hides it."""

    def __init__(self, parent: QWidget, language: Language) -> None:
        """Read the pages in `language`; `show_topic` shows one."""
        super().__init__(parent, Qt.WindowType.Window)
        self.setMinimumSize(_SMALLEST)
        self.resize(_SIZE)
        self._pages: tuple[HelpPage, ...] = ()
        self._topic = ""
        self._was_shown = False
        self._before: list[str] = []
        self.search = SearchField(_LONGEST_SEARCH)
        self.back = IconButton("arrow-left")
        self.list = HelpList()
        self.view = HelpView()
        self._lay_out()
        self.search.textChanged.connect(self._on_search)
        self.list.chosen.connect(self._on_chosen)
        self.view.topic_wanted.connect(self.show_topic)
        self.back.clicked.connect(self._go_back)
        self._bind_keys()
        self._retranslate()
        self.set_language(language)

    @property
    def topic(self) -> str:
        """The topic on show; empty where the pages are missing."""
        return self._topic

    def set_language(self, language: Language) -> None:
        """Show the pages in `language`."""
        try:
            self._pages = read_pages(spoken(language))
        except HelpMissing as error:
            self._pages = ()
            self._topic = ""
            self.view.show_problem(say(error.title), say(error.hint))
        self.search.clear()
        self._list_all()
        page = self._page(self._topic)
        if page is not None:
            self._show(page)

    def show_topic(self, topic: str) -> None:
        """Show the page of `topic`, one of `TOPICS`; the one before can be gone back to."""
        page = self._page(topic)
        if page is None:
            return
        if self._topic and topic != self._topic:
            self._before.append(self._topic)
        self.search.clear()
        self._topic = topic
        self._list_all()
        self._show(page)

    def bring_to_front(self) -> None:
        """Show the window over others, with the cursor in the search."""
        if not self._was_shown:
            self._was_shown = True
            self._stand_beside()
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose, Page keys scroll, Esc ends the search, then closes."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.list.step(_STEPS[key])
        elif key in _ENTER and self.search.hasFocus():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        elif key == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        elif key == Qt.Key.Key_Escape:
            self.close()
        elif not self.view.scroll_by_key(event):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language in the words around the pages."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _stand_beside(self) -> None:
        """Begin at the right of the main window, or at its left; over its middle without room."""
        near = self.parentWidget()
        if near is None:
            return
        room, frame = near.screen().availableGeometry(), near.frameGeometry()
        size = self.size().boundedTo(room.size())
        left = frame.center().x() - size.width() // 2
        for beside in (frame.right() + 1, frame.left() - size.width()):
            if room.left() <= beside <= room.right() + 1 - size.width():
                left = beside
                break
        left = max(room.left(), min(left, room.right() + 1 - size.width()))
        top = max(room.top(), min(frame.top(), room.bottom() + 1 - size.height()))
        self.resize(size)
        self.move(left, top)

    def _lay_out(self) -> None:
        side = QFrame()
        side.setProperty("panel", "sidebar")
        side.setFixedWidth(_LIST_WIDTH)
        top = QHBoxLayout()
        top.setContentsMargins(Space.S, 0, Space.S, 0)
        top.setSpacing(Space.XS)
        top.addWidget(self.back)
        top.addWidget(self.search, 1)
        left = QVBoxLayout(side)
        left.setContentsMargins(0, Space.M, 0, Space.S)
        left.setSpacing(Space.S)
        left.addLayout(top)
        left.addWidget(self.list, 1)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedWidth(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(line)
        row.addWidget(self.view, 1)

    def _bind_keys(self) -> None:
        standard = QKeySequence.StandardKey
        for keys, act in (
            (standard.Find, self._focus_search),
            (standard.Back, self._go_back),
            (standard.Close, self.close),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    def _focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _page(self, topic: str) -> HelpPage | None:
        return next((page for page in self._pages if page.topic == topic), None)

    def _list_all(self) -> None:
        rows = [HelpRow(page.topic, page.title) for page in self._pages]
        topics = [page.topic for page in self._pages]
        self.list.show_rows(rows, chosen=topics.index(self._topic) if self._topic in topics else 0)

    def _on_search(self, words: str) -> None:
        if not words.strip():
            self._list_all()
            page = self._page(self._topic)
            if page is not None:
                self._show(page)
            return
        hits = search_help(self._pages, words)
        rows = [HelpRow(hit.page.topic, hit.page.title, hit.heading) for hit in hits]
        self.list.show_rows(rows)
        first = self.list.row()
        if first is not None:
            self._on_chosen(first)
        else:
            self.view.show_problem(
                self.tr("Nothing found"), self.tr("Try a shorter word, or another one.")
            )

    def _on_chosen(self, row: HelpRow) -> None:
        page = self._page(row.topic)
        if page is None:
            return
        if self._topic and row.topic != self._topic and not self.search.text():
            self._before.append(self._topic)
        self._topic = row.topic
        self._show(page, row.heading)

    def _show(self, page: HelpPage, heading: str = "") -> None:
        self._topic = page.topic
        self.view.show_page(page, heading, self.search.text())
        self.back.setEnabled(bool(self._before))
        self._name_window()

    def _go_back(self) -> None:
        if self._before:
            topic = self._before.pop()
            self._topic = ""
            self.show_topic(topic)

    def _name_window(self) -> None:
        page = self._page(self._topic)
        name = self.tr("Help")
        self.setWindowTitle(f"{page.title} – {name} – Lapis" if page else f"{name} – Lapis")

    def _retranslate(self) -> None:
        self.search.setPlaceholderText(self.tr("Search help"))
        self.search.setAccessibleName(self.tr("Search help"))
        self.list.setAccessibleName(self.tr("Topics"))
        self.back.set_label(self.tr("Page before"))
        self._name_window()
