"""A word above the composer, mostly with Undo, for eight seconds. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QFontMetrics
from PySide6.QtWidgets import QFrame, QHBoxLayout

from desktop.domain.text import Text
from desktop.ui.labels import ElidedLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["Toast"]

_SHOWN_MS = 8000
_WIDEST = 480


class _Sentence(ElidedLabel):
    """A sentence about something whose name is cut before any of the other words is."""

    def __init__(self) -> None:
        """Say nothing."""
        self._sentence: Text | None = None
        super().__init__()

    def set_sentence(self, sentence: Text | None) -> None:
        """Say `sentence` in the language of now."""
        self._sentence = sentence
        self.setText("" if sentence is None else say(sentence))

    def elided(self, metrics: QFontMetrics, width: int) -> str:
        """Shorten the longest name by as much as the sentence is too long."""
        over = metrics.horizontalAdvance(self.whole_text()) - width
        sentence = self._sentence
        names = {} if sentence is None else sentence.values
        longest = max(names, key=lambda hole: len(str(names[hole])), default=None)
        if sentence is None or longest is None or over <= 0:
            return super().elided(metrics, width)
        name = " ".join(str(names[longest]).split())
        room = max(0, metrics.horizontalAdvance(name) - over)
        shorter = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        said = say(replace(sentence, values={**names, longest: shorter}))
        return metrics.elidedText(said, Qt.TextElideMode.ElideRight, width)


class Toast(QFrame):
    """Has a place of its own, so it covers nothing; stays while pointer or keyboard are upon it."""

    undo_requested = Signal(int)
    """(key), as given to `offer_undo`."""

    def __init__(self) -> None:
        """Start hidden."""
        super().__init__()
        self.setProperty("panel", "popover")
        self._key: int | None = None
        self._text: Text | None = None
        self._label = _Sentence()
        self._undo = LinkButton(size=Size.BODY)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.M, Space.S)
        row.setSpacing(Space.L)
        row.addWidget(self._label, 1)
        row.addWidget(self._undo)
        self._undo.clicked.connect(self._on_undo_clicked)
        self._timer.timeout.connect(self._on_timeout)
        self.setMaximumWidth(_WIDEST)
        self._retranslate()
        self.hide()

    def offer_undo(self, text: Text, key: int) -> None:
        """Say `text` and offer to undo; takes the place of an earlier offer."""
        self._say(text, key)

    def tell(self, text: Text) -> None:
        """Say `text`, unless an offer to undo would have to go for it."""
        if self.isHidden() or self._key is None:
            self._say(text, None)

    def take_back(self, text: Text) -> None:
        """Say `text` no longer: what it is about is over."""
        if self._text == text:
            self.withdraw()

    def withdraw(self) -> None:
        """Go away."""
        self._timer.stop()
        self.hide()

    def undo(self) -> bool:
        """Undo if that is on offer; return whether it was."""
        if self.isHidden() or self._key is None:
            return False
        self._on_undo_clicked()
        return True

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the pointer is here."""
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        """Start the eight seconds again."""
        super().leaveEvent(event)
        if self.isVisible():
            self._timer.start()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _say(self, text: Text, key: int | None) -> None:
        self._text = text
        self._key = key
        self._undo.setVisible(key is not None)
        self._retranslate()
        self.show()
        self._timer.start()

    def _on_timeout(self) -> None:
        if self._undo.hasFocus():
            # Whoever went there by keyboard has it no other way.
            self._timer.start()
        else:
            self.hide()

    def _on_undo_clicked(self) -> None:
        self.withdraw()
        if self._key is not None:
            self.undo_requested.emit(self._key)

    def _retranslate(self) -> None:
        self._label.set_sentence(self._text)
        self._undo.setText(self.tr("Undo"))
        self.setAccessibleName(self._label.whole_text())
