"""The processor or a card: what it can do for models, or why it cannot. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.domain.machine import Unit, UnitKind
from desktop.domain.quantities import sized
from desktop.ui.chips import Chip, ChipRow
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.meter import Meter, Part, Shade
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed, say

__all__ = ["UnitRow"]

_BAR = 6
_SIGN = 16


class UnitRow(QFrame):
    """One card on the page for one unit."""

    def __init__(self, unit: Unit) -> None:
        """Show `unit`."""
        super().__init__()
        self.setProperty("panel", "card")
        self._unit = unit
        self._name = ElidedLabel()
        self._name.setProperty("strong", True)
        self._kind = TintedIcon("chip")
        self._sign = TintedIcon("check-circle", _SIGN, tone="good")
        self._state = PlainLabel(size="small")
        self._can = PlainLabel(tone="muted", wrap=True)
        self._advice = PlainLabel(wrap=True)
        self._chips = ChipRow()
        self._chips.hide()
        self._meter = Meter(_BAR)
        self._memory = PlainLabel(tone="muted", size="small")
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(self._name, 1)
        top.addWidget(self._sign)
        top.addWidget(self._state)
        words = QVBoxLayout()
        words.setSpacing(Space.S)
        words.addLayout(top)
        words.addWidget(self._chips)
        words.addWidget(self._can)
        words.addWidget(self._advice)
        words.addWidget(self._meter)
        words.addWidget(self._memory)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        row.setSpacing(Space.M)
        row.addWidget(self._kind, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self._say()

    def show_unit(self, unit: Unit) -> None:
        """Show another unit, or the same at another time."""
        if unit != self._unit:
            self._unit = unit
            self._say()

    def show_chips(self, chips: Sequence[Chip]) -> None:
        """Show small facts below the name."""
        self._chips.set_chips(chips)
        self._chips.setVisible(bool(chips))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        unit = self._unit
        self._kind.set_icon("card" if unit.kind is UnitKind.CARD else "chip")
        self._name.setText(unit.name)
        if unit.works is None:
            self._sign.set_icon("info", "muted")
            self._state.setText(self.tr("not tried"))
            self._state.set_tone("muted")
        elif unit.works:
            self._sign.set_icon("check-circle", "good")
            self._state.setText(self.tr("in use"))
            self._state.set_tone("good")
        else:
            self._sign.set_icon("warning", "warn")
            self._state.setText(self.tr("not used"))
            self._state.set_tone("warn")
        self._can.setText(say(unit.can))
        self._advice.setText(say(unit.advice) if unit.advice is not None else "")
        self._advice.setVisible(unit.advice is not None)
        used = max(0, unit.total - unit.free)
        self._meter.show_parts([Part(used, Shade.QUIET), Part(unit.free, Shade.REST)])
        told = unit.total > 0 and unit.works is True
        self._meter.setVisible(told)
        self._memory.setVisible(told)
        words = self.tr("{free} of {total} are free")
        if unit.is_shared:
            words = self.tr("{free} of {total} are free, shared with the computer")
        self._memory.setText(words.format(free=sized(unit.free), total=sized(unit.total)))
        self._meter.setAccessibleName(self._memory.text())
        self.setAccessibleName(listed((self._name.whole_text(), self._state.text())))
        self.setAccessibleDescription(f"{self._can.text()} {self._advice.text()}".strip())
