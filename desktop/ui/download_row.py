"""One download: its name, a bar, how far it is, and what can be done with it. GUI thread."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.download import Download, DownloadPhase
from desktop.domain.errors import GatedModel
from desktop.ui.buttons import IconButton
from desktop.ui.download_words import bar_tone, download_words
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.share_bar import ShareBar
from desktop.ui.shortcuts import with_key
from desktop.ui.stop_question import StopQuestion
from desktop.ui.tokens import Space

__all__ = ["DownloadRow"]

_BUTTON = 28
_RESUMABLE = frozenset({DownloadPhase.PAUSED, DownloadPhase.FAILED})


class DownloadRow(QFrame):
    """Shows values of one order; the keys of its signals are the order's."""

    pause_requested = Signal(str)
    resume_requested = Signal(str)
    cancel_requested = Signal(str)
    """(key): asked and answered; what is here of it goes."""
    use_requested = Signal(str)
    clear_requested = Signal(str)
    step_requested = Signal(str, int)
    """(key, places down the list; negative is up)"""
    dragged = Signal(str, QPoint)
    """(key, place of the pointer on the screen)"""
    dropped = Signal(str, QPoint)
    page_requested = Signal(str)
    """(address): the terms of a model are accepted there."""

    def __init__(self, download: Download, parent: QWidget | None = None) -> None:
        """Show `download`."""
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._download = download
        self._grip: QPoint | None = None
        self._drags = False
        self._title = ElidedLabel()
        self._title.setProperty("strong", True)
        self._bar = ShareBar()
        self._words = ElidedLabel(size="small")
        self._problem = PlainLabel(size="small", wrap=True)
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._ways = QWidget()
        self._page = LinkButton()
        self._again = LinkButton()
        self._use = LinkButton()
        self._pause = IconButton("pause", side=_BUTTON)
        self._stop = IconButton("close", side=_BUTTON)
        self._question = StopQuestion()
        self._stack = QStackedLayout(self)
        self._lay_out()
        self._connect()
        self.show_download(download)

    @property
    def key(self) -> str:
        """Which order this is."""
        return self._download.order.key

    def show_download(self, download: Download) -> None:
        """Show the values of now."""
        self._download = download
        phase = download.phase
        words = download_words(download)
        self._title.setText(download.order.title)
        # What went wrong is never cut short.
        broken = phase in _RESUMABLE and download.error is not None
        self._words.setText("" if broken else words.line)
        self._words.set_tone(words.tone)
        self._words.setVisible(not broken)
        self._problem.setText(words.line if broken else "")
        self._problem.set_tone(words.tone)
        self._problem.setVisible(broken)
        self._hint.setText(words.hint)
        self._hint.setVisible(bool(words.hint))
        self._bar.show_share(download.done, download.total, bar_tone(download))
        resumable = phase in _RESUMABLE
        done = phase is DownloadPhase.DONE
        self._pause.setVisible(not done)
        self._pause.set_icon("play" if resumable else "pause")
        self._ways.setVisible(broken)
        self._page.setVisible(isinstance(download.error, GatedModel))
        self._use.setVisible(done)
        if done:
            self._stack.setCurrentIndex(0)
        self._say()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks whether to stop, Ctrl and an arrow move the row, space pauses."""
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        match event.key():
            case Qt.Key.Key_Delete:
                self._on_stop_clicked()
            case Qt.Key.Key_Space:
                self._on_pause_clicked()
            case Qt.Key.Key_Up if control:
                self.step_requested.emit(self.key, -1)
            case Qt.Key.Key_Down if control:
                self.step_requested.emit(self.key, 1)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry the row to another place."""
        if self._grip is None:
            return
        way = (event.position().toPoint() - self._grip).manhattanLength()
        if self._drags or way >= QApplication.startDragDistance():
            self._drags = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.dragged.emit(self.key, event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        if self._drags:
            self._drags = False
            self.unsetCursor()
            self.dropped.emit(self.key, event.globalPosition().toPoint())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.show_download(self._download)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self._words, 1)
        below.addWidget(self._use)
        ways = QHBoxLayout(self._ways)
        ways.setContentsMargins(0, 0, 0, 0)
        ways.setSpacing(Space.S)
        ways.addWidget(self._again)
        ways.addWidget(self._page)
        ways.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self._title)
        words.addWidget(self._bar)
        words.addLayout(below)
        words.addWidget(self._problem)
        words.addWidget(self._hint)
        words.addWidget(self._ways)
        front = QWidget()
        row = QHBoxLayout(front)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        row.addLayout(words, 1)
        row.addSpacing(Space.S)
        row.addWidget(self._pause, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignTop)
        self._stack.addWidget(front)
        self._stack.addWidget(self._question)

    def _connect(self) -> None:
        self._pause.clicked.connect(self._on_pause_clicked)
        self._stop.clicked.connect(self._on_stop_clicked)
        self._again.clicked.connect(lambda: self.resume_requested.emit(self.key))
        self._use.clicked.connect(lambda: self.use_requested.emit(self.key))
        self._page.clicked.connect(self._on_page_clicked)
        self._question.answered.connect(self._on_answered)
        self.customContextMenuRequested.connect(self._on_context_menu_requested)

    def _on_pause_clicked(self) -> None:
        if self._download.phase in _RESUMABLE:
            self.resume_requested.emit(self.key)
        elif self._download.phase is not DownloadPhase.DONE:
            self.pause_requested.emit(self.key)

    def _on_stop_clicked(self) -> None:
        if self._download.phase is DownloadPhase.DONE:
            self.clear_requested.emit(self.key)
        elif self._download.done > 0:
            self._question.ask(self._download.done)
            self._stack.setCurrentIndex(1)
            self._question.take_focus()
        else:
            self.cancel_requested.emit(self.key)

    def _on_answered(self, stop: bool) -> None:
        self._stack.setCurrentIndex(0)
        if stop:
            self.cancel_requested.emit(self.key)

    def _on_page_clicked(self) -> None:
        if isinstance(self._download.error, GatedModel):
            self.page_requested.emit(self._download.error.page)

    def _on_context_menu_requested(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        control, key = Qt.Modifier.CTRL, Qt.Key
        up = menu.addAction(icon("arrow-up"), with_key(self.tr("Move up"), control | key.Key_Up))
        down = menu.addAction(
            icon("arrow-down"), with_key(self.tr("Move down"), control | key.Key_Down)
        )
        up.triggered.connect(lambda: self.step_requested.emit(self.key, -1))
        down.triggered.connect(lambda: self.step_requested.emit(self.key, 1))
        menu.popup(self.mapToGlobal(place))

    def _say(self) -> None:
        title = self._download.order.title
        resumable = self._download.phase in _RESUMABLE
        done = self._download.phase is DownloadPhase.DONE
        self._pause.set_label(self.tr("Resume") if resumable else self.tr("Pause"))
        self._stop.set_label(self.tr("Remove from the list") if done else self.tr("Stop"))
        self._again.setText(self.tr("Try again"))
        self._use.setText(self.tr("Use it"))
        self._page.setText(self.tr("Accept the terms…"))
        self._bar.setAccessibleName(self.tr("Download of {name}").format(name=title))
        self.setAccessibleName(title)
        self.setAccessibleDescription(
            " ".join(
                part
                for part in (self._words.whole_text(), self._problem.text(), self._hint.text())
                if part
            )
        )
