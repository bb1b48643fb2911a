"""The page of personas, prompts and quick actions, in place of the talk. Values in, signals out. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QLineEdit,
    QPlainTextEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.action_editor import ActionEditor
from desktop.ui.escape import claims_escape
from desktop.ui.library_tab import LibraryTab
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.page_head import PageHead, PageTabs
from desktop.ui.persona_editor import PersonaEditor
from desktop.ui.prompt_editor import PromptEditor
from desktop.ui.toast import Toast
from desktop.ui.tokens import Space

__all__ = ["LibraryPage"]

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LibraryPage(QWidget):
    """Three tabs; `notice` tells what came of a file, `toast` offers to undo."""

    closed = Signal()
    """Esc, or the button: back to the chat."""
    left = Signal()
    """Something else is on show, or nothing."""
    sidebar_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.persona = PersonaEditor()
        self.prompt = PromptEditor()
        self.personas = LibraryTab(self.persona, "person")
        self.action = ActionEditor()
        self.prompts = LibraryTab(self.prompt, "spark")
        self.quick_actions = LibraryTab(self.action, "spark")
        self.tabs = (self.personas, self.prompts, self.quick_actions)
        self.notice = NoticeCard(())
        self.toast = Toast()
        self._head = PageHead()
        self._strip = PageTabs(len(self.tabs))
        self._tabs = self._strip.bar
        self._views = QStackedLayout()
        self._lay_out()
        self.notice.hide()
        self._tabs.currentChanged.connect(self._views.setCurrentIndex)
        self._head.closed.connect(self.closed)
        self._head.sidebar_requested.connect(self.sidebar_requested)
        self._retranslate()

    def show_tab(self, tab: LibraryTab) -> None:
        """Show one of the tabs."""
        self._tabs.setCurrentIndex(self._views.indexOf(tab))

    @property
    def tab(self) -> LibraryTab:
        """The tab that is shown."""
        return self.tabs[self._tabs.currentIndex()]

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        for editor in (self.persona, self.prompt, self.action):
            editor.flush()

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the sidebar back."""
        self._head.show_sidebar_button(visible=visible)

    def say(self, title: str, hint: str, look: Look) -> None:
        """Tell what came of a file, until the next one or the page is left."""
        self.notice.show_words(title, hint, look)
        self.notice.show()

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does, and Ctrl+Z while there is something to bring back."""
        return claims_escape(event) or self._claims_undo(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the chat, Ctrl+Z undoes a deletion, Enter presses a button."""
        focused = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.matches(QKeySequence.StandardKey.Undo) and self.toast.undo():
            return
        elif event.key() in _ENTER and isinstance(focused, QAbstractButton):
            focused.click()
        elif not isinstance(focused, QLineEdit | QPlainTextEdit):
            # Letters are not for the composer while this page is on show.
            event.accept()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell that the page is left; a window made small for a moment leaves nothing."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.left.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _claims_undo(self, event: QEvent) -> bool:
        if (
            self.toast.isVisible()
            and event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
        ):
            event.accept()
            return True
        return False

    def _lay_out(self) -> None:
        foot = QVBoxLayout()
        foot.setContentsMargins(Space.XL, 0, Space.XL, Space.S)
        foot.addWidget(self.notice)
        foot.addWidget(self.toast, 0, Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._strip)
        column.addLayout(self._views, 1)
        column.addLayout(foot)
        for tab in self.tabs:
            self._views.addWidget(tab)

    def _retranslate(self) -> None:
        title = self.tr("Personas, prompts and actions")
        self._head.set_title(title)
        self.setAccessibleName(title)
        self._tabs.setAccessibleName(title)
        names = (self.tr("Personas"), self.tr("Prompts"), self.tr("Quick actions"))
        for place, (tab, name) in enumerate(zip(self.tabs, names, strict=True)):
            self._tabs.setTabText(place, name)
            tab.list.setAccessibleName(name)
