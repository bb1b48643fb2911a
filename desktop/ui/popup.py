"""The quick question: a card that comes up over everything, answers, and goes away.

Values in, signals out; `PopupController` knows the chats. GUI thread.
"""

import time

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent, QScreen
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.system.front.own_window import take_keyboard
from desktop.ui.banner import Banner
from desktop.ui.buttons import IconButton
from desktop.ui.composer import Composer
from desktop.ui.icons import app_icon
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.popup_chips import PopupChips
from desktop.ui.popup_focus import PopupFocus
from desktop.ui.popup_foot import PopupFoot
from desktop.ui.popup_frame import PopupFrame, is_wayland
from desktop.ui.popup_keys import PopupKeys
from desktop.ui.popup_model import PopupModel
from desktop.ui.popup_picture import PopupPicture
from desktop.ui.popup_size import PopupSize
from desktop.ui.shortcuts import native
from desktop.ui.tokens import Size, Space, resized
from desktop.ui.transcript import Transcript

__all__ = ["Popup"]

_LINES = 5
_GEM = 22
_BESIDE = 5
_JUST_NOW_SECONDS = 0.25


class Popup(PopupFrame):
    """Grows with its answer; hides when another window gets the focus, unless it is pinned."""

    appeared = Signal()
    """It was hidden and is on the screen now, painted; whatever takes time comes after this."""
    submitted = Signal(object)
    """(Draft)"""
    stop_requested = Signal()
    """Esc while an answer runs."""
    open_in_window_requested = Signal()
    insert_requested = Signal()
    """Put the answer, or what is selected of it, into the program one came from."""
    copy_requested = Signal()
    help_requested = Signal()
    anew_requested = Signal()
    """Another conversation, in the same place."""
    dismissed = Signal()
    """The person is done with it: Esc, or the key that called it."""
    left = Signal()
    """It is hidden because another window is used."""
    looked_away = Signal()
    """Pinned, it stays while another window is used."""
    size_chosen = Signal(int, int)
    """(width, height of the card; 0 for its own)"""
    language_changed = Signal()

    def __init__(self, *, translucent: bool) -> None:
        """`translucent` says whether the screen blends windows: shadow and round corners."""
        super().__init__(translucent=translucent)
        self._running = False
        self._left_at = 0.0
        self._leaving = QTimer(self, singleShot=True, interval=0)
        self._leaving.timeout.connect(self._on_left)
        self._focus = PopupFocus(self)
        self.chips = PopupChips()
        self.composer = Composer(
            lines=_LINES, framed=False, tools=False, sends=False, chips=self.chips
        )
        self.transcript = Transcript()
        self.transcript.is_on_card = True
        self.banner = Banner()
        self.leaves = LeavesBadge(words=False)
        self.leaves.setFixedHeight(Size.BUTTON)
        self.model = PopupModel()
        self.pin = IconButton("pin", side=Size.BUTTON)
        self.pin.setCheckable(True)
        self.foot = PopupFoot()
        self._gem = QLabel()
        self._gem.setPixmap(app_icon().pixmap(QSize(_GEM, _GEM), self.devicePixelRatioF()))
        self._line = QFrame()
        self._line.setProperty("panel", "line")
        self._line.setFixedHeight(1)
        self._beside = (QHBoxLayout(), QHBoxLayout())
        self._actions = QHBoxLayout()
        self._column = QVBoxLayout(self)
        self._lay_out()
        self.sizing = PopupSize(self, self._column)
        self.show_conversation(visible=False)
        self._connect()
        self._retranslate()
        # A window that has its handle already comes up faster.
        self.winId()
        self._picture = PopupPicture(self)
        self._picture.shown.connect(self.appeared)

    def add_actions(self, strip: QWidget) -> None:
        """Place the row of quick actions under what goes with the question."""
        self._actions.addWidget(strip)

    def prepare(self) -> None:
        """Do before the first look what Qt would do at the first look: styles, fonts, pictures."""
        self.sizing.fit()
        self._picture.prepare()

    @property
    def has_keyboard(self) -> bool:
        """Whether it is on the screen and keys go to it."""
        return self._focus.has_keyboard

    def toggle(self) -> None:
        """Hidden: show. Visible behind another window: come to the front. In front: hide."""
        if self.has_keyboard:
            self.put_away()
        elif time.monotonic() - self._left_at > _JUST_NOW_SECONDS:
            # A click upon the tray takes the focus away first, and with it the popup.
            self.bring_to_front()

    def bring_to_front(self) -> None:
        """Show where the pointer is, with the cursor in the field."""
        self._leaving.stop()
        if is_wayland():
            # Nobody may raise a window there, but a new one comes up in front.
            self.hide()
        if not self.isVisible():
            self._picture.await_it()
            self._place()
        self.show()
        self.raise_()
        self.activateWindow()
        take_keyboard(int(self.winId()))
        self.composer.focus_field()
        self._picture.paint_ahead()
        self._focus.look_soon()

    def put_away(self) -> None:
        """Hide, as the person is done with it."""
        self.dismissed.emit()
        # What was typed and not asked is there the next time, and gives way to other words.
        everything = self.composer.field.textCursor()
        everything.select(everything.SelectionType.Document)
        self.composer.field.setTextCursor(everything)
        self.hide()

    def show_conversation(self, *, visible: bool) -> None:
        """Show the part with the answer, or only the line to type into."""
        self.transcript.setVisible(visible)
        self._line.setVisible(visible)
        self.foot.set_conversation(shown=visible)
        self.sizing.begin()

    def set_model(
        self, title: str, *, is_guide: bool, state: str = "", leaves_to: str = ""
    ) -> None:
        """Say who will answer; `state` how it is, `leaves_to` the host where that is elsewhere."""
        self.model.show_model(title, state)
        self.leaves.show_host(leaves_to)
        self.composer.set_about_guide(is_guide)

    def set_running(self, running: bool) -> None:
        """Follow whether an answer is being written."""
        self._running = running
        self.composer.set_running(running)
        self.foot.set_running(running)

    def resize_by(self, wider: int, higher: int) -> None:
        """Make the card so many pixels larger, as if by hand."""
        self.sizing.grow(wider, higher)

    def ask_to_open(self) -> None:
        """Ask for the conversation to be shown in the window, if there is one."""
        if self.transcript.isVisibleTo(self):
            self.open_in_window_requested.emit()

    def beside_clicked(self) -> None:
        """Go away, as by a click on another window."""
        if not self.pin.isChecked():
            self._go_away()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc works wherever the focus is."""
        if event.key() == Qt.Key.Key_Escape:
            self._on_escape()
            event.accept()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Take another height when a part of it needs more room, or less."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.sizing.fit()
        return handled

    def changeEvent(self, event: QEvent) -> None:
        """Follow language and font, and hide when another window is used."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self._size_field()
        elif event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._leaving.start()

    def _connect(self) -> None:
        self.composer.submitted.connect(self.submitted)
        self.composer.stop_requested.connect(self._on_escape)
        self._size_field()
        self.composer.field.line_height_changed.connect(self._align_beside)
        self.composer.edited.connect(self._on_edited)
        self.foot.ask_requested.connect(self.composer.submit)
        self.foot.stop_requested.connect(self.stop_requested)
        self.foot.insert_requested.connect(self.insert_requested)
        self.foot.copy_requested.connect(self.copy_requested)
        self.foot.open_requested.connect(self.open_in_window_requested)
        self.sizing.chosen.connect(self.size_chosen)
        PopupKeys(self)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.XL, 0, Space.XL - Space.S, 0)
        top.setSpacing(Space.XS)
        top.addLayout(self._beside[0])
        top.addWidget(self.composer, 1)
        top.addLayout(self._beside[1])
        for box, parts in zip(
            self._beside, ((self._gem,), (self.leaves, self.model, self.pin)), strict=True
        ):
            box.setSpacing(Space.XS)
            for part in parts:
                box.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        middle = QVBoxLayout()
        middle.setContentsMargins(Space.XL, 0, Space.XL, 0)
        middle.setSpacing(Space.S)
        middle.addWidget(self.chips)
        middle.addWidget(self.composer.sight)
        middle.addWidget(self.banner)
        # The keys of the actions stand under the other parts, what surrounds them beside.
        self._actions.setContentsMargins(Space.XL - _BESIDE, 0, Space.XL, 0)
        above = QVBoxLayout()
        above.setContentsMargins(0, Space.S, 0, Space.XS)
        above.setSpacing(Space.XS)
        above.addLayout(top)
        above.addLayout(middle)
        above.addLayout(self._actions)
        edge = self.margin + 1
        self._column.setContentsMargins(edge, edge, edge, edge)
        self._column.setSpacing(0)
        self._column.addLayout(above)
        self._column.addWidget(self._line)
        self._column.addWidget(self.transcript, 1)
        self._column.addWidget(self.foot)

    def screen_for(self) -> QScreen:
        """Return the screen that it is on, or would come up on."""
        if self.isVisible():
            return self.screen()
        return QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()

    def _place(self) -> None:
        room: QRect = self.screen_for().availableGeometry()
        self.sizing.fit()
        x = room.center().x() - self.width() // 2
        y = room.top() + room.height() // 5 - self.margin
        self.move(QPoint(x, y))

    def _size_field(self) -> None:
        """Let the field be the largest thing to read; what stands beside it is on its first line."""
        field, font = self.composer.field, resized(self.font(), Size.ASK)
        field.setFont(font)
        # What is expected in it is painted in that of the viewport.
        field.viewport().setFont(font)
        self._align_beside()

    def _align_beside(self) -> None:
        field = self.composer.field
        line = field.line_height + 2 + 2 * Space.S
        for box, height in zip(self._beside, (_GEM, Size.BUTTON), strict=True):
            box.setContentsMargins(0, max(0, (line - height) // 2), 0, 0)

    def _on_edited(self) -> None:
        draft = self.composer.question()
        self.foot.set_draft(there=bool(draft.text or draft.attachments))

    def _on_escape(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self.put_away()

    def _on_left(self) -> None:
        ours = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if not self.isVisible() or self.isActiveWindow() or ours is not None:
            return
        if self.pin.isChecked():
            self.looked_away.emit()
        else:
            self._go_away()

    def _go_away(self) -> None:
        self._left_at = time.monotonic()
        self.hide()
        self.left.emit()

    def _retranslate(self) -> None:
        self.setWindowTitle(self.tr("Ask Lapis"))
        self.setAccessibleName(self.tr("Ask Lapis"))
        self.pin.set_label(
            self.tr("Stay in front when another window is used ({keys})").format(
                keys=native(Qt.Modifier.CTRL | Qt.Key.Key_P)
            )
        )
        self.language_changed.emit()
