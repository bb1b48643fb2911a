"""What a chat shows before its first question: who answers, what to ask, and where words go.

GUI thread.
"""

from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.example_card import ExampleCard
from desktop.ui.icons import IconName, app_icon
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["EmptyState", "scrolled"]

_GEM = 56
_LOCK = 16
_WIDEST = 680
_NARROW = 560
_GUIDE_ICONS: tuple[IconName, ...] = ("file", "chip", "shield")
_MODEL_ICONS: tuple[IconName, ...] = ("info", "edit", "spark")


class EmptyState(QWidget):
    """Offers three questions; `example_chosen` carries the one that was clicked."""

    example_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Welcome, and show what can be asked of the guide."""
        super().__init__(parent)
        self._is_guide = True
        self._title = ""
        self._leaves_to = ""
        self._keys = ""
        gem = PlainLabel()
        gem.setPixmap(app_icon().pixmap(QSize(_GEM, _GEM), self.devicePixelRatioF()))
        gem.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._heading = ElidedLabel(size="large")
        self._heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._about = PlainLabel(tone="muted", wrap=True)
        self._about.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._cards = [ExampleCard() for _ in _GUIDE_ICONS]
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(Space.M)
        for card in self._cards:
            card.chosen.connect(self.example_chosen)
            self._row.addWidget(card, 1)
        self._lock = TintedIcon("lock", _LOCK)
        self._privacy = ElidedLabel(tone="muted", size="small")
        self._key = PlainLabel(tone="muted", size="small")
        self._key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addStretch(2)
        column.addWidget(gem)
        column.addSpacing(Space.L)
        column.addWidget(self._heading)
        column.addSpacing(Space.XS)
        column.addWidget(self._about)
        column.addSpacing(Space.XXL)
        column.addLayout(self._row)
        column.addSpacing(Space.XL)
        column.addLayout(self._privacy_line())
        column.addSpacing(Space.XS)
        column.addWidget(self._key)
        column.addStretch(3)
        self._outer = QHBoxLayout(self)
        self._outer.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        self._outer.addLayout(column)
        self._say()

    def show_model(self, title: str, is_guide: bool, leaves_to: str = "") -> None:
        """Name the model that will answer, and offer questions it can answer.

        `leaves_to` is the host that reads them where that is not this computer.
        The guide is not named: who has no other model yet is welcomed instead.
        """
        self._title = title
        self._is_guide = is_guide
        self._leaves_to = leaves_to
        self._say()

    def show_key(self, keys: str) -> None:
        """Name the key that asks in any program, as a person reads it; "" for none that works."""
        self._keys = keys
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = max(Space.XL, (self.width() - _WIDEST) // 2)
        self._outer.setContentsMargins(side, Space.L, side, Space.L)
        narrow = self.width() < _NARROW
        self._row.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )

    def _privacy_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(Space.XS + 2)
        line.addStretch(1)
        line.addWidget(self._lock)
        line.addWidget(self._privacy)
        line.addStretch(1)
        return line

    def _tone(self) -> Literal["muted", "warn"]:
        return "warn" if self._leaves_to else "muted"

    def _where_words_go(self) -> str:
        if self._leaves_to:
            words = self.tr("Leaves this computer: what you ask is read by {host}.")
            return words.format(host=self._leaves_to)
        return self.tr("Runs on this computer. Nothing is sent.")

    def _say(self) -> None:
        self._lock.set_icon("leaves" if self._leaves_to else "lock", self._tone())
        self._privacy.setText(self._where_words_go())
        self._privacy.set_tone(self._tone())
        self._key.setText(self.tr("{key} asks from any program").format(key=self._keys))
        self._key.setVisible(bool(self._keys))
        if self._is_guide:
            self._heading.setText(self.tr("Welcome to Lapis"))
            self._about.setText(self.tr("A private assistant that runs on this computer"))
            questions = (
                self.tr("Where do I get a model?"),
                self.tr("Which model suits my computer?"),
                self.tr("What does Lapis send over the network?"),
            )
        else:
            self._heading.setText(self._title)
            self._about.setText(self.tr("What would you like to know?"))
            questions = (
                self.tr("Explain in simple words how a heat pump works"),
                self.tr("Write a short email that moves our meeting to Friday"),
                self.tr("Give me five ideas for a rainy weekend at home"),
            )
        icons = _GUIDE_ICONS if self._is_guide else _MODEL_ICONS
        for card, name, question in zip(self._cards, icons, questions, strict=True):
            card.offer(name, question)


def scrolled(state: EmptyState, parent: QWidget) -> QScrollArea:
    """Return `state` in an area on `parent` that scrolls where it has too little room."""
    area = QScrollArea(parent)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(state)
    for each in (area.viewport(), state):
        # Qt would fill them with the colour of cards.
        each.setAutoFillBackground(False)
    return area
