"""What a model takes of the memory, as bars that follow the length of the context. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.model import FitLevel, KvType
from desktop.domain.quantities import sized
from desktop.ui.fit_words import badge_of
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import ElidedLabel, PlainLabel, set_tooltip
from desktop.ui.memory_bar import SHADES, DeviceBar, MemoryView, bar_parts, whole_bar
from desktop.ui.memory_words import certainty_words, share_words
from desktop.ui.meter import Key, Meter
from desktop.ui.stop_slider import StopSlider
from desktop.ui.tick_box import TickBox
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed, say

__all__ = ["MemoryCard"]

_BAR = 14
_ICON = 16
# A cache that is smaller is not worth a choice.
_WORTH_HALVING = 64_000_000


class MemoryCard(QFrame):
    """Weights, KV cache, working memory and what stays free, labelled and told in words.

    `below_slider` has room for what an owner has to say of the context.
    """

    context_chosen = Signal(int)
    """(tokens): show what it takes with this context, at once."""
    kv_type_chosen = Signal(object)
    """(KvType): what keeps the conversation, in all models from now on."""

    def __init__(self, *, framed: bool = True) -> None:
        """Start empty; without a frame it is part of another card."""
        super().__init__()
        if framed:
            self.setProperty("panel", "card")
        self._view: MemoryView | None = None
        self._title = PlainLabel(wrap=True)
        self._title.setProperty("strong", True)
        self._certainty = PlainLabel(tone="muted", size="small")
        self._icon = TintedIcon("check-circle", _ICON)
        self._badge = PlainLabel(wrap=True)
        self._figures = PlainLabel(tone="muted", size="small", wrap=True)
        self._obstacle = PlainLabel(tone="muted", size="small", wrap=True)
        self._bars: list[_Bar] = []
        self._keys = {share: Key(shade) for share, shade in SHADES.items()}
        self._label = PlainLabel(tone="muted", size="small")
        self._length = PlainLabel(size="small")
        self._slider = StopSlider()
        self._beyond = PlainLabel(tone="warn", size="small", wrap=True)
        self._half = TickBox()
        self.below_slider = QVBoxLayout()
        self._column = QVBoxLayout(self)
        self._lay_out(framed=framed)
        self._slider.valueChanged.connect(self._on_value_changed)
        self._half.toggled.connect(self._on_half_toggled)
        self._retranslate()

    @property
    def view(self) -> MemoryView | None:
        """What is shown."""
        return self._view

    def show_view(self, view: MemoryView) -> None:
        """Show `view`; a slider that is held stays where it is."""
        self._view = view
        self._slider.show_stops(view.stops, view.context)
        self._half.blockSignals(True)
        self._half.setChecked(view.kv_type is not KvType.F16)
        self._half.blockSignals(False)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self, *, framed: bool) -> None:
        edge = Space.L if framed else 0
        column = self._column
        column.setContentsMargins(edge, edge, edge, Space.M if framed else 0)
        column.setSpacing(Space.S)
        title = QHBoxLayout()
        title.setSpacing(Space.S)
        title.addWidget(self._title, 1)
        title.addWidget(self._certainty)
        badge = QHBoxLayout()
        badge.setSpacing(Space.XS + 2)
        # Beside the first line where the words take two.
        icon = QVBoxLayout()
        icon.addSpacing(1)
        icon.addWidget(self._icon)
        icon.addStretch(1)
        badge.addLayout(icon)
        badge.addWidget(self._badge, 1)
        keys = FlowLayout()
        for key in self._keys.values():
            keys.addWidget(key)
        self._places = QVBoxLayout()
        self._places.setSpacing(Space.S)
        length = QHBoxLayout()
        length.addWidget(self._label, 1)
        length.addWidget(self._length)
        for part in (title, badge):
            column.addLayout(part)
        column.addWidget(self._figures)
        column.addWidget(self._obstacle)
        column.addLayout(self._places)
        column.addLayout(keys)
        column.addSpacing(Space.XS)
        column.addLayout(length)
        for widget in (self._slider, self._beyond):
            column.addWidget(widget)
        column.addLayout(self.below_slider)
        column.addWidget(self._half)

    def _on_value_changed(self, step: int) -> None:
        if self._view is not None and step < len(self._view.stops):
            self.context_chosen.emit(self._view.stops[step])

    def _on_half_toggled(self, halved: bool) -> None:
        self.kv_type_chosen.emit(KvType.Q8_0 if halved else KvType.F16)

    def _retranslate(self) -> None:
        self._label.setText(self.tr("Context"))
        hint = self.tr("How much of a chat is kept in mind; a longer one takes more memory.")
        for widget in (self._label, self._slider):
            set_tooltip(widget, hint)
        self._slider.setAccessibleName(self.tr("Context in tokens"))
        set_tooltip(
            self._half,
            self.tr(
                "Keeps the chat in half the memory; answers hardly change. Holds for all models, "
                "from the next time they are loaded."
            ),
        )
        self.setAccessibleName(self.tr("Memory"))
        self._say()

    def _say(self) -> None:
        view = self._view
        if view is None:
            return
        self._title.setText(
            self.tr("Memory with {name}").format(name=view.name) if view.name else self.tr("Memory")
        )
        self._say_certainty(view)
        self._say_fit(view)
        self._say_bars(view.bars)
        self._say_shares(whole_bar(view.bars), pictures=view.placed.footprint.projector > 0)
        self._say_context(view)
        self._say_half(view)

    def _say_certainty(self, view: MemoryView) -> None:
        words, hint = certainty_words(
            view.placed.footprint.certainty, is_measuring=view.is_measuring
        )
        self._certainty.setText(words)
        set_tooltip(self._certainty, hint)
        self._obstacle.setVisible(view.obstacle is not None)
        if view.obstacle is not None:
            reason = say(view.obstacle)
            self._obstacle.setText(self.tr("Not measured: {reason}").format(reason=reason))

    def _say_fit(self, view: MemoryView) -> None:
        placed = view.placed
        badge = badge_of(placed.fit, placed.place, view.speed, placed.missing)
        self._icon.set_icon(badge.icon, badge.tone)
        self._badge.setText(badge.told)
        self._badge.set_tone(badge.tone)
        for widget in (self._icon, self._badge):
            set_tooltip(widget, badge.hint)
        needed, room = placed.fit.needed, placed.fit.available
        match placed.fit.level:
            case FitLevel.FITS:
                words = self.tr("Needs {needed} of the {free} that are free")
            case FitLevel.TIGHT:
                words = self.tr("Needs {needed}, and {free} are free")
            case FitLevel.TOO_LARGE:
                # What is free just now says nothing of by how much it is too big.
                room = needed - placed.missing
                words = self.tr("Needs {needed}; with all other programs closed there are {free}")
        self._figures.setText(words.format(needed=sized(needed), free=sized(room)))

    def _say_bars(self, bars: Sequence[DeviceBar]) -> None:
        while len(self._bars) < len(bars):
            line = _Bar()
            self._bars.append(line)
            self._places.addWidget(line)
        for number, line in enumerate(self._bars):
            line.setVisible(number < len(bars))
            if number < len(bars):
                bar = bars[number]
                name = bar.name or self.tr("Memory of the computer")
                amount = self.tr("{taken} of {room} free").format(
                    taken=sized(bar.taken), room=sized(bar.room)
                )
                line.show_bar(bar, name, amount, labelled=len(bars) > 1)

    def _say_shares(self, whole: DeviceBar, *, pictures: bool) -> None:
        told = []
        for share, key in self._keys.items():
            name, hint = share_words(share, pictures=pictures)
            amount = sized(whole.amount(share))
            key.say(name, amount)
            key.setVisible(whole.amount(share) > 0)
            set_tooltip(key, hint)
            told.append(f"{name} {amount}")
        self.setAccessibleDescription(listed(told))

    def _say_context(self, view: MemoryView) -> None:
        words = self.tr("{count} tokens").format(count=f"{view.context:,}")
        self._length.setText(words)
        self._slider.setAccessibleDescription(words)
        self._slider.setEnabled(len(view.stops) > 1)
        beyond = 0 < view.trained < view.context
        self._beyond.setVisible(beyond)
        if beyond:
            self._beyond.setText(
                self.tr(
                    "The model was trained for {count} tokens; beyond that its answers get worse."
                ).format(count=f"{view.trained:,}")
            )

    def _say_half(self, view: MemoryView) -> None:
        cache = sum(bar.cache for bar in view.bars)
        name = view.kv_type if view.kv_type is not KvType.F16 else KvType.Q8_0
        self._half.setVisible(cache >= _WORTH_HALVING or view.kv_type is not KvType.F16)
        self._half.setText(self.tr("Smaller KV cache ({name})").format(name=name.value))


class _Bar(QWidget):
    """A bar, and a line above it where there are several."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ElidedLabel(tone="muted", size="small")
        self._amount = PlainLabel(tone="muted", size="small")
        self._meter = Meter(_BAR)
        line = QHBoxLayout()
        line.addWidget(self._name, 1)
        line.addWidget(self._amount)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self._meter)

    def show_bar(self, bar: DeviceBar, name: str, amount: str, *, labelled: bool) -> None:
        self._name.setText(name)
        self._amount.setText(amount)
        for label in (self._name, self._amount):
            label.setVisible(labelled)
        self._meter.show_parts(bar_parts(bar), bar.room)
        self._meter.setAccessibleName(name)
        self._meter.setAccessibleDescription(amount)
