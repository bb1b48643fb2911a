"""A button with the sign of a persona or a prompt; a click opens all icons to choose from. GUI thread."""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.buttons import IconButton
from desktop.ui.icons import IconName
from desktop.ui.labels import PlainLabel, set_tooltip
from desktop.ui.persona_sign import persona_icon
from desktop.ui.tokens import Size, Space

__all__ = ["SIGNS", "SignButton"]

SIGNS: Final[tuple[IconName, ...]] = (
    *("person", "chat", "edit", "check", "globe", "code", "eye", "book", "chart", "scales"),
    *("pot", "compass", "question", "bulb", "spark", "list", "table", "mail", "file", "heart"),
    *("brain", "star", "sun", "shield", "lock", "box", "chip", "folder", "info", "search"),
)
_ACROSS: Final = 6
_SIDE: Final = 44
_LONGEST: Final = 16


class SignButton(QToolButton):
    """Shows the sign; another one is told at once."""

    chosen = Signal(str)
    """(name of an icon, or an emoji)"""

    def __init__(self, instead: IconName) -> None:
        """`instead` is shown where there is no sign."""
        super().__init__()
        self._instead: IconName = instead
        self._sign = ""
        self.setIconSize(QSize(Size.ICON + 4, Size.ICON + 4))
        self.setFixedSize(_SIDE, _SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setStyleSheet("QToolButton { border: 1px solid palette(mid); }")
        self._choices: _Choices | None = None
        self.clicked.connect(self._open)
        self.show_sign("")
        self._say()

    @property
    def sign(self) -> str:
        """What is chosen."""
        return self._sign

    def show_sign(self, sign: str) -> None:
        """Show `sign`; nothing is signalled."""
        self._sign = sign
        self.setIcon(persona_icon(sign or self._instead))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _open(self) -> None:
        if self._choices is None:
            self._choices = _Choices(self)
            self._choices.chosen.connect(self._on_chosen)
        self._choices.open_at(self.mapToGlobal(QPoint(0, self.height() + Space.XS)))

    def _on_chosen(self, sign: str) -> None:
        self.show_sign(sign)
        self.chosen.emit(sign)

    def _say(self) -> None:
        words = self.tr("Choose an icon")
        self.setAccessibleName(words)
        set_tooltip(self, words)


class _Choices(QFrame):
    """All icons in a grid, and a field for an emoji."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("panel", "popover")
        grid = QGridLayout()
        grid.setSpacing(2)
        self._buttons = [IconButton(name) for name in SIGNS]
        for number, (name, button) in enumerate(zip(SIGNS, self._buttons, strict=True)):
            button.clicked.connect(lambda _checked, name=name: self._take(name))
            grid.addWidget(button, number // _ACROSS, number % _ACROSS)
        self._label = PlainLabel(tone="muted", size="small")
        self._field = QLineEdit()
        self._field.setMaxLength(_LONGEST)
        self._field.setFixedWidth(2 * Size.BUTTON)
        self._field.returnPressed.connect(self._on_returned)
        emoji = QHBoxLayout()
        emoji.addWidget(self._label, 1)
        emoji.addWidget(self._field)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addLayout(grid)
        column.addLayout(emoji)

    def open_at(self, corner: QPoint) -> None:
        """Show all choices with the left upper corner at `corner` (global)."""
        self._field.clear()
        for button, words in zip(self._buttons, self._names(), strict=True):
            button.set_label(words)
        self._label.setText(self.tr("Or an emoji, then Enter"))
        self._field.setAccessibleName(self.tr("Emoji"))
        self.adjustSize()
        self.move(corner)
        self.show()

    def _names(self) -> tuple[str, ...]:
        """Return what is seen on each of `SIGNS`, in today's language."""
        return (
            self.tr("Person"),
            self.tr("Speech bubble"),
            self.tr("Pencil"),
            self.tr("Tick"),
            self.tr("Globe"),
            self.tr("Code"),
            self.tr("Eye"),
            self.tr("Book"),
            self.tr("Chart"),
            self.tr("Scales"),
            self.tr("Cooking pot"),
            self.tr("Compass"),
            self.tr("Question mark"),
            self.tr("Light bulb"),
            self.tr("Spark"),
            self.tr("List"),
            self.tr("Table"),
            self.tr("Letter"),
            self.tr("Sheet of paper"),
            self.tr("Heart"),
            self.tr("Brain"),
            self.tr("Star"),
            self.tr("Sun"),
            self.tr("Shield"),
            self.tr("Padlock"),
            self.tr("Box"),
            self.tr("Processor"),
            self.tr("Folder"),
            self.tr("Letter i"),
            self.tr("Magnifying glass"),
        )

    def _on_returned(self) -> None:
        sign = self._field.text().strip()
        if sign and not sign.isascii():
            self._take(sign)

    def _take(self, sign: str) -> None:
        self.hide()
        self.chosen.emit(sign)
