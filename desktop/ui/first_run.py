"""The first steps: three calm pages in place of everything else, which can be left at any time.

Values in, signals out; what each step shows is a widget of its own. GUI thread.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.buttons import PressedOnce, TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.first_run_page import FirstRunPage
from desktop.ui.illustration import PictureName
from desktop.ui.labels import ElidedLabel, Tone, restyle
from desktop.ui.step_dots import StepDots
from desktop.ui.tokens import Space

__all__ = ["COMPUTER", "KEY", "MODEL", "FirstRun", "Step"]

COMPUTER, MODEL, KEY = range(3)
"""The numbers of the steps."""

_PICTURES: tuple[PictureName, ...] = ("computer", "model", "key")
_RIGHT = Qt.AlignmentFlag.AlignRight
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_SCROLLING = {Qt.Key.Key_PageDown: 320, Qt.Key.Key_PageUp: -320}


class Step(QWidget):
    """What a step shows below its title; it tells the page its words."""

    words_changed = Signal()

    title = ""
    lead = ""

    def first_focus(self) -> QWidget | None:
        """Return what the keyboard begins with; None leaves it with the way on."""
        return None

    @property
    def stands_out(self) -> bool:
        """Whether it has a button that is to be pressed here, before the way on."""
        return False


class _NextButton(PressedOnce, TextButton):
    """A second press would pass over a step that nobody has seen."""


class FirstRun(QWidget):
    """Three steps with a picture each; Esc skips, Enter goes on."""

    help_topic = "start"
    skipped = Signal()
    finished = Signal()
    step_shown = Signal(int)
    """(number, from 0)"""
    titled = Signal(str)
    """(title): what the step on show is called, now that it is another one or has its words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the first page; each is empty until `fill`."""
        super().__init__(parent)
        self._pages: list[FirstRunPage] = []
        self._steps: dict[int, Step] = {}
        self._stack = QStackedLayout()
        self._dots = StepDots(len(_PICTURES))
        self._back = TextButton(kind="quiet")
        self._next = _NextButton(kind="primary")
        self._skip = TextButton(kind="quiet")
        self._foot = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self._foot.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._foot.hide()
        self._lay_out()
        self._back.clicked.connect(self.go_back)
        self._next.clicked.connect(self.go_on)
        self._skip.clicked.connect(self.skipped)
        self._bind_keys()
        self._show_way()

    @property
    def step(self) -> int:
        """The number of the step on show, from 0."""
        return self._stack.currentIndex()

    @property
    def title(self) -> str:
        """What the step on show is called."""
        step = self._steps.get(self.step)
        return step.title if step is not None else self.tr("First steps")

    def fill(self, number: int, step: Step) -> None:
        """Show `step` on the page of that number."""
        self._steps[number] = step
        self._page(number).fill(step)
        step.words_changed.connect(self._retranslate)
        self._retranslate()

    def show_step(self, step: int) -> None:
        """Show the step of that number, with the keyboard where it begins."""
        self._stack.setCurrentWidget(self._page(max(0, min(step, len(_PICTURES) - 1))))
        self._show_way()
        self.take_focus()
        self.step_shown.emit(self.step)

    def go_on(self) -> None:
        """Show the next step; after the last one it is over."""
        if self.step == len(_PICTURES) - 1:
            self.finished.emit()
        else:
            self.show_step(self.step + 1)

    def go_back(self) -> None:
        """Show the step before, if there is one."""
        if self.step > 0:
            self.show_step(self.step - 1)

    def say_below(self, words: str, tone: Tone = "muted") -> None:
        """Say something at the foot of every step, such as how far a download is."""
        self._foot.setText(words)
        self._foot.set_tone(tone)
        self._foot.setVisible(bool(words))

    def take_focus(self) -> None:
        """Let the keyboard begin."""
        step = self._steps.get(self.step)
        first = step.first_focus() if step is not None else None
        (first or self._next).setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc skips; Enter presses what has the focus, or goes on."""
        pressed, key = self.focusWidget(), Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.skipped.emit()
        elif key in _ENTER and isinstance(pressed, QAbstractButton):
            pressed.click()
        elif key in _ENTER:
            self.go_on()
        elif key in _SCROLLING:
            bar = self._pages[self.step].verticalScrollBar()
            bar.setValue(bar.value() + _SCROLLING[key])
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.L, Space.M, Space.M, 0)
        top.addStretch(1)
        top.addWidget(self._skip)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        # Two sides of one width, so that the dots stand in the middle whatever the words are.
        for way, side in ((self._back, Qt.AlignmentFlag.AlignLeft), (self._next, _RIGHT)):
            half = QHBoxLayout()
            half.addWidget(way, 0, side)
            foot.addLayout(half, 1)
        foot.insertWidget(1, self._dots)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(self._stack, 1)
        column.addWidget(self._foot)
        column.addLayout(foot)
        # Not before: what is first in a stack without a place would be a window of its own.
        self._page(0)
        QWidget.setTabOrder(self._back, self._next)
        QWidget.setTabOrder(self._next, self._skip)

    def _page(self, number: int) -> FirstRunPage:
        """Return the page of that number; those behind the first are not made for its picture."""
        while len(self._pages) <= number:
            page = FirstRunPage(_PICTURES[len(self._pages)])
            self._pages.append(page)
            self._stack.addWidget(page)
        return self._pages[number]

    def _bind_keys(self) -> None:
        # Not as pressed keys: buttons take the arrows for themselves.
        alt, key = Qt.Modifier.ALT, Qt.Key
        for arrow, way in ((key.Key_Left, self.go_back), (key.Key_Right, self.go_on)):
            shortcut = QShortcut(QKeySequence(alt | arrow), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(way)

    def _show_way(self) -> None:
        self._dots.show_step(self.step)
        # Its room stays, so that the dots do not move.
        policy = self._back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._back.setSizePolicy(policy)
        self._back.setVisible(self.step > 0)
        self._retranslate()

    def _retranslate(self) -> None:
        is_last = self.step == len(_PICTURES) - 1
        self._back.setText(self.tr("Back"))
        self._next.setText(self.tr("Start") if is_last else self.tr("Next"))
        now = self._steps.get(self.step)
        is_second = now is not None and now.stands_out
        restyle(self._next, "kind", "normal" if is_second else "primary")
        self._skip.setText(self.tr("Skip"))
        self._skip.setAccessibleName(self.tr("Skip the first steps (Esc)"))
        self._skip.setToolTip("Esc")
        for number, step in self._steps.items():
            self._pages[number].say(step.title, step.lead)
        place = self._dots.accessibleName()
        self.setAccessibleName(self.tr("{place}: {title}").format(place=place, title=self.title))
        self.titled.emit(self.title)
