"""Chats on their way to files and from them: how far it is, what came of it, what could not be read.

Values in, signals out. GUI thread.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.carried import Unread
from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.page_head import PageHead
from desktop.ui.page_scroll import PageScroll
from desktop.ui.share_bar import ShareBar
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["ImportPage", "TransferPage"]

_WIDEST = 640
_MOST_ROWS = 300
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TransferPage(QWidget):
    """In place of the talk: work that is under way, or what came of it."""

    closed = Signal()
    """Esc, or the button: back to the chat; the work goes on."""
    sidebar_requested = Signal()
    stop_requested = Signal()
    undo_requested = Signal()
    folder_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no work."""
        super().__init__(parent)
        self.head = PageHead()
        self._work = _Work()
        self._undo, self._folder = TextButton(), TextButton()
        self._result = NoticeCard((self._undo, self._folder))
        self._unread = _UnreadList()
        self._scroll = PageScroll(_WIDEST)
        for each in (self._work, self._result, self._unread):
            self._scroll.column.addWidget(each)
            each.hide()
        self._scroll.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self._scroll, 1)
        self.head.closed.connect(self.closed)
        self.head.sidebar_requested.connect(self.sidebar_requested)
        self._work.stopped.connect(self.stop_requested)
        self._undo.clicked.connect(self.undo_requested)
        self._folder.clicked.connect(self.folder_requested)
        self._name()

    @property
    def is_working(self) -> bool:
        """Whether work is shown as under way."""
        return not self._work.isHidden()

    @property
    def words(self) -> str:
        """What the page says now, for those who cannot see it."""
        shown = self._work if self.is_working else self._result
        return f"{shown.accessibleName()} {shown.accessibleDescription()}".strip()

    @property
    def lines(self) -> tuple[str, ...]:
        """What could not be read, as it is shown."""
        return self._unread.lines

    def show_work(self, title: str, hint: str, done: int = 0, total: int = 0) -> None:
        """Show how far it is; a `total` of 0 is one that nobody knows yet."""
        self._work.show_progress(title, hint, done, total)
        if not self.is_working:
            self._work.show()
            self._begin_at(self._work.stop)
        self._result.hide()
        self._unread.hide()

    def show_result(
        self,
        title: str,
        hint: str,
        look: Look,
        *,
        unread: Sequence[Unread] = (),
        can_undo: bool = False,
        has_folder: bool = False,
    ) -> None:
        """Show what came of it."""
        self._result.show_words(title, hint, look)
        self._undo.setVisible(can_undo)
        self._folder.setVisible(has_folder)
        self._result.show()
        # Where the focus is must not go before it has somewhere to be.
        self._begin_at(self._undo if can_undo else self._folder if has_folder else self)
        self._work.hide()
        self._unread.show_all(unread)
        self._unread.setVisible(bool(unread))
        self._scroll.scroll_to_top()

    def show_nothing(self) -> None:
        """Show neither work nor a result."""
        for each in (self._work, self._result, self._unread):
            each.hide()

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the list of chats back."""
        self.head.show_sidebar_button(visible=visible)

    def take_focus(self) -> None:
        """Let the keyboard begin where something can be done."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the chat, Enter presses a button; letters are not for the composer."""
        focused = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in _ENTER and isinstance(focused, QAbstractButton):
            focused.click()
        else:
            event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._name()

    def title(self) -> str:
        """Return the name of the page."""
        return self.tr("Export chats")

    def _begin_at(self, widget: QWidget) -> None:
        """Bring the focus there, if it is on this page."""
        focused: QWidget | None = self.window().focusWidget()
        if focused is not None and (focused is self or self.isAncestorOf(focused)):
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _name(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.head.set_title(self.title())
        self.setAccessibleName(self.title())
        self._undo.setText(self.tr("Undo"))
        self._folder.setText(self.tr("Show in folder"))


class ImportPage(TransferPage):
    """Lets files be chosen, too; what is dropped here counts as chosen."""

    files_wanted = Signal()
    folder_wanted = Signal()
    dropped = Signal(object)
    """(list[Path])"""

    def __init__(self) -> None:
        """Offer to choose files."""
        self._files, self._whole = TextButton(kind="primary"), TextButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self._files)
        buttons.addWidget(self._whole)
        buttons.addStretch(1)
        self._hint = PlainLabel(tone="muted", wrap=True)
        self._choice = FormPanel([self._hint], buttons)
        super().__init__()
        self._scroll.column.insertWidget(2, self._choice)
        self.setAcceptDrops(True)
        self._files.clicked.connect(self.files_wanted)
        self._whole.clicked.connect(self.folder_wanted)

    def show_work(self, title: str, hint: str, done: int = 0, total: int = 0) -> None:
        super().show_work(title, hint, done, total)
        self._choice.hide()

    def show_result(
        self,
        title: str,
        hint: str,
        look: Look,
        *,
        unread: Sequence[Unread] = (),
        can_undo: bool = False,
        has_folder: bool = False,
    ) -> None:
        self._choice.show()
        super().show_result(
            title, hint, look, unread=unread, can_undo=can_undo, has_folder=has_folder
        )

    def show_nothing(self) -> None:
        self._choice.show()
        super().show_nothing()

    def take_focus(self) -> None:
        self._files.setFocus(Qt.FocusReason.OtherFocusReason)

    def title(self) -> str:
        return self.tr("Import chats")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not self.is_working and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and not self.is_working:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _name(self) -> None:
        super()._name()
        self._choice.set_heading(
            self.tr("From where?"),
            self.tr("ChatGPT, LM Studio, GPT4All, Jan, Open WebUI, the Ollama app, or Lapis."),
        )
        self._hint.setText(
            self.tr(
                "Choose the file or archive that the other program has exported, or the folder "
                "where it keeps its chats. Lapis finds out by itself what it is; nothing in it is "
                "changed, and nothing leaves this computer. You can drop files here, too."
            )
        )
        self._files.setText(self.tr("Choose files…"))
        self._whole.setText(self.tr("Choose a folder…"))


class _Work(QFrame):
    """A title, a bar, a word on it, and Stop."""

    stopped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", "card")
        self._title = ElidedLabel()
        self._title.setProperty("strong", True)
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._bar = ShareBar()
        self.stop = TextButton()
        words = QVBoxLayout()
        words.setSpacing(Space.S)
        for each in (self._title, self._bar, self._hint):
            words.addWidget(each)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        row.setSpacing(Space.L)
        row.addLayout(words, 1)
        row.addWidget(self.stop)
        self.stop.clicked.connect(self.stopped)
        self._say()

    def show_progress(self, title: str, hint: str, done: int, total: int) -> None:
        self._title.setText(title)
        self._hint.setText(hint)
        self._bar.show_share(done, total)
        self._bar.setAccessibleName(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self.stop.setText(self.tr("Stop"))


class _UnreadList(FormPanel):
    """Names and reasons, as plain words."""

    def __init__(self) -> None:
        self._column = QVBoxLayout()
        self._column.setSpacing(Space.M)
        super().__init__([], self._column)
        self._rows: list[QWidget] = []
        self._all: tuple[Unread, ...] = ()
        self.lines: tuple[str, ...] = ()

    def show_all(self, unread: Sequence[Unread]) -> None:
        """Show each of them; of very many the first."""
        self._all = tuple(unread)
        self._fill()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._fill()

    def _fill(self) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.set_heading(self.tr("Could not be read"))
        unnamed = self.tr("Without a name")
        told = [(each.name or unnamed, say(each.why)) for each in self._all[:_MOST_ROWS]]
        if len(self._all) > _MOST_ROWS:
            more = self.tr("… and {count} more")
            told.append((more.format(count=f"{len(self._all) - _MOST_ROWS:,}"), ""))
        self.lines = tuple(f"{name}: {why}" if why else name for name, why in told)
        self._rows = [_row(name, why) for name, why in told]
        for row in self._rows:
            self._column.addWidget(row)


def _row(name: str, why: str) -> QWidget:
    row = QWidget()
    column = QVBoxLayout(row)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    title = PlainLabel(name, wrap=True)
    title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    column.addWidget(title)
    if why:
        column.addWidget(PlainLabel(why, tone="muted", size="small", wrap=True))
    return row
