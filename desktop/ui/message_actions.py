"""The line under an answer: how it went at the left, what can be done with it at the right.

The buttons are painted only while the pointer is over the answer or one of them has the focus,
but they are always there for the Tab key and for screen readers. GUI thread.
"""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.chat import Usage
from desktop.ui.buttons import IconButton
from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.tokens import Space

__all__ = ["MessageActions"]

_SIDE = 28


class MessageActions(QWidget):
    """Asks to copy and to answer again; the owner has the text and gives it to `copy`."""

    copy_requested = Signal()
    regenerate_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing until `set_revealed`."""
        super().__init__(parent)
        self._usage: Usage | None = None
        self._line = ElidedLabel(tone="muted", size="small")
        self._copy = CopyButton(side=_SIDE)
        self._again = IconButton("refresh", side=_SIDE)
        self._copy.clicked.connect(self.copy_requested)
        self._again.clicked.connect(self.regenerate_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self._line)
        layout.addStretch(1)
        layout.addWidget(self._copy)
        layout.addWidget(self._again)
        self.setFixedHeight(_SIDE)
        self.set_can_regenerate(False)
        self.set_revealed(False)
        self._say()

    def copy(self, text: str) -> None:
        """Put `text` into the clipboard and say so."""
        self._copy.copy(text)

    def set_usage(self, usage: Usage | None) -> None:
        """Show speed, wait and length of the answer."""
        self._usage = usage
        self._say()

    def set_can_regenerate(self, can: bool) -> None:
        """Offer to answer again, or not."""
        self._again.setVisible(can)

    def set_revealed(self, revealed: bool) -> None:
        """Paint the buttons, or only the focused one."""
        self._copy.set_seen(revealed)
        self._again.set_seen(revealed)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self._copy.set_label(self.tr("Copy answer"))
        self._again.set_label(self.tr("Answer again"))
        usage = self._usage
        if usage is None or usage.completion_tokens == 0:
            self._line.setText("")
            self._line.set_hint("")
            return
        wait = self._wait(usage.ttft_ms)
        line = self.tr("{speed} tokens/s · {wait} · {count} tokens").format(
            speed=_speed(usage.decode_tps), wait=wait, count=f"{usage.completion_tokens:,}"
        )
        meaning = [
            self.tr("The first word came after {wait}.").format(wait=wait),
            self.tr("A token is a short word, or a piece of a longer one."),
        ]
        guesses = self._guesses(usage)
        if guesses:
            meaning += [
                self.tr(
                    "Lapis guessed how the text goes on; the model checked many words at once."
                ),
                self.tr("The answer is the same, only sooner."),
            ]
        self._line.setText(f"{line} · {guesses}" if guesses else line)
        self._line.set_hint("\n".join(meaning))

    def _guesses(self, usage: Usage) -> str:
        """Say how many guessed tokens were right; nothing where guessing did not help."""
        if usage.accepted_tokens == 0:
            return ""
        return self.tr("{kept} of {guessed} guesses right").format(
            kept=f"{usage.accepted_tokens:,}", guessed=f"{usage.drafted_tokens:,}"
        )

    def _wait(self, milliseconds: float) -> str:
        if milliseconds < 100:
            return self.tr("{number} ms").format(number=f"{milliseconds:.0f}")
        return self.tr("{number} s").format(number=f"{milliseconds / 1000:.1f}")


def _speed(tokens_per_second: float) -> str:
    return f"{tokens_per_second:.0f}" if tokens_per_second >= 10 else f"{tokens_per_second:.1f}"
