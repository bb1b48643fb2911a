"""What the context window would be filled with, and what can be done when it does not fit.

GUI thread.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.chat_settings import Overflow
from desktop.domain.context import ContextCount, LargerContext
from desktop.ui.context_words import Level, larger_words, level_of
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.meter import Key, Meter, Part, Shade
from desktop.ui.popover_card import PopoverCard
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Size, Space

__all__ = ["ContextCard"]

_WIDE = 300
_ICON = 16
_SHADES = (Shade.DEEP, Shade.ACCENT, Shade.SOFT, Shade.QUIET, Shade.REST)


class ContextCard(PopoverCard):
    """A bar and a line for each part; links to the choices when it is over."""

    overflow_chosen = Signal(object)
    """(Overflow, or "larger")"""

    def __init__(self, owner: QWidget) -> None:
        """Start without figures."""
        super().__init__(owner)
        self._shown: tuple[ContextCount, Overflow, LargerContext | None] | None = None
        self._title = PlainLabel()
        self._title.setProperty("strong", True)
        self._figures = PlainLabel(tone="muted", size="small")
        self._meter = Meter()
        self._keys = tuple(Key(shade) for shade in _SHADES)
        self._amounts = tuple(PlainLabel(size="small") for _ in _SHADES)
        self._note = PlainLabel(tone="muted", size="small", wrap=True)
        self._trouble = TintedIcon("warning", _ICON, tone="bad")
        self._over = PlainLabel(tone="bad", size="small", wrap=True)
        self._choices = QWidget()
        self._drop, self._summarise, self._larger = (LinkButton(size=Size.SMALL) for _ in range(3))
        self._lay_out()
        self._drop.clicked.connect(lambda: self._choose(Overflow.DROP))
        self._summarise.clicked.connect(lambda: self._choose(Overflow.SUMMARISE))
        self._larger.clicked.connect(lambda: self._choose("larger"))

    def show_count(
        self, count: ContextCount, overflow: Overflow, larger: LargerContext | None
    ) -> None:
        """Show `count`, and what is done when it does not fit."""
        self._shown = count, overflow, larger
        self._say()
        if self.isVisible():
            bottom = self.geometry().bottom()
            self.adjustSize()
            self.move(self.x(), bottom - self.height() + 1)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(self._title, 1)
        head.addWidget(self._figures)
        lines = QGridLayout()
        lines.setContentsMargins(0, Space.XS, 0, 0)
        lines.setHorizontalSpacing(Space.L)
        lines.setVerticalSpacing(Space.XS)
        lines.setColumnStretch(0, 1)
        for row, (key, amount) in enumerate(zip(self._keys, self._amounts, strict=True)):
            lines.addWidget(key, row, 0, Qt.AlignmentFlag.AlignLeft)
            lines.addWidget(amount, row, 1, Qt.AlignmentFlag.AlignRight)
        trouble = QHBoxLayout()
        trouble.setSpacing(Space.XS + 2)
        trouble.addWidget(self._trouble, 0, Qt.AlignmentFlag.AlignTop)
        trouble.addWidget(self._over, 1)
        links = QVBoxLayout(self._choices)
        links.setContentsMargins(_ICON + Space.XS + 2, 0, 0, 0)
        links.setSpacing(Space.XS)
        for link in (self._drop, self._summarise, self._larger):
            links.addWidget(link)
        self._meter.setMinimumWidth(_WIDE)
        self.column.addLayout(head)
        self.column.addWidget(self._meter)
        self.column.addLayout(lines)
        self.column.addWidget(self._note)
        self.column.addLayout(trouble)
        self.column.addWidget(self._choices)

    def _choose(self, choice: Overflow | str) -> None:
        self.overflow_chosen.emit(choice)
        self.close()

    def _say(self) -> None:
        if self._shown is None:
            return
        count, overflow, larger = self._shown
        amounts = (
            count.system,
            count.history,
            count.attachments,
            count.draft,
            max(0, count.free),
        )
        names = (
            self.tr("System prompt"),
            self.tr("What was said so far"),
            self.tr("Attachments"),
            self.tr("Your question"),
            self.tr("Free for the answer"),
        )
        self._title.setText(self.tr("Context"))
        used, room = f"{count.total:,}", f"{count.room:,}"
        self._figures.setText(
            self.tr("{used} of {room} tokens").format(used=used, room=room)
            if count.exact
            else self.tr("about {used} of {room} tokens").format(used=used, room=room)
        )
        parts = tuple(Part(*pair) for pair in zip(amounts, _SHADES, strict=True))
        self._meter.show_parts(parts, count.room)
        for key, label, name, amount in zip(self._keys, self._amounts, names, amounts, strict=True):
            key.say(name, "")
            label.setText(f"{amount:,}")
        for part in (self._keys[2], self._amounts[2]):
            part.setVisible(count.attachments > 0)
        self._note.setText(self.tr("Estimated until the model is loaded."))
        self._note.setVisible(not count.exact)
        self._say_over(count, overflow, larger)
        self.setAccessibleName(f"{self._title.text()}: {self._figures.text()}")

    def _say_over(
        self, count: ContextCount, overflow: Overflow, larger: LargerContext | None
    ) -> None:
        is_over = level_of(count) is Level.OVER
        missing = f"{max(1, 1 - count.free):,}"
        match overflow:
            case Overflow.ASK:
                words = self.tr("{missing} tokens more than fit. What is to be done?")
            case Overflow.DROP:
                words = self.tr(
                    "{missing} tokens more than fit: the oldest turns are left out when you send it."
                )
            case Overflow.SUMMARISE:
                words = self.tr(
                    "{missing} tokens more than fit: the oldest turns are summarised when you "
                    "send it."
                )
        self._over.setText(words.format(missing=missing))
        self._drop.setText(self.tr("Leave out the oldest turns"))
        self._summarise.setText(self.tr("Summarise and go on"))
        if larger is not None:
            self._larger.setText(f"{self.tr('Larger context')} · {larger_words(larger)}")
        for part in (self._trouble, self._over):
            part.setVisible(is_over)
        self._choices.setVisible(is_over)
        for link in (self._drop, self._summarise):
            link.setVisible(overflow is Overflow.ASK)
        self._larger.setVisible(larger is not None)
