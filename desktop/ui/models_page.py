"""The Models page: four tabs beside the sidebar, in place of the talk. GUI thread.

Values in, signals out; the tabs of others are given to it as widgets.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.banner import Banner
from desktop.ui.connection_page import ConnectionPage
from desktop.ui.discover_tab import DiscoverTab
from desktop.ui.escape import claims_escape
from desktop.ui.model_page import ModelPage
from desktop.ui.page_head import PageHead, PageTabs
from desktop.ui.servers_tab import ServersTab
from desktop.ui.shortcuts import native
from desktop.ui.tokens import Space

__all__ = ["ModelsPage"]

_TAB_KEYS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)
_HELP_TOPICS = ("models", "models", "fit", "servers")
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ModelsPage(QWidget):
    """Its parts are public; `model_page` and `connection` lie over the tabs until one goes back."""

    closed = Signal()
    """Esc, or the button: back to the chat."""
    sidebar_requested = Signal()
    page_left = Signal()
    """One went back from a page over the tabs to these."""

    def __init__(
        self,
        installed: QWidget,
        this_computer: QWidget,
        downloads: QWidget,
        parent: QWidget | None = None,
    ) -> None:
        """Show `downloads` at the foot of every tab, and above it what `banner` has to say."""
        super().__init__(parent)
        self.discover = DiscoverTab()
        self.model_page = ModelPage()
        self.connection = ConnectionPage()
        self.servers = ServersTab()
        self.installed = installed
        self.this_computer = this_computer
        self.banner = Banner()
        self._head = PageHead()
        self._strip = PageTabs(len(_TAB_KEYS))
        self._tabs = self._strip.bar
        self._views = QStackedLayout()
        self._front = QWidget()
        self._whole = QStackedLayout()
        self._lay_out(downloads)
        self._tabs.currentChanged.connect(self._on_tab_changed)
        self._head.closed.connect(self.closed)
        self._head.sidebar_requested.connect(self.sidebar_requested)
        for over in (self.model_page, self.connection):
            over.back_requested.connect(self.close_page)
        self._bind_keys()
        self._retranslate()

    def show_tab(self, number: int) -> None:
        """Show the tab with this number, from 0."""
        self.close_page()
        self._tabs.setCurrentIndex(number)

    @property
    def help_topic(self) -> str:
        """The page of help on what is shown."""
        if self._whole.currentWidget() is self.model_page:
            return "fit"
        return _HELP_TOPICS[self.tab]

    @property
    def tab(self) -> int:
        """The number of the tab that is shown."""
        return self._tabs.currentIndex()

    def open_model_page(self) -> None:
        """Show `model_page` over the tabs."""
        self._whole.setCurrentWidget(self.model_page)
        self.model_page.take_focus()

    def open_connection(self) -> None:
        """Show `connection` over the tabs."""
        self._whole.setCurrentWidget(self.connection)
        self.connection.take_focus()

    def close_page(self) -> None:
        """Show the tabs again, with the focus where it was."""
        if self._whole.currentWidget() is not self._front:
            self._whole.setCurrentWidget(self._front)
            before = self._front.focusWidget()
            if before is not None:
                before.setFocus(Qt.FocusReason.OtherFocusReason)
            self.page_left.emit()

    def take_focus(self) -> None:
        """Let the keyboard begin with what is shown."""
        shown = self._whole.currentWidget()
        if isinstance(shown, ModelPage | ConnectionPage):
            shown.take_focus()
        elif self.tab == 0:
            self.discover.line.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._tabs.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the sidebar back."""
        self._head.show_sidebar_button(visible=visible)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back, one step at a time; letters that nobody wants are looked for.

        Enter presses what has the focus: outside of dialogs Qt leaves that to the space bar.
        """
        front = self._whole.currentWidget() is self._front
        pressed = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape and front:
            self.closed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.close_page()
        elif event.key() in _ENTER and isinstance(pressed, QAbstractButton):
            pressed.click()
        elif event.text().strip() and event.text().isprintable() and not _is_command(event):
            if front and self.tab == 0:
                self.discover.line.type(event)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self, downloads: QWidget) -> None:
        front = QVBoxLayout(self._front)
        front.setContentsMargins(0, 0, 0, 0)
        front.setSpacing(0)
        front.addWidget(self._head)
        front.addWidget(self._strip)
        front.addLayout(self._views, 1)
        news = QVBoxLayout()
        news.setContentsMargins(Space.XL, 0, Space.XL, 0)
        news.setSpacing(Space.M)
        news.addWidget(self.banner)
        # Keeps the banner from the edge, and takes no room where there is none.
        edge = QWidget()
        edge.setFixedHeight(0)
        news.addWidget(edge)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._whole, 1)
        column.addLayout(news)
        column.addWidget(downloads)
        # Not before: what is first in a stack without a place would be a window of its own.
        for view in (self.discover, self.installed, self.this_computer, self.servers):
            self._views.addWidget(view)
        for page in (self._front, self.model_page, self.connection):
            self._whole.addWidget(page)

    def _bind_keys(self) -> None:
        for number, key in enumerate(_TAB_KEYS):
            shortcut = QShortcut(QKeySequence(Qt.Modifier.CTRL | key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda number=number: self._on_key(number))

    def _on_tab_changed(self, number: int) -> None:
        """Show the tab; were the focus left in what goes, Qt would look for a place by itself."""
        shown, now = self._views.currentWidget(), QApplication.focusWidget()
        was_there = shown is not None and now is not None and shown.isAncestorOf(now)
        self._views.setCurrentIndex(number)
        if was_there:
            self.take_focus()

    def _on_key(self, number: int) -> None:
        self.show_tab(number)
        self.take_focus()

    def _retranslate(self) -> None:
        self._head.set_title(self.tr("Models"))
        names = (
            self.tr("Discover"),
            self.tr("Installed"),
            self.tr("This computer"),
            self.tr("Servers"),
        )
        for number, name in enumerate(names):
            self._tabs.setTabText(number, name)
            self._tabs.setTabToolTip(number, native(Qt.Modifier.CTRL | _TAB_KEYS[number]))
        self._tabs.setAccessibleName(self.tr("Models"))
        self.setAccessibleName(self.tr("Models"))


def _is_command(event: QKeyEvent) -> bool:
    modifier = Qt.KeyboardModifier
    commands = modifier.ControlModifier | modifier.AltModifier | modifier.MetaModifier
    return bool(event.modifiers() & commands)
