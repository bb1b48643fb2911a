"""How the next word is chosen: the usual numbers first, the others on demand. GUI thread."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.chat import Sampling
from desktop.ui.form_panel import FormPanel
from desktop.ui.link_button import LinkButton
from desktop.ui.setting_row import NumberControl, SettingRow

__all__ = ["SamplingPanel"]


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
    """Shows what is set for a model against what holds in general."""

    changed = Signal(object)
    """(Sampling, or None where it is the general one again)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the general values of a fresh Lapis."""
        super().__init__(parent)
        self._own: Sampling | None = None
        self._general = Sampling()
        self._shows_more = False
        self._numbers = _numbers()
        self._more = LinkButton()
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self._more)
        foot.addStretch(1)
        self._panel = FormPanel([number.row for number in self._numbers], foot)
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

    def _say(self) -> None:
        self._panel.set_heading(self.tr("Answers"))
        self._more.setText(self.tr("Show less") if self._shows_more else self.tr("Show more"))
        words = (
            (
                self.tr("Temperature"),
                self.tr("Low is steady and precise, high is lively. 0 always takes the likeliest."),
            ),
            (
                self.tr("Top-p"),
                self.tr("Leaves only the likeliest words that together reach this share."),
            ),
            (self.tr("Min-p"), self.tr("Drops words far less likely than the likeliest one.")),
            (self.tr("Top-k"), self.tr("Leaves so many words to choose from; 0 leaves all.")),
            (self.tr("Repeat penalty"), self.tr("Above 1 the model repeats itself less.")),
        )
        for number, (name, hint) in zip(self._numbers, words, strict=True):
            number.row.say(name, hint)


def _numbers() -> tuple[_Number, ...]:
    temperature = NumberControl(0, 2, 0.05, field_most=5)
    top_p, min_p = NumberControl(0, 1, 0.01), NumberControl(0, 1, 0.01)
    top_k = NumberControl(0, 200, 1, digits=0, field_most=1_000_000)
    repeat = NumberControl(0.5, 2, 0.01, field_most=10)
    return (
        _Number(
            lambda now: now.temperature,
            lambda now, value: replace(now, temperature=value),
            temperature,
            SettingRow(temperature),
            usual=True,
        ),
        _Number(
            lambda now: now.top_p,
            lambda now, value: replace(now, top_p=value),
            top_p,
            SettingRow(top_p),
            usual=True,
        ),
        _Number(
            lambda now: now.min_p,
            lambda now, value: replace(now, min_p=value),
            min_p,
            SettingRow(min_p),
        ),
        _Number(
            lambda now: now.top_k,
            lambda now, value: replace(now, top_k=round(value)),
            top_k,
            SettingRow(top_k),
        ),
        _Number(
            lambda now: now.repeat_penalty,
            lambda now, value: replace(now, repeat_penalty=value),
            repeat,
            SettingRow(repeat),
        ),
    )
