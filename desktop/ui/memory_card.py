"""What a model takes of the memory, as a bar that follows the length of the context. GUI thread."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from desktop.domain import quantities
from desktop.domain.advice import MemoryParts, Place, QuantisationAdvice
from desktop.domain.model import FitLevel
from desktop.ui.fit_words import fit_icon, fit_tone, fit_words
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import PlainLabel, set_tooltip
from desktop.ui.meter import Key, Meter, Part, Shade
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["MemoryCard", "context_steps"]

_BAR = 14
_ICON = 16
_SHORTEST = 2048
_SETTLE_MS = 60
_PARTS = (Shade.ACCENT, Shade.SOFT, Shade.QUIET, Shade.REST)


class MemoryCard(QFrame):
    """Weights, KV cache, working memory and what stays free, labelled and told in words."""

    context_chosen = Signal(int)
    """(tokens): show the advice for this context."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._advice: QuantisationAdvice | None = None
        self._context = 0
        self._estimate = False
        self._steps: tuple[int, ...] = ()
        self._title = PlainLabel()
        self._title.setProperty("strong", True)
        self._icon = TintedIcon("check-circle", _ICON)
        self._fit = PlainLabel(wrap=True)
        self._bar = Meter(_BAR)
        self._keys = tuple(Key(shade) for shade in _PARTS)
        self._label = PlainLabel(tone="muted", size="small")
        self._length = PlainLabel(size="small")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setPageStep(1)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self._slider.valueChanged.connect(self._on_value_changed)
        self._settle.timeout.connect(self._on_settled)
        self._say()

    def show_advice(
        self, advice: QuantisationAdvice, context: int, longest: int, *, estimate: bool
    ) -> None:
        """Show the memory of one quantisation with `context` tokens; `longest` 0 is unknown."""
        self._advice, self._context, self._estimate = advice, context, estimate
        self._steps = context_steps(longest, context)
        self._slider.blockSignals(True)
        self._slider.setRange(0, len(self._steps) - 1)
        if not self._settle.isActive() and not self._slider.isSliderDown():
            self._slider.setValue(self._steps.index(context))
        self._slider.blockSignals(False)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        verdict = QHBoxLayout()
        verdict.setSpacing(Space.XS + 2)
        verdict.addWidget(self._icon)
        verdict.addWidget(self._fit, 1)
        keys = FlowLayout()
        for key in self._keys:
            keys.addWidget(key)
        slider = QHBoxLayout()
        slider.setSpacing(Space.M)
        slider.addWidget(self._label)
        slider.addWidget(self._slider, 1)
        slider.addWidget(self._length)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.M)
        column.setSpacing(Space.M)
        head = QVBoxLayout()
        head.setSpacing(Space.XS)
        head.addWidget(self._title)
        head.addLayout(verdict)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addLayout(keys)
        column.addLayout(slider)

    def _on_value_changed(self, step: int) -> None:
        self._length.setText(self._length_words(self._steps[step]))
        self._slider.setAccessibleDescription(self._length.text())
        self._settle.start()

    def _on_settled(self) -> None:
        context = self._steps[min(self._slider.value(), len(self._steps) - 1)]
        if context != self._context:
            self.context_chosen.emit(context)

    def _length_words(self, context: int) -> str:
        return self.tr("{count} tokens").format(count=f"{context:,}")

    def _say(self) -> None:
        self._label.setText(self.tr("Context"))
        hint = self.tr("How much of a chat is kept in mind; a longer one takes more memory.")
        for widget in (self._label, self._slider):
            set_tooltip(widget, hint)
        self._slider.setAccessibleName(self.tr("Context in tokens"))
        if self._advice is None:
            return
        self._length.setText(self._length_words(self._steps[self._slider.value()]))
        self._title.setText(
            self.tr("Memory with {name}").format(name=self._advice.quantisation)
            if self._advice.quantisation
            else self.tr("Memory")
        )
        self._say_fit(self._advice)
        self._say_parts(self._advice.parts)

    def _say_fit(self, advice: QuantisationAdvice) -> None:
        fit = advice.fit
        self._icon.set_icon(fit_icon(fit.level), fit_tone(fit.level))
        needed, free = quantities.sized(fit.needed), quantities.sized(fit.available)
        if fit.level is FitLevel.TOO_LARGE:
            over = quantities.sized(max(0, fit.needed - fit.total))
            words = self.tr("needs {needed}, {over} more than there is").format(
                needed=needed, over=over
            )
            if fit.needed <= fit.total:
                words = self.tr("needs {needed}, nearly all that there is").format(needed=needed)
        elif fit.level is FitLevel.TIGHT:
            words = self.tr("needs {needed}, {free} are free now").format(needed=needed, free=free)
        else:
            words = self.tr("needs {needed} of {free} that are free").format(
                needed=needed, free=free
            )
        places = {
            Place.CARD: self.tr("on the graphics card"),
            Place.BOTH: self.tr("on the graphics card and the processor"),
            Place.PROCESSOR: "",
        }
        about = self.tr("estimated") if self._estimate else ""
        told = self.tr("{verdict}: {words}").format(verdict=fit_words(fit.level), words=words)
        parts = (told, places[advice.place], about)
        self._fit.setText(" · ".join(part for part in parts if part))
        self._fit.set_tone(fit_tone(fit.level))

    def _say_parts(self, parts: MemoryParts) -> None:
        amounts = (parts.weights, parts.cache, parts.compute, parts.free)
        self._bar.show_parts(
            [Part(amount, shade) for amount, shade in zip(amounts, _PARTS, strict=True)]
        )
        names = (
            self.tr("Weights"),
            self.tr("KV cache"),
            self.tr("Working memory"),
            self.tr("Free"),
        )
        hints = (
            self.tr("What the model has learned: the file itself."),
            self.tr("What has been read and written in a chat; grows with the context."),
            self.tr("Room to compute in, and the engine itself."),
            self.tr("What is left to other programs."),
        )
        told = []
        for key, name, amount, hint in zip(self._keys, names, amounts, hints, strict=True):
            size = quantities.sized(amount)
            key.say(name, size)
            key.setVisible(amount > 0)
            set_tooltip(key, hint)
            told.append(f"{name} {size}")
        self._bar.setAccessibleName(self.tr("Memory"))
        self._bar.setAccessibleDescription(", ".join(told))


def context_steps(longest: int, context: int) -> tuple[int, ...]:
    """Return the contexts to choose from, doubling from 2,048; `context` is always one of them."""
    most = max(longest, context, 1)
    steps = {context, most}
    step = _SHORTEST
    while step < most:
        steps.add(step)
        step *= 2
    return tuple(sorted(steps))
