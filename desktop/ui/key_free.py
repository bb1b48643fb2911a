"""Combinations that are free right now, one click away. GUI thread."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.key_words import native
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["FreeKeys"]


class FreeKeys(QWidget):
    """Takes no room while there is nothing to offer."""

    chosen = Signal(str)
    """(chord)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer nothing."""
        super().__init__(parent)
        self._chords: tuple[str, ...] = ()
        self._label = PlainLabel(tone="muted", size="small")
        self._buttons: list[TextButton] = []
        self._row = FlowLayout(beside=Space.S, between=Space.S)
        line = QHBoxLayout(self)
        # In line with the words above, which stand behind an icon.
        line.setContentsMargins(Space.XL, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(self._row, 1)
        self.hide()
        self._say()

    @property
    def chords(self) -> tuple[str, ...]:
        """What is offered."""
        return self._chords

    def show_chords(self, chords: Sequence[str]) -> None:
        """Offer `chords`."""
        if tuple(chords) != self._chords:
            self._chords = tuple(chords)
            for button in self._buttons:
                self._row.removeWidget(button)
                button.hide()
                button.deleteLater()
            self._buttons = [self._button(chord) for chord in chords]
            self._say()
        self.setVisible(bool(chords))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _button(self, chord: str) -> TextButton:
        button = TextButton()
        button.setProperty("type", "small")
        button.clicked.connect(partial(self._on_clicked, chord))
        self._row.addWidget(button)
        button.show()
        return button

    def _on_clicked(self, chord: str) -> None:
        self.chosen.emit(chord)

    def _say(self) -> None:
        self._label.setText(self.tr("Free:"))
        for chord, button in zip(self._chords, self._buttons, strict=True):
            keys = native(chord)
            button.setText(keys)
            button.setAccessibleName(self.tr("Take {keys}").format(keys=keys))
            # As high as the first line, in whose middle it stands.
            self._label.setMinimumHeight(button.sizeHint().height())
