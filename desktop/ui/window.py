"""The main window: sidebar, header, talk, composer. Values in, signals out. GUI thread."""

import base64
import binascii
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QMoveEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel
from desktop.domain.settings import WindowSettings
from desktop.system.front.own_window import take_keyboard
from desktop.ui.banner import Banner
from desktop.ui.composer import Composer
from desktop.ui.composer_field import dropped_model, takes_dropped
from desktop.ui.drop_hint import DropHint
from desktop.ui.engine_words import short_title
from desktop.ui.header import Header
from desktop.ui.shortcuts import Shortcuts
from desktop.ui.side_space import SideSpace
from desktop.ui.sidebar import Sidebar
from desktop.ui.sidebar_wishes import Place
from desktop.ui.toast import Toast
from desktop.ui.tokens import Size, Space
from desktop.ui.transcript import Transcript
from desktop.ui.window_keys import WindowKeys
from desktop.ui.window_place import first_place

if TYPE_CHECKING:
    from desktop.ui.chat_panel import ChatPanel

__all__ = ["MainWindow"]

_SMALLEST = QSize(420, 360)
_NARROW = 640
_TITLE_LIMIT = 120


class MainWindow(QWidget):
    """Its parts are public; who connects them is `WindowController`."""

    painted = Signal()
    """Once, after the first picture is on the screen."""
    close_requested = Signal()
    """The person closed the window; nothing has happened yet."""
    language_changed = Signal()
    models_requested = Signal()
    """The models are to be shown; who makes their page gives it to `show_page`."""
    place_changed = Signal()
    """Size, place or sidebar are other ones now."""
    sidebar_shown = Signal(bool)
    """The list of chats came, or went."""
    alone_left = Signal()
    """What `show_alone` had brought is no longer on show."""

    def __init__(self) -> None:
        """Build everything; not shown yet."""
        super().__init__()
        self.setObjectName("window")
        self.setAcceptDrops(True)
        self.setMinimumSize(_SMALLEST)
        self.sidebar = Sidebar()
        self.header = Header()
        self.transcript = Transcript()
        self.banner = Banner()
        self.composer = Composer()
        self.toast = Toast()
        self.shortcuts = Shortcuts(self)
        self.keys = WindowKeys(self, self.composer, self.toast)
        self._panel: ChatPanel | None = None
        self._painted = False
        self._makes_room = False
        self._chat_title = ""
        self._place: Place = ""
        self._sidebar_width = WindowSettings().sidebar_width
        self._whole = QStackedLayout()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._pages = QStackedWidget()
        self._lay_out()
        self._drop_hint = DropHint(self)
        self.sidebar.collapse_requested.connect(self.toggle_sidebar)
        self.header.sidebar_requested.connect(self.toggle_sidebar)
        self.shortcuts.sidebar.connect(self.toggle_sidebar)
        self.shortcuts.undo.connect(self.toast.undo)
        for wish in (self.sidebar.models_requested, self.shortcuts.models):
            wish.connect(self._on_models_wanted)
        for wish in (
            self.sidebar.chat_selected,
            self.sidebar.new_chat_requested,
            self.shortcuts.new_chat,
            self.shortcuts.composer,
            self.shortcuts.rename,
        ):
            wish.connect(self.show_talk)
        self.sidebar.menu_opened.connect(self.keys.follow)
        self.keys.follow(self.header.main_menu)
        self.keys.follow(self.header.model_menu)
        self._splitter.splitterMoved.connect(self.place_changed)
        self.show_title("")

    def show_title(self, title: str) -> None:
        """Name the open chat in header and title bar."""
        self.header.set_title(title)
        self._chat_title = title
        if self.is_talk_shown:
            self._name_window(title)

    @property
    def is_talk_shown(self) -> bool:
        """Whether the conversation is on show, and not another page."""
        return self._pages.currentIndex() == 0 and self._whole.currentIndex() == 0

    @property
    def page_in_front(self) -> QWidget | None:
        """What is on show in place of the conversation, or of everything; None for neither."""
        if self.is_talk_shown:
            return None
        whole = self._whole.currentWidget()
        return self._pages.currentWidget() if whole is self._splitter else whole

    @property
    def panel(self) -> "ChatPanel | None":
        """The panel beside the conversation, once there is one."""
        return self._panel

    @property
    def is_panel_shown(self) -> bool:
        """Whether the panel is on show."""
        return self.is_talk_shown and self._panel is not None and not self._panel.isHidden()

    def take_panel(self, panel: "ChatPanel") -> None:
        """Keep room for `panel` beside the conversation whenever it is shown."""
        self._panel = panel
        self._space.take(panel)

    @property
    def is_sidebar_shown(self) -> bool:
        """Whether the list of chats is on show."""
        return self.sidebar.isVisibleTo(self._splitter)

    def show_page(self, page: QWidget, title: str, *, place: Place = "") -> None:
        """Show `page` in place of the conversation; it is taken in at its first time.

        `place` marks it in the list at the left, where it has a place there.
        """
        self._end_alone()
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        self._mark(place)
        self._name_window(title)

    def show_alone(self, page: QWidget, title: str) -> None:
        """Show `page` in place of everything, the list of chats included, until another is shown.

        It is taken in at its first time, and let go when it is left.
        """
        if self._whole.indexOf(page) < 0:
            self._whole.addWidget(page)
        self._whole.setCurrentWidget(page)
        self._name_window(title)

    def show_page_title(self, title: str) -> None:
        """Name what the page shows now in the title bar, unless the conversation is on show."""
        if not self.is_talk_shown:
            self._name_window(title)

    def show_talk(self) -> None:
        """Show the conversation again."""
        if not self.is_talk_shown:
            self._end_alone()
            self._pages.setCurrentIndex(0)
            self._mark("")
            self._name_window(self._chat_title)
            self.composer.focus_field()

    def expect_model(self, model: InstalledModel) -> None:
        """Show the model that is about to be loaded, before there is an engine."""
        self.header.set_engine(EngineState(Phase.LOADING, model))
        self.composer.set_about_guide(model.is_guide)
        self.composer.show_leaving(model.leaves_to)
        self.transcript.empty_state.show_model(short_title(model), model.is_guide, model.leaves_to)

    def restore(self, kept: WindowSettings) -> None:
        """Take size, place and sidebar of the last run, as far as the screens still allow."""
        self.setGeometry(first_place(QGuiApplication.primaryScreen().availableGeometry()))
        try:
            geometry = base64.b64decode(kept.geometry, validate=True)
        except (ValueError, binascii.Error):
            geometry = b""
        if geometry:
            self.restoreGeometry(QByteArray(geometry))
        width = kept.sidebar_width
        self._show_sidebar(visible=width > 0)
        self._sidebar_width = width or WindowSettings().sidebar_width
        self._splitter.setSizes([self._sidebar_width, max(1, self.width() - self._sidebar_width)])

    def kept(self, last_chat: int | None) -> WindowSettings:
        """Return what `restore` needs in the next run."""
        shown = self.is_sidebar_shown or self._makes_room
        return WindowSettings(
            geometry=base64.b64encode(self.saveGeometry().data()).decode(),
            sidebar_width=(self._splitter.sizes()[0] or self._sidebar_width) if shown else 0,
            last_chat=last_chat or 0,
            zoom=self.transcript.zoom_percent,
        )

    def set_compact(self, *, compact: bool) -> None:
        """Show rows, lines and messages closer together, or as usual."""
        self.sidebar.list.set_compact(compact=compact)
        self.transcript.set_compact(compact=compact)

    def toggle_sidebar(self) -> None:
        """Hide the list of chats, or bring it back."""
        visible = self.is_sidebar_shown
        self._makes_room = False
        if visible:
            self._sidebar_width = self._splitter.sizes()[0]
        self._show_sidebar(visible=not visible)
        if not visible:
            self._splitter.setSizes(
                [self._sidebar_width, max(1, self.width() - self._sidebar_width)]
            )

    def bring_to_front(self) -> None:
        """Show the window, whatever hid it, with the cursor in the composer if that is on show."""
        if QGuiApplication.platformName().startswith("wayland") and self.isVisible():
            # Wayland lets nobody raise a window; a new one comes up in front.
            self.hide()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        # Before it is shown too: else Qt looks for a first field by itself.
        self._focus_composer()
        self.show()
        self.raise_()
        self.activateWindow()
        take_keyboard(int(self.winId()))
        self._focus_composer()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let typing go on in the composer, wherever the focus was."""
        if not (self.is_talk_shown and self.keys.type(event)):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Let the Tab key lead through the whole window, whatever was made last in it."""
        past = self.keys.step_past(self.transcript.canvas, forward=forward)
        return past or super().focusNextPrevChild(forward)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files wherever they are dropped, other files and pictures to ask about them."""
        is_model = dropped_model(event.mimeData()) is not None
        if is_model or (self.is_talk_shown and takes_dropped(event.mimeData())):
            event.acceptProposedAction()
            self._drop_hint.appear(is_model=is_model)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand over what was dropped, as the composer does."""
        self._drop_hint.hide()
        if takes_dropped(event.mimeData()):
            event.acceptProposedAction()
            self.composer.field.insertFromMimeData(event.mimeData())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave it to the owner what closing means."""
        event.ignore()
        self.close_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room(event.oldSize().width(), event.size().width())
        self.place_changed.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.place_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell when there is something to see."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    def changeEvent(self, event: QEvent) -> None:
        """Tell those who put words into the window from outside."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.language_changed.emit()

    def _lay_out(self) -> None:
        foot = QVBoxLayout()
        foot.setSpacing(Space.S)
        foot.addWidget(self.toast, 0, Qt.AlignmentFlag.AlignHCenter)
        foot.addWidget(self.banner)
        foot.addWidget(self.composer)
        middle = QWidget()
        middle.setMaximumWidth(Size.COLUMN)
        middle.setLayout(foot)
        foot.setContentsMargins(0, 0, 0, 0)
        centred = QHBoxLayout()
        centred.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        centred.addStretch(1)
        centred.addWidget(middle, 1000)
        centred.addStretch(1)
        talk = QWidget()
        column = QVBoxLayout(talk)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.transcript, 1)
        column.addLayout(centred)
        self._space = SideSpace(talk)
        self._splitter.addWidget(self.sidebar)
        self._pages.addWidget(self._space)
        self._splitter.addWidget(self._pages)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setCollapsible(0, False)
        self._splitter.setCollapsible(1, False)
        self._splitter.setHandleWidth(1)
        self.setLayout(self._whole)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.addWidget(self._splitter)

    def _mark(self, place: Place) -> None:
        self._place = place
        self.sidebar.mark(place)

    def _focus_composer(self) -> None:
        if self.is_talk_shown:
            self.composer.focus_field()

    def _name_window(self, title: str) -> None:
        clean = "".join(letter for letter in title if letter.isprintable())[:_TITLE_LIMIT]
        # A single one is Qt's place for the mark of an unsaved file, and is not shown.
        clean = clean.replace("[*]", "[*][*]")
        self.setWindowTitle(f"{clean} – Lapis" if clean else "Lapis")

    def _end_alone(self) -> None:
        page = self._whole.currentWidget()
        if page is not None and page is not self._splitter:
            self._whole.setCurrentWidget(self._splitter)
            self._whole.removeWidget(page)
            page.hide()
            self.alone_left.emit()

    def _on_models_wanted(self) -> None:
        if self._place == "models" and not self.is_talk_shown:
            self.show_talk()
        else:
            self.models_requested.emit()

    def _make_room(self, before: int, width: int) -> None:
        """Take the sidebar away when the window becomes narrow, and give it back afterwards.

        `before` is -1 at the first time. Whoever brings it back in a narrow window keeps it.
        """
        becomes_narrow = width < _NARROW and not 0 <= before < _NARROW
        if becomes_narrow and self.is_sidebar_shown:
            self._sidebar_width = self._splitter.sizes()[0] or self._sidebar_width
            self._makes_room = True
            self._show_sidebar(visible=False)
        elif width >= _NARROW and self._makes_room:
            self._makes_room = False
            self._show_sidebar(visible=True)

    def _show_sidebar(self, *, visible: bool) -> None:
        self.sidebar.setVisible(visible)
        self.header.show_sidebar_button(visible=not visible)
        self.sidebar_shown.emit(visible)
        self.place_changed.emit()
