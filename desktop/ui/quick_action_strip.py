"""The quick actions on one line, each at one key; what does not fit is a press away. GUI thread.

An action with several ways to do it shows them in place of all others, until one is chosen.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.domain.quick_action import QuickAction
from desktop.services.quick_actions import ways, with_keys
from desktop.ui.action_chip import ActionChip
from desktop.ui.buttons import IconButton
from desktop.ui.tokens import Space

__all__ = ["QuickActionStrip", "held_key"]

_TOOL: Final = 28
_BESIDE: Final = Space.XS
_BETWEEN: Final = 2
# Option writes letters of its own on macOS, and Command is taken; Control is free there.
_HELD: Final = Qt.Modifier.META if sys.platform == "darwin" else Qt.Modifier.ALT


class QuickActionStrip(QWidget):
    """While it is shown and enabled, Alt with a letter chooses; `take_key` is for letters alone."""

    chosen = Signal(str)
    """(id): of an action, or of one of its `ways`; see `services.quick_actions.find_action`."""
    manage_requested = Signal()
    """The actions are to be edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without actions."""
        super().__init__(parent)
        self._actions: tuple[QuickAction, ...] = ()
        self._opened: QuickAction | None = None
        self._is_unfolded = False
        self._is_letter_enough = True
        self._chips: list[ActionChip] = []
        # Of the chips, when they were placed.
        self._sizes: list[QSize] = []
        self._shortcuts: list[QShortcut] = []
        self._back = IconButton("arrow-left", side=_TOOL, parent=self)
        self._more = IconButton("more", side=_TOOL, parent=self)
        self._manage = IconButton("settings", side=_TOOL, parent=self)
        self._back.clicked.connect(self.step_back)
        self._more.clicked.connect(self._unfold)
        self._manage.clicked.connect(self.manage_requested)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._retranslate()
        self._fill()

    def set_actions(self, actions: Sequence[QuickAction]) -> None:
        """Offer `actions` in their order, on one line; each gets a key that no other one has."""
        keyed = with_keys(actions)
        if keyed != self._actions or self._opened is not None or self._is_unfolded:
            self._actions, self._opened, self._is_unfolded = keyed, None, False
            self._fill()

    def set_letters(self, *, choose: bool) -> None:
        """Show whether a letter alone chooses: else it is typed, and takes Alt to choose."""
        self._is_letter_enough = choose
        for chip in self._chips:
            chip.set_letter_enough(choose)

    def take_key(self, event: QKeyEvent) -> bool:
        """Choose by a letter alone; return whether `event` was one that does.

        To be called while nothing is typed that the letter could belong to. A capital letter is
        always one that is typed. Esc and Backspace lead back from the ways to do an action.
        """
        if event.key() in {Qt.Key.Key_Escape, Qt.Key.Key_Backspace}:
            return self.step_back()
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held or event.isAutoRepeat() or not self.isEnabled() or not self.isVisible():
            return False
        letter = event.text().upper()
        chip = next((one for one in self._chips if letter and one.action.key == letter), None)
        if chip is None:
            return False
        self._choose(chip.action)
        return True

    def step_back(self) -> bool:
        """Go back from the ways to do an action to all actions; False where they are on show."""
        if self._opened is None:
            return False
        self._opened = None
        self._fill()
        return True

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return max((place.bottom() + 1 for _widget, place in places), default=0)

    def sizeHint(self) -> QSize:
        wide = sum(chip.sizeHint().width() + _BESIDE for chip in self._chips)
        return QSize(wide, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        tallest = max((chip.sizeHint().height() for chip in self._chips), default=0)
        return QSize(3 * _TOOL, max(tallest, self.heightForWidth(max(1, self.width()))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        """Measure again: how large letters are is known for sure from now on."""
        super().showEvent(event)
        sizes = [chip.sizeHint() for chip in self._chips]
        if sizes != self._sizes:
            self._arrange()
            self.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from one to the next, letters choose."""
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self._step(step)
        elif not self.take_key(event):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self.updateGeometry()
            self._arrange()

    def _choose(self, action: QuickAction) -> None:
        if action.variants:
            self._opened = action
            self._fill()
            return
        self.step_back()
        self.chosen.emit(action.id)

    def fold(self) -> None:
        """Show one line again."""
        if self._is_unfolded:
            self._is_unfolded = False
            self._arrange()
            self.updateGeometry()

    def _unfold(self) -> None:
        self._is_unfolded = True
        self._arrange()
        self.updateGeometry()

    def _step(self, step: int) -> None:
        shown = [chip for chip in self._chips if chip.isVisible()]
        places = [place for place, chip in enumerate(shown) if chip.hasFocus()]
        if places and 0 <= places[0] + step < len(shown):
            shown[places[0] + step].setFocus(Qt.FocusReason.TabFocusReason)

    def _fill(self) -> None:
        had_focus = any(chip.hasFocus() for chip in self._chips) or self._back.hasFocus()
        for chip in self._chips:
            chip.hide()
            chip.deleteLater()
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        offered = self._actions if self._opened is None else _named(self._opened)
        self._chips = [self._chip(action) for action in offered]
        self._shortcuts = [self._shortcut(chip.action) for chip in self._chips if chip.action.key]
        self._arrange()
        self.updateGeometry()
        if had_focus and self._chips:
            self._chips[0].setFocus(Qt.FocusReason.TabFocusReason)

    def _chip(self, action: QuickAction) -> ActionChip:
        words = _combination(action.key).toString(QKeySequence.SequenceFormat.NativeText)
        chip = ActionChip(action, words if action.key else "", self)
        chip.set_letter_enough(self._is_letter_enough)
        chip.clicked.connect(lambda: self._choose(action))
        return chip

    def _shortcut(self, action: QuickAction) -> QShortcut:
        shortcut = QShortcut(_combination(action.key), self)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(lambda: self._choose(action))
        return shortcut

    def _arrange(self) -> None:
        self._sizes = [chip.sizeHint() for chip in self._chips]
        places = self._places(self.width())
        placed = [widget for widget, _place in places]
        for widget in (self._back, *self._chips, self._more, self._manage):
            widget.setVisible(widget in placed)
        for widget, place in places:
            widget.setGeometry(place)

    def _places(self, width: int) -> list[tuple[QAbstractButton, QRect]]:
        """Return where what is shown stands in a strip so wide: on one line, or on many."""
        if not self._chips:
            return []
        if self._opened is not None:
            return _flow([self._back, *self._chips], width)
        everything = _flow([*self._chips, self._manage], width)
        if self._is_unfolded or everything[-1][1].top() == everything[0][1].top():
            return everything
        shown = len(self._chips)
        while shown > 1:
            shown -= 1
            places = _flow([*self._chips[:shown], self._more], width)
            if places[-1][1].top() == places[0][1].top():
                return places
        return _flow([*self._chips[:1], self._more], width)

    def _retranslate(self) -> None:
        self.setAccessibleName(self.tr("Quick actions"))
        self._back.set_label(self.tr("Back to all quick actions"))
        self._more.set_label(self.tr("All quick actions"))
        self._manage.set_label(self.tr("Edit quick actions…"))


def held_key() -> str:
    """Return what is held while a letter chooses, as it stands before that: `Alt+`."""
    return _combination("A").toString(QKeySequence.SequenceFormat.NativeText).removesuffix("A")


def _named(action: QuickAction) -> list[QuickAction]:
    """Return the ways to do `action`, called without its own name."""
    pairs = zip(ways(action), action.variants, strict=True)
    return [replace(way, name=variant.name) for way, variant in pairs]


def _combination(key: str) -> QKeySequence:
    return QKeySequence(_HELD | Qt.Key(ord(key))) if key else QKeySequence()


def _flow(widgets: Sequence[QAbstractButton], width: int) -> list[tuple[QAbstractButton, QRect]]:
    """Return where `widgets` stand in lines at most `width` wide, each in the middle of its line."""
    places: list[tuple[QAbstractButton, QRect]] = []
    sizes = [
        QSize(_TOOL, _TOOL) if isinstance(widget, IconButton) else widget.sizeHint()
        for widget in widgets
    ]
    height = max(size.height() for size in sizes)
    left = top = 0
    for widget, size in zip(widgets, sizes, strict=True):
        wide = min(size.width(), max(1, width))
        if left and left + wide > width:
            left, top = 0, top + height + _BETWEEN
        corner = QPoint(left, top + (height - size.height()) // 2)
        places.append((widget, QRect(corner, QSize(wide, size.height()))))
        left += wide + _BESIDE
    return places
