"""How much of something is used, and by whom: a title, a bar, and what its colours mean.

GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.domain.quantities import sized
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.icons import IconName
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.meter import Key, Meter, Part, Shade
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["Share", "UseCard"]

_BAR = 12


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the bar with its name; `amount` in bytes."""

    name: str
    amount: int
    shade: Shade


class UseCard(QFrame):
    """The number of shares is fixed, their amounts are not."""

    def __init__(self, name: IconName, shades: Sequence[Shade]) -> None:
        """Start empty, with the icon `name`."""
        super().__init__()
        self.setProperty("panel", "card")
        self._title = PlainLabel()
        self._title.setProperty("strong", True)
        self._about = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self._figure = PlainLabel(tone="muted")
        self._meter = Meter(_BAR)
        self._keys = [Key(shade) for shade in shades]
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(TintedIcon(name))
        top.addWidget(self._title)
        top.addWidget(self._about, 1)
        top.addWidget(self._figure)
        keys = FlowLayout(beside=Space.XL, between=Space.XS)
        for key in self._keys:
            keys.addWidget(key)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(top)
        column.addWidget(self._meter)
        column.addLayout(keys)

    def show_use(self, title: str, about: str, figure: str, shares: Sequence[Share]) -> None:
        """Show `shares` of the whole; `about` stands beside the title, `figure` at the right."""
        self._title.setText(title)
        self._about.setText(about)
        self._figure.setText(figure)
        self._meter.show_parts([Part(share.amount, share.shade) for share in shares])
        for key, share in zip(self._keys, shares, strict=True):
            key.say(share.name, sized(share.amount))
        spoken = listed(f"{share.name} {sized(share.amount)}" for share in shares)
        self.setAccessibleName(listed((title, figure)))
        self.setAccessibleDescription(spoken)
        self._meter.setAccessibleName(spoken)
