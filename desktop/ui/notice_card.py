"""What is to be known, in a frame: an icon, the fact, the next step, and buttons. GUI thread."""

from collections.abc import Iterable
from enum import Enum, auto

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.labels import PlainLabel, restyle
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["Look", "NoticeCard"]

_NARROW = 480
_LEAST_WORDS = 280
"""Less room than this beside the buttons makes a column of single words."""
_INSET = 2
"""Brings icon and title to the middle of a button in the corner, which is a little taller."""

_ANYWHERE = QRect(0, 0, 1 << 15, 1 << 15)


class Look(Enum):
    """How much a notice asks for: a failure, something to know, or one quiet line unframed."""

    ERROR = auto()
    WARNING = auto()
    NEWS = auto()
    QUIET = auto()


class NoticeCard(QFrame):
    """Shows words beside `buttons`; where it is narrow, the buttons stand under the words.

    `corner` stands apart in the upper right corner, `below` under the words at any width.
    """

    def __init__(
        self,
        buttons: Iterable[QWidget],
        *,
        corner: QWidget | None = None,
        below: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Start without words."""
        super().__init__(parent)
        self._icon = TintedIcon("info")
        self._title = PlainLabel(wrap=True)
        self._title.setContentsMargins(0, 1, 0, 1)
        self._hint = PlainLabel(tone="muted", wrap=True)
        self._hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self._title)
        words.addWidget(self._hint)
        if below is not None:
            below.setContentsMargins(0, Space.S, 0, 0)
            words.addWidget(below)
        words.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        self._body = _Body()
        self._body.setSpacing(Space.M)
        self._body.addLayout(words, 1)
        self._body.addLayout(row)
        inside = QHBoxLayout()
        inside.setContentsMargins(0, _INSET, 0, _INSET)
        inside.setSpacing(Space.M)
        inside.addWidget(self._icon)
        inside.addLayout(self._body, 1)
        self._whole = QHBoxLayout(self)
        self._whole.setSpacing(Space.S)
        self._whole.addLayout(inside, 1)
        if corner is not None:
            self._whole.addWidget(corner, 0, Qt.AlignmentFlag.AlignTop)
        self._corner = corner
        self._inside = inside
        self._has_below = below is not None
        self._is_one_line = False

    def show_words(self, title: str, hint: str, look: Look) -> None:
        """Show the fact `title` and the next step `hint`, if there is one."""
        quiet, bad = look is Look.QUIET, look is Look.ERROR
        alarming = look in {Look.ERROR, Look.WARNING}
        self._icon.set_icon("warning" if alarming else "info", "bad" if bad else "muted")
        self._title.setText(title)
        self._title.set_tone("muted" if quiet else "normal")
        restyle(self._title, "strong", bool(hint) and not quiet)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint) and not quiet)
        self._is_one_line = not hint and not self._has_below
        self._place_icon()
        self._fit_icon()
        restyle(self, "panel", "" if quiet else "bad" if bad else "card")
        side, edge = (0, 0) if quiet else (Space.L, Space.M)
        self._whole.setContentsMargins(
            side, edge, Space.S if self._corner is not None else side, edge
        )
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)

    def event(self, event: QEvent) -> bool:
        """Keep the icon with the words as the buttons go below them, or beside."""
        taken = super().event(event)
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest}:
            self._place_icon()
        return taken

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit_icon()

    def _place_icon(self) -> None:
        """Let it stand where the words begin; one line beside a button stands in the middle."""
        beside = self._body.direction() is QBoxLayout.Direction.LeftToRight
        align = Qt.AlignmentFlag
        place = align.AlignVCenter if self._is_one_line and beside else align.AlignTop
        item = self._inside.itemAt(0)
        # Only then: each time asks for a new layout, which would ask here again.
        if item is not None and item.alignment() != place:
            self._inside.setAlignment(self._icon, place)

    def _fit_icon(self) -> None:
        """Put the icon beside the first line; one of Chinese is higher than its font says."""
        title, words = self._title, self._title.text()
        line = title.fontMetrics().boundingRect(_ANYWHERE, 0, words or " ").height()
        margins = title.contentsMargins()
        self._icon.stand_beside(line + margins.top() + margins.bottom())


class _Body(QBoxLayout):
    """Words and buttons: side by side, or one below the other where it is narrow for the words.

    It turns only when it is given a place: turning asks for a new layout, and whoever lays out asks
    about many widths before choosing one.
    """

    def __init__(self) -> None:
        super().__init__(QBoxLayout.Direction.LeftToRight)

    def heightForWidth(self, width: int) -> int:
        words, buttons = self.itemAt(0), self.itemAt(1)
        if words is None or buttons is None or buttons.isEmpty():
            return super().heightForWidth(width)
        beside = buttons.sizeHint()
        if self._is_narrow(width):
            return words.heightForWidth(width) + self.spacing() + beside.height()
        left = width - self.spacing() - beside.width()
        return max(words.heightForWidth(left), beside.height())

    def setGeometry(self, room: QRect) -> None:
        direction = QBoxLayout.Direction
        narrow = self._is_narrow(room.width())
        turned = direction.TopToBottom if narrow else direction.LeftToRight
        if self.direction() != turned:
            self.setDirection(turned)
        super().setGeometry(room)

    def _is_narrow(self, width: int) -> bool:
        buttons = self.itemAt(1)
        beside = 0 if buttons is None or buttons.isEmpty() else buttons.sizeHint().width()
        return width < _NARROW or (beside > 0 and width - self.spacing() - beside < _LEAST_WORDS)
