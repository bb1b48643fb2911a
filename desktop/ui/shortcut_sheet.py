"""All keys of the window on one card: Ctrl+/ shows it, Esc or a click beside it puts it away.

GUI thread.
"""

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSlider,
    QApplication,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from desktop.ui.buttons import IconButton
from desktop.ui.escape import claims_escape
from desktop.ui.key_caps import KeyCaps
from desktop.ui.key_words import held_caps
from desktop.ui.labels import PlainLabel
from desktop.ui.page_scroll import PageScroll
from desktop.ui.shortcuts import ENTER_KEY, HELP_KEY, native
from desktop.ui.tokens import Radius, Space, scaled
from desktop.ui.translation import listed

__all__ = ["ShortcutSheet"]

_WIDTH = 760
_KEYS_WIDTH = 136
_VEIL = 0.35
_KEY = Qt.Key
_CTRL = Qt.Modifier.CTRL
_SHIFT = Qt.Modifier.SHIFT
_ALT = Qt.Modifier.ALT
_STEPS = {
    _KEY.Key_Up: QAbstractSlider.SliderAction.SliderSingleStepSub,
    _KEY.Key_Down: QAbstractSlider.SliderAction.SliderSingleStepAdd,
    _KEY.Key_PageUp: QAbstractSlider.SliderAction.SliderPageStepSub,
    _KEY.Key_PageDown: QAbstractSlider.SliderAction.SliderPageStepAdd,
}
_HELD = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
}
_ARROWS = {_KEY.Key_Up: "↑", _KEY.Key_Down: "↓"}


class ShortcutSheet(QWidget):
    """Lies over the whole window while it is shown, and holds the keyboard."""

    closed = Signal()
    """It is put away, and what had the keyboard below it is there no more."""

    def __init__(self, window: QWidget) -> None:
        """Wait, unseen, over `window`."""
        super().__init__(window)
        self._window = window
        self._card = QFrame()
        self._card.setProperty("panel", "popover")
        self._title = PlainLabel(size="title")
        self._close = IconButton("close")
        self._scroll = PageScroll(_WIDTH, on_card=True)
        self._groups: list[QWidget] = []
        self._below: QWidget | None = None
        """What gets the keyboard once this is put away."""
        self._holds = False
        self._lay_out()
        self._close.clicked.connect(self.put_away)
        window.installEventFilter(self)
        self._close.installEventFilter(self)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.hide()

    def show_keys(self) -> None:
        """Show the card, in today's language; shown already it is put away."""
        if self.isVisible():
            self.put_away()
            return
        self._fill()
        self._below = self._window.focusWidget()
        self._holds = True
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self._close.setFocus(Qt.FocusReason.OtherFocusReason)

    def put_away(self) -> None:
        """Hide the card and give the keyboard back."""
        self._holds = False
        self.hide()
        below, self._below = self._below, None
        if below is not None and isValid(below) and below.isVisible():
            below.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.closed.emit()

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape:
            self.put_away()
        elif step is not None:
            self._scroll.verticalScrollBar().triggerAction(step)
        else:
            # Nothing typed here is meant for the window below.
            event.accept()

    def focusNextPrevChild(self, _forward: bool) -> bool:
        """Keep the keyboard here: what lies below cannot be seen."""
        self._close.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.put_away()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the window in any size, and keep the keyboard."""
        if watched is self._close and event.type() == QEvent.Type.FocusOut:
            self._keep_soon()
        elif event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and self.isVisible():
            self._fill()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._keep_soon()

    def _keep_soon(self) -> None:
        # Not now: the focus is still on its way.
        QTimer.singleShot(0, self, self._keep)

    def _keep(self) -> None:
        now = self._window.focusWidget()
        if self._holds and now not in (None, self) and not self.isAncestorOf(now):
            # A menu that closed, or a page that came below, gave it away: typed there it is unseen.
            self._below = now
            self._close.setFocus(Qt.FocusReason.OtherFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        veil = QColor("black")
        veil.setAlphaF(_VEIL)
        QPainter(self).fillRect(self.rect(), veil)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.XL, Space.L, Space.M, 0)
        top.addWidget(self._title, 1)
        top.addWidget(self._close)
        inside = QVBoxLayout(self._card)
        # What scrolls has corners that are not round.
        inside.setContentsMargins(1, 1, 1, Radius.POPUP)
        inside.addLayout(top)
        inside.addWidget(self._scroll, 1)
        self._scroll.column.addStretch(1)
        self._card.setMaximumWidth(_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        row.addStretch(1)
        row.addWidget(self._card, 1000)
        row.addStretch(1)

    def _fill(self) -> None:
        self._title.setText(self.tr("Keys"))
        self._card.setAccessibleName(self.tr("Keys"))
        self._close.set_label(self.tr("Close (Esc)"))
        for group in self._groups:
            self._scroll.column.removeWidget(group)
            group.hide()
            group.deleteLater()
        self._groups = [
            _group(self.tr("Everywhere"), self._everywhere()),
            _group(self.tr("In a chat"), self._in_a_chat()),
            _group(self.tr("While you write"), self._while_writing()),
            _group(self.tr("In the list of chats"), self._in_the_list()),
        ]
        for number, group in enumerate(self._groups):
            self._scroll.column.insertWidget(number, group)

    def _everywhere(self) -> list[tuple[str, Sequence[QKeyCombination | Qt.Key]]]:
        return [
            (self.tr("New chat"), [_CTRL | _KEY.Key_N]),
            (self.tr("New temporary chat"), [_CTRL | _SHIFT | _KEY.Key_N]),
            (self.tr("Search in all chats"), [_CTRL | _KEY.Key_K]),
            (self.tr("Models"), [_CTRL | _SHIFT | _KEY.Key_M]),
            (self.tr("Settings"), [_CTRL | _KEY.Key_Comma]),
            (self.tr("List of chats"), [_CTRL | _KEY.Key_Backslash]),
            (self.tr("Settings of this chat"), [_CTRL | _SHIFT | _KEY.Key_P]),
            (self.tr("Undo a deletion"), [_CTRL | _KEY.Key_Z]),
            (self.tr("These keys"), [_CTRL | _KEY.Key_Slash]),
            (self.tr("Help on what is shown"), [HELP_KEY]),
            (self.tr("Quit"), [_CTRL | _KEY.Key_Q]),
        ]

    def _in_a_chat(self) -> list[tuple[str, Sequence[QKeyCombination | Qt.Key]]]:
        return [
            (self.tr("Stop the answer"), [_KEY.Key_Escape]),
            (self.tr("Find in this chat"), [_CTRL | _KEY.Key_F]),
            (self.tr("Next and previous place"), [_KEY.Key_F3, _SHIFT | _KEY.Key_F3]),
            (self.tr("Previous and next message"), [_ALT | _KEY.Key_Up, _ALT | _KEY.Key_Down]),
            (self.tr("To the end"), [_CTRL | _KEY.Key_End]),
            (
                self.tr("Larger, smaller, usual text"),
                [_CTRL | _KEY.Key_Plus, _CTRL | _KEY.Key_Minus, _CTRL | _KEY.Key_0],
            ),
        ]

    def _while_writing(self) -> list[tuple[str, Sequence[QKeyCombination | Qt.Key]]]:
        return [
            (self.tr("Send"), [ENTER_KEY]),
            (self.tr("New line"), [_SHIFT | ENTER_KEY]),
            (self.tr("Call a saved prompt"), [_KEY.Key_Slash]),
            (self.tr("Choose a model"), [_KEY.Key_At]),
            (self.tr("Change the last question"), [_KEY.Key_Up]),
            (self.tr("Earlier questions"), [_CTRL | _KEY.Key_Up, _CTRL | _KEY.Key_Down]),
            (self.tr("To the field"), [_CTRL | _KEY.Key_L]),
        ]

    def _in_the_list(self) -> list[tuple[str, Sequence[QKeyCombination | Qt.Key]]]:
        return [
            (self.tr("Rename"), [_KEY.Key_F2]),
            (self.tr("Delete"), [_KEY.Key_Delete]),
            (self.tr("Move up and down"), [_ALT | _KEY.Key_Up, _ALT | _KEY.Key_Down]),
        ]


def _group(title: str, lines: Sequence[tuple[str, Sequence[QKeyCombination | Qt.Key]]]) -> QWidget:
    """Return the lines under a heading, in two columns."""
    whole = QWidget()
    grid = QGridLayout(whole)
    grid.setContentsMargins(0, 0, 0, Space.S)
    grid.setHorizontalSpacing(Space.L)
    grid.setVerticalSpacing(Space.XS)
    head = PlainLabel(title, tone="muted", size="small")
    head.setContentsMargins(0, 0, 0, Space.XS)
    grid.addWidget(head, 0, 0, 1, 4)
    half = (len(lines) + 1) // 2
    for number, (words, keys) in enumerate(lines):
        row, column = number % half + 1, 2 * (number // half)
        name = PlainLabel(words, wrap=True)
        caps = _Keys(keys)
        name.setBuddy(caps)
        grid.addWidget(caps, row, column)
        grid.addWidget(name, row, column + 1)
    for column in (1, 3):
        grid.setColumnStretch(column, 1)
    return whole


class _Keys(QWidget):
    """One key or several that do the same or the like; those held down for several stand once."""

    def __init__(self, keys: Sequence[QKeyCombination | Qt.Key]) -> None:
        super().__init__()
        self.setMinimumWidth(scaled(_KEYS_WIDTH, QApplication.font().pixelSize()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        combined = [
            key if isinstance(key, QKeyCombination) else QKeyCombination(key) for key in keys
        ]
        told = []
        for held, group in groupby(combined, QKeyCombination.keyboardModifiers):
            names = held_caps([name for name, modifier in _HELD.items() if held & modifier])
            pressed = [_cap(each.key()) for each in group]
            told += ["+".join((*names, key)) for key in pressed]
            caps = KeyCaps()
            caps.set_caps((*names, *pressed))
            row.addWidget(caps)
        row.addStretch(1)
        self.setAccessibleName(listed(told))


def _cap(key: Qt.Key) -> str:
    """Return what stands on a key; Qt's words for arrows are long in some languages."""
    return _ARROWS.get(key) or native(key)
