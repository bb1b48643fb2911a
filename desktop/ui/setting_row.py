"""A line of a form: what is set, in a word and a hint; the control; a way back. GUI thread."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel, PlainLabel, restyle, set_tooltip
from desktop.ui.tokens import Space

__all__ = ["NumberControl", "SettingRow"]

_RESET = 28
_ABOUT = 24
_SIGN = 16
_FIELD = 68
_SLIDER = 120


class SettingRow(QWidget):
    """Name and hint at the left, `control` at the right, and a button that undoes the choice."""

    reset_requested = Signal()

    def __init__(
        self, control: QWidget | None, *, stacked: bool = False, resets: bool = True
    ) -> None:
        """Start without words, as it comes from the general settings.

        Without `control` it stands on a line of its own, which says more than fits here. `stacked`
        ones have it below the name, and the hint at the press of a button, for where there is
        little room. One that never `resets` keeps no place for the way back.
        """
        super().__init__()
        # Beside its control a long name goes on in a second line; above it there is room.
        self._name = PlainLabel(wrap=not stacked)
        self._origin = ElidedLabel(tone="muted", size="small")
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._reset = IconButton("undo", side=_RESET)
        self._control = control
        self._is_overridden = False
        self._about = IconButton("info", side=_ABOUT) if stacked else None
        self._origin.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._origin.hide()
        if stacked:
            self._stack(control)
        else:
            self._line_up(control, resets=resets)
        self._reset.clicked.connect(self.reset_requested)
        self.set_overridden(overridden=False)

    def _line_up(self, control: QWidget | None, *, resets: bool) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._hint)
        # Its place is kept, so that nothing moves when it comes.
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(resets)
        self._reset.setSizePolicy(policy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addLayout(words, 1)
        row.addWidget(self._origin)
        if control is not None:
            row.addSpacing(Space.M)
            row.addWidget(control)
        row.addWidget(self._reset)

    def _stack(self, control: QWidget | None) -> None:
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self._name)
        upper.addSpacing(Space.XS)
        if self._about is not None:
            self._about.setCheckable(True)
            self._about.setIconSize(QSize(_SIGN, _SIGN))
            self._about.toggled.connect(self._show_hint)
            upper.addWidget(self._about)
        upper.addSpacing(Space.S)
        upper.addStretch()
        # The one takes the place of the other.
        upper.addWidget(self._origin)
        upper.addWidget(self._reset)
        upper.addStrut(_RESET)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(upper)
        if control is not None:
            column.addWidget(control)
        column.addWidget(self._hint)

    def say(self, name: str, hint: str, reset: str = "") -> None:
        """Name what is set, and explain it in one sentence; `reset` says what the way back does."""
        self._name.setText(name)
        self._hint.setText(hint)
        self._show_hint()
        if self._about is not None:
            self._about.set_label(self.tr("About: {name}").format(name=name))
            self._about.setAccessibleDescription(hint)
            set_tooltip(self._about, hint)
        if self._control is not None:
            self._control.setAccessibleName(name)
            self._control.setAccessibleDescription(hint)
        words = self.tr("{name}: as in the general settings").format(name=name)
        self._reset.set_label(reset or words)

    def set_origin(self, words: str) -> None:
        """Say where the value comes from, for as long as it is not a choice made here."""
        self._origin.setText(words)
        self._show_origin()

    @property
    def name(self) -> str:
        """What is set here, in a word."""
        return self._name.text()

    @property
    def hint(self) -> str:
        """What explains it."""
        return self._hint.text()

    def set_overridden(self, *, overridden: bool) -> None:
        """Offer the way back where there is one."""
        self._is_overridden = overridden
        self._show_origin()
        restyle(self._name, "strong", overridden)

    def changeEvent(self, event: QEvent) -> None:
        """Offer no way back where nothing may be changed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._show_origin()

    def _show_origin(self) -> None:
        self._reset.setVisible(self._is_overridden and self.isEnabled())
        self._origin.setVisible(bool(self._origin.whole_text()) and not self._is_overridden)

    def _show_hint(self) -> None:
        folded = self._about is not None and not self._about.isChecked()
        self._hint.setVisible(bool(self._hint.text()) and not folded)


class NumberControl(QWidget):
    """A slider and a field that show the same number; the field takes what lies between."""

    changed = Signal(float)

    def __init__(
        self,
        least: float,
        most: float,
        step: float,
        *,
        digits: int = 2,
        field_most: float | None = None,
        wide: bool = False,
    ) -> None:
        """Allow `least` to `most` in steps of `step`; in the field up to `field_most`.

        A `wide` one takes all the width there is.
        """
        super().__init__()
        self._least, self._most, self._step, self._digits = least, most, step, digits
        self._field_most = most if field_most is None else field_most
        self._value = least
        self._slider = _Slider()
        self._slider.setRange(0, round((most - least) / step))
        if not wide:
            self._slider.setFixedWidth(_SLIDER)
        self._field = _Field()
        self._field.setFixedWidth(_FIELD)
        self._field.setAlignment(Qt.AlignmentFlag.AlignRight)
        row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self._slider)
        row.addWidget(self._field)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred if wide else policy.Fixed, policy.Fixed)
        self.setFocusProxy(self._slider)
        self._slider.valueChanged.connect(self._on_slider_changed)
        self._field.editingFinished.connect(self._on_field_edited)
        self._field.textEdited.connect(self._on_text_edited)
        self._field.stepped.connect(self._on_stepped)

    @property
    def value(self) -> float:
        """The number that is shown."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show `value`; nothing is signalled."""
        self._value = value
        self._slider.blockSignals(True)
        self._slider.setValue(round((value - self._least) / self._step))
        self._slider.blockSignals(False)
        self._write()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._write()

    def setAccessibleName(self, name: str) -> None:
        """Name both parts, as each takes the focus."""
        super().setAccessibleName(name)
        self._slider.setAccessibleName(name)
        self._field.setAccessibleName(name)

    def setAccessibleDescription(self, words: str) -> None:
        super().setAccessibleDescription(words)
        self._field.setAccessibleDescription(words)

    def _on_slider_changed(self, place: int) -> None:
        self._take(self._least + place * self._step)

    def _on_stepped(self, steps: int) -> None:
        self._take(self._value + steps * self._step)

    def _on_text_edited(self, text: str) -> None:
        restyle(self._field, "wrong", self._read(text) is None)

    def _on_field_edited(self) -> None:
        number = self._read(self._field.text())
        if number is None:
            self._write()
        else:
            self._take(number)

    def _read(self, text: str) -> float | None:
        """Return the number that was typed, or None where it is none or too large or small."""
        try:
            number = float(text.strip().replace(",", "."))
        except ValueError:
            return None
        return number if self._least <= number <= self._field_most else None

    def _take(self, number: float) -> None:
        number = round(min(self._field_most, max(self._least, number)), self._digits)
        if number != self._value:
            self.set_value(number)
            self.changed.emit(number)
        else:
            self._write()

    def _write(self) -> None:
        text = f"{self._value:.{self._digits}f}"
        self._field.setText(text.rstrip("0").rstrip(".") if self._digits else text)
        restyle(self._field, "wrong", value=False)


class _Slider(QSlider):
    """Leaves the wheel to the page it stands on."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Field(QLineEdit):
    """The arrows up and down change the number by a step."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Up:
                self.stepped.emit(1)
            case Qt.Key.Key_Down:
                self.stepped.emit(-1)
            case _:
                super().keyPressEvent(event)
