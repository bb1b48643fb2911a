"""The line under a message: how it went at the left, what can be done with it at the right.

The buttons are made when they are first wanted: by the pointer, by the Tab key, or because a
screen reader is there. So scrolling past a thousand messages makes none, and their place is kept
free, so that nothing moves. They are painted while the pointer is over the message or one of them
has the focus. GUI thread.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from types import MappingProxyType

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QFocusEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.copy_button import CopyButton
from desktop.ui.figures_line import FiguresLine
from desktop.ui.icons import IconName, icon
from desktop.ui.link_button import LinkButton
from desktop.ui.sibling_switch import SiblingSwitch
from desktop.ui.tokens import Space

__all__ = ["Action", "MessageActions"]

_SIDE = 28
_NARROW = 20
_GAP = 2


class Action(Enum):
    """What can be done with a message."""

    COPY = auto()
    AGAIN = auto()
    EDIT = auto()
    BRANCH = auto()


_ICONS: Mapping[Action, IconName] = MappingProxyType(
    {Action.AGAIN: "refresh", Action.EDIT: "edit", Action.BRANCH: "branch"}
)


class MessageActions(QWidget):
    """Asks for what is done with a message; its owner does it, and gives `copy` the text."""

    chosen = Signal(object)
    """(Action)"""
    other_model_requested = Signal(QPoint)
    """(global position for a list of models)"""
    continue_requested = Signal()
    sibling_requested = Signal(int)
    """(-1 or +1)"""

    def __init__(self, *, of_answer: bool, parent: QWidget | None = None) -> None:
        """Offer nothing yet; an answer has a `line` at the left, a question has none."""
        super().__init__(parent)
        self.line: FiguresLine | None = None
        self._offers: tuple[Action, ...] = ()
        self._buttons: dict[Action, IconButton] = {}
        self._more: IconButton | None = None
        self._switch: SiblingSwitch | None = None
        self._continue: LinkButton | None = None
        self._is_revealed = False
        self._has_menu = False
        self.setFixedHeight(_SIDE)
        if of_answer:
            self.line = FiguresLine(self)
            self.line.focus_changed.connect(self._on_line_focus_changed)
        else:
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._say()

    def set_offers(self, offers: Sequence[Action]) -> None:
        """Offer these and no others."""
        if tuple(offers) == self._offers:
            return
        self._offers = tuple(offers)
        if self._buttons:
            self._make()
        self.place()

    def say_line(self, words: str, meaning: str, host: str = "", name: str = "") -> None:
        """Tell how an answer went; without `words` there is no line.

        `host` is the other computer that it came from, `name` the part at the beginning that is
        cut first.
        """
        if self.line is not None:
            self.line.say(words, meaning, host, name)
            if self.line.isHidden() is bool(words):
                self.line.setVisible(bool(words))
            self.place()

    def set_can_continue(self, can: bool) -> None:
        """Offer to go on with an answer that has no end; seen at all times."""
        if can is (self._continue is not None):
            return
        if self._continue is not None:
            self._continue.hide()
            self._continue.deleteLater()
            self._continue = None
        else:
            self._continue = LinkButton(parent=self)
            self._continue.setText(self.tr("Continue"))
            self._continue.clicked.connect(self.continue_requested)
            self._continue.show()
        self._order()
        self.place()

    def set_place(self, place: int, siblings: int) -> None:
        """Show that this is version `place`, from 1, of `siblings`; nothing of an only one."""
        if siblings > 1 and self._switch is None:
            self._switch = SiblingSwitch(self)
            self._switch.stepped.connect(self.sibling_requested)
            self._switch.show()
            self._order()
        if self._switch is not None:
            self._switch.setVisible(siblings > 1)
            self._switch.set_place(place, siblings)
        self.place()

    def set_revealed(self, revealed: bool) -> None:
        """Paint the buttons while the pointer is over the message."""
        self._is_revealed = revealed
        if revealed:
            self.want()
        self._show_buttons()

    def want(self) -> None:
        """Make the buttons if there are none, as somebody may use them."""
        if not self._buttons and self._offers:
            self._make()

    def copy(self, text: str) -> None:
        """Put `text` into the clipboard and say so."""
        self.want()
        button = self._buttons.get(Action.COPY)
        if isinstance(button, CopyButton):
            button.copy(text)

    def sizeHint(self) -> QSize:
        line = self.line.sizeHint().width() + Space.L if self.line is not None else 0
        return QSize(line + self._reach(), _SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._reach(), _SIDE)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # The font of the words is known only now.
        self.place()
        if QAccessible.isActive():
            self.want()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        elif event.type() == QEvent.Type.FontChange:
            self.place()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Hand the focus of a question's line on to its first button, or its last."""
        super().focusInEvent(event)
        self.want()
        back = event.reason() is Qt.FocusReason.BacktabFocusReason
        stops = self._stops()
        if stops:
            stops[-1 if back else 0].setFocus(event.reason())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Paint all buttons while one of them has the focus."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self._show_buttons(lost=watched if event.type() == QEvent.Type.FocusOut else None)
        return super().eventFilter(watched, event)

    def _on_line_focus_changed(self) -> None:
        if self.line is not None and self.line.hasFocus():
            self.want()
        self._show_buttons()

    def _make(self) -> None:
        """Make the buttons of what is offered, and a small menu beside the one to answer again."""
        for old in [*self._buttons.values(), *([self._more] if self._more else [])]:
            old.hide()
            old.deleteLater()
        self._buttons, self._more = {}, None
        for action in self._offers:
            if action is Action.COPY:
                button: IconButton = CopyButton(side=_SIDE, parent=self)
            else:
                button = IconButton(_ICONS[action], side=_SIDE, parent=self)
            button.clicked.connect(lambda _checked, action=action: self.chosen.emit(action))
            self._buttons[action] = button
        if Action.AGAIN in self._buttons:
            self._more = IconButton("chevron-down", side=_SIDE, parent=self)
            self._more.setFixedWidth(_NARROW)
            self._more.setIconSize(QSize(_NARROW - 6, _NARROW - 6))
            self._more.clicked.connect(self._open_menu)
        for made in self._made():
            made.installEventFilter(self)
            made.show()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._say()
        self._order()
        self.place()
        self._show_buttons()

    def _made(self) -> list[IconButton]:
        """Return the buttons from left to right."""
        row: list[IconButton] = []
        for action, button in self._buttons.items():
            row.append(button)
            if action is Action.AGAIN and self._more is not None:
                row.append(self._more)
        return row

    def _stops(self) -> list[QWidget]:
        """Return what the Tab key visits, from left to right."""
        link = [self._continue] if self._continue is not None else []
        switch = self._switch.buttons if self._switch is not None else ()
        stops: list[QWidget] = [*link, *self._made(), *switch]
        return [stop for stop in stops if stop.isEnabled()]

    def _order(self) -> None:
        """Let the Tab key go from left to right, whenever each of them was made."""
        before: QWidget = self.line if self.line is not None else self
        for stop in self._stops():
            QWidget.setTabOrder(before, stop)
            before = stop

    def _reach(self) -> int:
        """Return how wide the right side is, with the buttons or without."""
        widths = [_SIDE] * len(self._offers)
        if Action.AGAIN in self._offers:
            widths.append(_NARROW)
        if self._switch is not None and not self._switch.isHidden():
            widths.append(self._switch.sizeHint().width() + Space.XS)
        return sum(widths) + _GAP * len(widths)

    def place(self) -> None:
        """Put everything where it belongs, as something is wider or narrower now."""
        right = self.width()
        if self._switch is not None and not self._switch.isHidden():
            size = self._switch.sizeHint()
            self._switch.setGeometry(right - size.width(), 0, size.width(), _SIDE)
            right -= size.width() + Space.XS
        for button in reversed(self._made()):
            button.move(right - button.width(), 0)
            right -= button.width() + (0 if button is self._more else _GAP)
        if self.line is not None:
            self._place_line(self.width() - self._reach() - Space.S)

    def _place_line(self, room: int) -> None:
        line = self.line
        if line is None:
            return
        beside = self._continue.sizeHint() if self._continue is not None else QSize()
        taken = beside.width() + Space.M if self._continue is not None else 0
        width = max(0, min(line.sizeHint().width(), room - taken))
        line.setGeometry(0, 0, width, _SIDE)
        if self._continue is not None:
            self._continue.setGeometry(width + Space.M, 0, beside.width(), _SIDE)

    def _show_buttons(self, *, lost: QObject | None = None) -> None:
        made = self._made()
        stops = [*made, *([self.line] if self.line is not None else [])]
        focused = any(stop.hasFocus() and stop is not lost for stop in stops)
        for button in made:
            button.set_seen(self._is_revealed or focused or self._has_menu)

    def _open_menu(self) -> None:
        if self._more is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        where = self._more.mapToGlobal(self._more.rect().bottomLeft())
        again = menu.addAction(icon("refresh"), self.tr("Answer again"))
        again.triggered.connect(lambda: self.chosen.emit(Action.AGAIN))
        other = menu.addAction(icon("models"), self.tr("Answer with another model…"))
        other.triggered.connect(lambda: self.other_model_requested.emit(where))
        menu.aboutToHide.connect(self._on_menu_left)
        self._has_menu = True
        menu.popup(where)

    def _on_menu_left(self) -> None:
        self._has_menu = False
        self._show_buttons()

    def _say(self) -> None:
        of_answer = self.line is not None
        if not of_answer:
            self.setAccessibleName(self.tr("Actions of this question"))
        for action, button in self._buttons.items():
            button.set_label(self._words(action, of_answer=of_answer))
        if self._more is not None:
            self._more.set_label(self.tr("More ways to answer again"))
        if self._continue is not None:
            self._continue.setText(self.tr("Continue"))
            self.place()

    def _words(self, action: Action, *, of_answer: bool) -> str:
        match action:
            case Action.COPY:
                return self.tr("Copy answer") if of_answer else self.tr("Copy question")
            case Action.AGAIN:
                return self.tr("Answer again")
            case Action.EDIT:
                return self.tr("Edit answer") if of_answer else self.tr("Edit question")
            case Action.BRANCH:
                return self.tr("Branch into a new chat")
