"""The settings: parts at the left, what can be set at the right, a search over all of it.

In a narrow window the parts are a menu above what can be set.

Values in, signals out. GUI thread.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.settings import Settings
from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel, as_words
from desktop.ui.menu_button import MenuButton
from desktop.ui.page_head import PageHead
from desktop.ui.page_scroll import PageScroll
from desktop.ui.search_field import SearchField
from desktop.ui.section_head import SectionHead
from desktop.ui.settings_section import SettingsSection
from desktop.ui.tokens import Space

__all__ = ["SettingsPage"]

_LONGEST = 100
_WIDEST = 640
_PARTS = 176
_LEAST = 340
"""What can be set needs this much beside the parts."""
_SEARCH = 220


class SettingsPage(QWidget):
    """Every change is told at once; what is searched for is shown from all parts."""

    closed = Signal()
    """Esc, or the button: back to the chat."""
    sidebar_requested = Signal()
    changed = Signal(object)
    """(Callable[[Settings], Settings])"""

    def __init__(self, sections: Sequence[SettingsSection]) -> None:
        """Show the first of `sections`."""
        super().__init__()
        self._sections: list[SettingsSection] = []
        self._current = 0
        self._search = SearchField(_LONGEST)
        self._search.setFixedWidth(_SEARCH)
        self._head = PageHead(self._search)
        self._nothing = PlainLabel(tone="muted", wrap=True)
        self._heads: list[SectionHead] = []
        self._buttons: list[TextButton] = []
        self._parts = QButtonGroup(self)
        self._names = QVBoxLayout()
        self._list = QWidget()
        self._menu = MenuButton()
        self._choice = QWidget()
        self._scroll = PageScroll(_WIDEST)
        self._lay_out()
        for number, section in enumerate(sections):
            self._put(number, section)
        self._parts.idClicked.connect(self.show_section)
        self._menu.chosen.connect(self.show_section)
        self._search.textChanged.connect(self._on_searched)
        self._head.closed.connect(self.closed)
        self._head.sidebar_requested.connect(self.sidebar_requested)
        self._retranslate()
        self._show()

    @property
    def help_topic(self) -> str:
        """The page of help on the part that is shown."""
        return self._sections[self._current].help_topic

    def show_settings(self, settings: Settings) -> None:
        """Show what is set."""
        for section in self._sections:
            section.show_settings(settings)

    def insert_section(self, number: int, section: SettingsSection) -> None:
        """Offer one more part, before the one that has had this number; from the end below 0."""
        number = number if number >= 0 else max(0, len(self._sections) + number)
        self._put(number, section)
        if number <= self._current:
            self._current += 1
        self._name_parts()
        self._show()

    def show_section(self, number: int) -> None:
        """Show the part with this number, from 0."""
        self._current = number
        self._search.clear()
        self._show()
        self._scroll.scroll_to_top()

    def show_part(self, kind: type[SettingsSection]) -> None:
        """Show the part of this kind, if there is one."""
        for number, section in enumerate(self._sections):
            if isinstance(section, kind):
                self.show_section(number)

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the list of chats back."""
        self._head.show_sidebar_button(visible=visible)

    def take_focus(self) -> None:
        """Let the keyboard begin with the search."""
        self._search.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends the search, then leaves the page."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self._search.text():
            self._search.clear()
        else:
            self.closed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the room of the parts where there is little."""
        super().resizeEvent(event)
        self._share()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language; the parts tell when they have."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        parts = QVBoxLayout(self._list)
        parts.setContentsMargins(Space.XL - Space.M, Space.L, 0, Space.L)
        self._names.setSpacing(2)
        parts.addLayout(self._names)
        parts.addStretch(1)
        self._scroll.column.addWidget(self._nothing)
        self._scroll.column.addStretch(1)
        choice = QHBoxLayout(self._choice)
        choice.setContentsMargins(Space.L, Space.S, Space.L, 0)
        choice.addWidget(self._menu)
        choice.addStretch(1)
        shown = QVBoxLayout()
        shown.setSpacing(0)
        shown.addWidget(self._choice)
        shown.addWidget(self._scroll, 1)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._list)
        body.addLayout(shown, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addLayout(body, 1)

    def _put(self, number: int, section: SettingsSection) -> None:
        button, head = TextButton(kind="quiet"), SectionHead()
        button.setCheckable(True)
        button.setMinimumWidth(_PARTS)
        button.setStyleSheet("text-align: left;")
        self._sections.insert(number, section)
        self._heads.insert(number, head)
        self._buttons.insert(number, button)
        self._names.insertWidget(number, button)
        self._scroll.column.insertWidget(2 * number, head)
        self._scroll.column.insertWidget(2 * number + 1, section)
        self._parts.addButton(button)
        for place, each in enumerate(self._buttons):
            self._parts.setId(each, place)
        section.changed.connect(self.changed)
        section.renamed.connect(self._name_parts)

    def _show(self) -> None:
        wanted = self._search.text().strip()
        found = False
        for number, (head, section) in enumerate(zip(self._heads, self._sections, strict=True)):
            has = section.search(wanted)
            shown = has if wanted else number == self._current
            head.setVisible(shown)
            section.setVisible(shown)
            found = found or shown
        self._nothing.setVisible(not found)
        if self._buttons:
            self._buttons[self._current].setChecked(True)
            self._offer_parts()

    def _on_searched(self) -> None:
        self._show()
        self._scroll.scroll_to_top()

    def _retranslate(self) -> None:
        self._head.set_title(self.tr("Settings"))
        self.setAccessibleName(self.tr("Settings"))
        self._search.setPlaceholderText(self.tr("Search settings"))
        self._search.setAccessibleName(self.tr("Search settings"))
        self._nothing.setText(self.tr("No setting is called so. Try a shorter word."))
        self._name_parts()

    def _name_parts(self) -> None:
        for head, button, section in zip(self._heads, self._buttons, self._sections, strict=True):
            head.say(section.title)
            button.setText(as_words(section.title))
        self._offer_parts()
        self._share()

    def _offer_parts(self) -> None:
        titles = [(number, section.title) for number, section in enumerate(self._sections)]
        self._menu.set_choices(self.tr("Settings"), titles, self._current)

    def _share(self) -> None:
        is_narrow = self.width() < self._list.sizeHint().width() + _LEAST
        self._list.setVisible(not is_narrow)
        self._choice.setVisible(is_narrow)
