"""How the next word is chosen: the usual numbers first, the others on demand. GUI thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.chat import Sampling
from desktop.ui.form_panel import FormPanel
from desktop.ui.link_button import LinkButton
from desktop.ui.setting_row import NumberControl, SettingRow

__all__ = ["SamplingPanel"]

_LINE = 22


@dataclass(frozen=True, slots=True)
class _Number:
    """A row for one number of `Sampling`: how to read it, and how to put another one in.

    `usual` ones are always seen.
    """

    read: Callable[[Sampling], float]
    put: Callable[[Sampling, float], Sampling]
    control: NumberControl
    row: SettingRow
    usual: bool = False


class SamplingPanel(QWidget):
    """Shows what is set for a model or a chat against what holds without it."""

    changed = Signal(object)
    """(Sampling, or None where it is what holds without it)"""

    def __init__(self, *, stacked: bool = False) -> None:
        """Start with the general values of a fresh Lapis; `stacked` as in `SettingRow`."""
        super().__init__()
        self._own: Sampling | None = None
        self._general = Sampling()
        self._layers: tuple[tuple[Sampling, str], ...] = ()
        self._shows_more = False
        self._stacked = stacked
        self._numbers = _numbers(stacked=stacked)
        self._more = LinkButton()
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        # A link gives way to nothing where it is narrow, unless its line has a height of its own.
        foot.addStrut(_LINE)
        foot.addWidget(self._more)
        foot.addStretch(1)
        self._panel = FormPanel([number.row for number in self._numbers], foot, bare=stacked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._panel)
        for number in self._numbers:
            self._connect(number)
        self._more.clicked.connect(self._on_more_clicked)
        self._say()
        self._show()

    def show_sampling(self, own: Sampling | None, general: Sampling) -> None:
        """Show `own`, or `general` where nothing is set."""
        self._own = own
        self._general = general
        self._layers = ()
        self._show()

    def show_layers(self, own: Sampling | None, layers: Sequence[tuple[Sampling, str]]) -> None:
        """Show `own` upon `layers`, the lowest first, each with the words for where it is set.

        Of each number it is told which layer says it.
        """
        self._own = own
        self._layers = tuple(layers)
        self._general = layers[-1][0]
        self._say()
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _connect(self, number: _Number) -> None:
        number.control.changed.connect(lambda value: self._take(number, value))
        number.row.reset_requested.connect(lambda: self._take(number, number.read(self._general)))

    def _take(self, number: _Number, value: float) -> None:
        sampling = number.put(self._own or self._general, value)
        self._own = None if sampling == self._general else sampling
        self._show()
        self.changed.emit(self._own)

    def _on_more_clicked(self) -> None:
        self._shows_more = not self._shows_more
        self._say()
        self._show()

    def _show(self) -> None:
        for number in self._numbers:
            value = number.read(self._own or self._general)
            differs = value != number.read(self._general)
            number.control.set_value(value)
            number.row.set_overridden(overridden=differs)
            number.row.setVisible(number.usual or self._shows_more or differs)
            if self._layers:
                number.row.set_origin(self._origin(number))

    def _origin(self, number: _Number) -> str:
        """Return the words of the highest layer that changes the number."""
        words, below = self._layers[0][1], number.read(self._layers[0][0])
        for sampling, told in self._layers[1:]:
            value = number.read(sampling)
            if value != below:
                words, below = told, value
        return words

    def _say(self) -> None:
        if not self._stacked:
            self._panel.set_heading(self.tr("Answers"))
        more = self.tr("More about the choice of words") if self._stacked else self.tr("Show more")
        self._more.setText(self.tr("Show less") if self._shows_more else more)
        words = (
            (
                self.tr("Creativity"),
                self.tr(
                    "The temperature: low is steady and precise, for facts and code; high is "
                    "lively, for stories and ideas. 0 always takes the likeliest word."
                ),
            ),
            (
                self.tr("Top-p"),
                self.tr(
                    "Leaves only the likeliest words that together reach this share. "
                    "Lower it if words come that do not fit."
                ),
            ),
            (
                self.tr("Min-p"),
                self.tr(
                    "Drops words far less likely than the likeliest one. "
                    "Raise it if lively answers lose the thread."
                ),
            ),
            (
                self.tr("Top-k"),
                self.tr(
                    "Leaves so many words to choose from; 0 leaves all. Seldom worth a change."
                ),
            ),
            (
                self.tr("Repeat penalty"),
                self.tr("Above 1 the model repeats itself less. Raise it a little if it circles."),
            ),
            (
                self.tr("Longest answer"),
                self.tr("An answer ends after so many tokens; 0 lets it come to its own end."),
            ),
        )
        for number, (name, hint) in zip(self._numbers, words, strict=True):
            number.row.say(name, hint, self._reset_words(number, name))

    def _reset_words(self, number: _Number, name: str) -> str:
        if not self._layers:
            return ""
        value = f"{number.read(self._general):g}"
        return self.tr("{name}: back to {value}").format(name=name, value=value)


def _numbers(*, stacked: bool) -> tuple[_Number, ...]:
    def control(
        least: float, most: float, step: float, field_most: float, digits: int = 2
    ) -> NumberControl:
        return NumberControl(least, most, step, digits=digits, field_most=field_most, wide=stacked)

    temperature = control(0, 2, 0.05, 5)
    top_p, min_p = control(0, 1, 0.01, 1), control(0, 1, 0.01, 1)
    top_k = control(0, 200, 1, 1_000_000, digits=0)
    repeat = control(0.5, 2, 0.01, 10)
    longest = control(0, 4096, 64, 10_000_000, digits=0)
    return (
        _Number(
            lambda now: now.temperature,
            lambda now, value: replace(now, temperature=value),
            temperature,
            SettingRow(temperature, stacked=stacked),
            usual=True,
        ),
        _Number(
            lambda now: now.top_p,
            lambda now, value: replace(now, top_p=value),
            top_p,
            SettingRow(top_p, stacked=stacked),
            usual=not stacked,
        ),
        _Number(
            lambda now: now.min_p,
            lambda now, value: replace(now, min_p=value),
            min_p,
            SettingRow(min_p, stacked=stacked),
        ),
        _Number(
            lambda now: now.top_k,
            lambda now, value: replace(now, top_k=round(value)),
            top_k,
            SettingRow(top_k, stacked=stacked),
        ),
        _Number(
            lambda now: now.repeat_penalty,
            lambda now, value: replace(now, repeat_penalty=value),
            repeat,
            SettingRow(repeat, stacked=stacked),
        ),
        _Number(
            lambda now: now.max_tokens or 0,
            lambda now, value: replace(now, max_tokens=round(value) or None),
            longest,
            SettingRow(longest, stacked=stacked),
        ),
    )
