"""The quick question: a card that comes up over everything, answers, and goes away.

Values in, signals out; `PopupController` knows the chats. GUI thread.
"""

import time

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCursor,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QScreen,
    QShortcut,
)
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.ui.banner import Banner
from desktop.ui.card import paint_card, paint_shadow
from desktop.ui.composer import Composer
from desktop.ui.icons import app_icon
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.tokens import Radius, Size, Space
from desktop.ui.transcript import Transcript

__all__ = ["Popup"]

_WIDTH = 680
_LINES = 5
_SHADOW = 20
_SHARE_OF_SCREEN = 0.6
_FIRST_HEIGHT = 96
_JUST_NOW_SECONDS = 0.25


class Popup(QWidget):
    """Grows with its answer; hides when another window gets the focus."""

    submitted = Signal(object)
    """(Draft)"""
    stop_requested = Signal()
    """Esc while an answer runs."""
    open_in_window_requested = Signal()
    dismissed = Signal()
    """The person is done with it: Esc, or the key that called it."""
    language_changed = Signal()

    def __init__(self, *, translucent: bool) -> None:
        """`translucent` says whether the screen blends windows: shadow and smooth corners."""
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        self.setAttribute(Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, on=translucent)
        self._translucent = translucent
        self._margin = _SHADOW if translucent else 0
        self._running = False
        self._hidden_at = 0.0
        self._leaving = QTimer(self, singleShot=True, interval=0)
        self._leaving.timeout.connect(self._on_left)
        self.composer = Composer(lines=_LINES, framed=False, tools=False)
        self.transcript = Transcript()
        self.banner = Banner()
        self._gem = QLabel()
        self._gem.setPixmap(app_icon().pixmap(QSize(Size.ICON, Size.ICON)))
        self._model = ElidedLabel(tone="muted", size="small")
        self._line = QFrame()
        self._line.setProperty("panel", "line")
        self._line.setFixedHeight(1)
        self._keys = PlainLabel(tone="muted", size="small")
        self._open = LinkButton()
        self._foot = QWidget()
        self._answer_height = _FIRST_HEIGHT
        self._column = QVBoxLayout(self)
        self._lay_out()
        self.show_conversation(visible=False)
        self.composer.submitted.connect(self.submitted)
        self.composer.stop_requested.connect(self._on_escape)
        self._open.clicked.connect(self.open_in_window_requested)
        open_keys = QShortcut(QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_O), self)
        open_keys.activated.connect(self._on_open_keys)
        self.transcript.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._retranslate()
        # A window that has its handle already comes up faster.
        self.winId()

    def toggle(self) -> None:
        """Hidden: show. Visible behind another window: come to the front. In front: hide."""
        if self.isVisible() and self.isActiveWindow():
            self.dismissed.emit()
            self.hide()
        elif time.monotonic() - self._hidden_at > _JUST_NOW_SECONDS:
            # A click upon the tray takes the focus away first, and with it the popup.
            self.bring_to_front()

    def bring_to_front(self) -> None:
        """Show where the pointer is, with the cursor in the field."""
        self._leaving.stop()
        if QGuiApplication.platformName().startswith("wayland"):
            # Nobody may raise a window there, but a new one comes up in front.
            self.hide()
        if not self.isVisible():
            self._place()
        self.show()
        self.raise_()
        self.activateWindow()
        self.composer.focus_field()

    def show_conversation(self, *, visible: bool) -> None:
        """Show the part with the answer, or only the line to type into."""
        self.transcript.setVisible(visible)
        self._line.setVisible(visible)
        self._open.setVisible(visible)
        self._answer_height = _FIRST_HEIGHT
        self._fit()

    def set_model(self, title: str, *, is_guide: bool) -> None:
        """Say who will answer."""
        self._model.setText(title)
        self.composer.set_about_guide(is_guide)

    def set_running(self, running: bool) -> None:
        """Follow whether an answer is being written."""
        self._running = running
        self.composer.set_running(running)

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
            self._fit()
        return handled

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language, and hide when another window is used."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._leaving.start()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the card and its shadow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = self.rect().adjusted(self._margin, self._margin, -self._margin, -self._margin)
        if self._translucent:
            paint_shadow(painter, card, self._margin)
        paint_card(painter, card, self.palette(), Radius.POPUP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the corners where they cannot be blended."""
        super().resizeEvent(event)
        if not self._translucent:
            path = QPainterPath()
            path.addRoundedRect(self.rect(), Radius.POPUP, Radius.POPUP)
            self.setMask(QRegion(path.toFillPolygon().toPolygon()))

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember when."""
        super().hideEvent(event)
        self._hidden_at = time.monotonic()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.XL, 0, Space.L, 0)
        top.setSpacing(Space.XS)
        top.addWidget(self._gem)
        top.addWidget(self.composer, 1)
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(Space.XL, Space.XS, Space.XL, Space.M)
        foot.setSpacing(Space.M)
        foot.addWidget(self._keys)
        foot.addStretch(1)
        foot.addWidget(self._model)
        foot.addWidget(self._open)
        notice = QHBoxLayout()
        notice.setContentsMargins(Space.XL, 0, Space.XL, 0)
        notice.addWidget(self.banner)
        above = QVBoxLayout()
        above.setContentsMargins(0, Space.S, 0, Space.S)
        above.setSpacing(Space.S)
        above.addLayout(top)
        above.addLayout(notice)
        column = self._column
        edge = self._margin + 1
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(self._line)
        column.addWidget(self.transcript, 1)
        column.addWidget(self._foot)

    def _screen(self) -> QScreen:
        return QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()

    def _place(self) -> None:
        room = self._screen().availableGeometry()
        self._fit()
        x = room.center().x() - self.width() // 2
        y = room.top() + room.height() // 5 - self._margin
        self.move(QPoint(x, y))

    def _fit(self) -> None:
        """Take the height of what there is, up to a share of the screen."""
        screen = self.screen() if self.isVisible() else self._screen()
        room: QRect = screen.availableGeometry()
        highest = round(room.height() * _SHARE_OF_SCREEN)
        shown = self.transcript.isVisibleTo(self)
        self.transcript.setFixedHeight(min(self._answer_height, highest) if shown else 0)
        self.setFixedWidth(min(_WIDTH, room.width() - 2 * Space.L) + 2 * self._margin)
        self._column.activate()
        height = self._column.totalHeightForWidth(self.width())
        self.setFixedHeight(height if height >= 0 else self._column.totalSizeHint().height())

    def _on_range_changed(self, _lowest: int, hidden: int) -> None:
        if hidden > 0 and self.transcript.isVisibleTo(self):
            self._answer_height = self.transcript.height() + hidden
            QTimer.singleShot(0, self, self._fit)

    def _on_escape(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self.dismissed.emit()
            self.hide()

    def _on_open_keys(self) -> None:
        if self._open.isVisible():
            self.open_in_window_requested.emit()

    def _on_left(self) -> None:
        ours = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if not self.isActiveWindow() and ours is None:
            self.hide()

    def _retranslate(self) -> None:
        self.setWindowTitle(self.tr("Ask Lapis"))
        self.setAccessibleName(self.tr("Ask Lapis"))
        self.language_changed.emit()
        self._keys.setText(self.tr("Enter asks · Shift+Enter breaks the line · Esc closes"))
        self._open.setText(self.tr("Open in window (Ctrl+O)"))
