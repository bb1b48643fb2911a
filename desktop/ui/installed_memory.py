"""What an installed model takes of the memory, and the context it is used with. GUI thread.

Values in, signals out.
"""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.footprint import Certainty, Load
from desktop.domain.quantities import sized, tokens
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.memory_bar import MemoryView
from desktop.ui.memory_card import MemoryCard
from desktop.ui.quantisation_words import rate
from desktop.ui.tokens import Space
from desktop.ui.translation import told_together

__all__ = ["InstalledMemory", "OwnContext"]


@dataclass(frozen=True, slots=True)
class OwnContext:
    """The context in tokens that a model is used with; `is_own`: it was set for this model."""

    used: int
    is_own: bool = False


class InstalledMemory(QWidget):
    """The slider looks ahead; a press on the link below it sets the context of the model."""

    context_chosen = Signal(int)
    """(tokens): show what the model takes with this context, at once."""
    context_set = Signal(object)
    """(tokens, or None): use the model with this context, or as usual, from the next load on."""
    kv_type_chosen = Signal(object)
    """(KvType)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a model, unseen."""
        super().__init__(parent)
        self._own = OwnContext(0)
        self._load: Load | None = None
        self.card = MemoryCard(framed=False)
        self._note = PlainLabel(tone="muted", size="small", wrap=True)
        self._set = LinkButton()
        self._usual = LinkButton()
        self._seen = PlainLabel(tone="muted", size="small", wrap=True)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self._note, 1)
        line.addWidget(self._usual)
        line.addWidget(self._set)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        self.card.below_slider.addLayout(line)
        column.addWidget(self.card)
        column.addWidget(self._seen)
        self.card.context_chosen.connect(self.context_chosen)
        self.card.kv_type_chosen.connect(self.kv_type_chosen)
        self._set.clicked.connect(self._on_set)
        self._usual.clicked.connect(lambda: self.context_set.emit(None))
        self.hide()

    def show_memory(self, view: MemoryView, own: OwnContext, load: Load | None) -> None:
        """Show `view`; `own` is in force, `load` how the model was loaded last."""
        self._own, self._load = own, load
        self.card.show_view(view)
        self._say()
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_set(self) -> None:
        view = self.card.view
        if view is not None:
            self.context_set.emit(view.context)

    def _say(self) -> None:
        view = self.card.view
        if view is None:
            return
        looks_ahead = view.context != self._own.used
        used = self.tr("{count} tokens").format(count=f"{self._own.used:,}")
        if looks_ahead:
            self._note.setText(self.tr("Used with {count} so far.").format(count=used))
        elif self._own.is_own:
            self._note.setText(self.tr("Set for this model."))
        else:
            self._note.setText(self.tr("The usual length."))
        self._set.setVisible(looks_ahead)
        self._set.setText(self.tr("Use {count}").format(count=tokens(view.context)))
        self._usual.setVisible(self._own.is_own and not looks_ahead)
        self._usual.setText(self.tr("Back to usual"))
        self._say_seen()

    def _say_seen(self) -> None:
        load = self._load
        seen = load.host + load.cards if load is not None else 0
        self._seen.setVisible(seen > 0)
        if load is None or not seen:
            return
        # A formula leaves margins, larger than a small model: nothing to hold a load against.
        taken = (
            self.tr("Last loaded with {count} tokens: predicted {predicted}, took {seen}.")
            if load.predicted.certainty is Certainty.MEASURED
            else self.tr("Last loaded with {count} tokens: took {seen}.")
        )
        words = [
            taken.format(
                count=f"{load.predicted.point.context:,}",
                predicted=_exactly(load.predicted.total),
                seen=_exactly(seen),
            )
        ]
        if load.decode_tps > 0:
            words.append(
                self.tr("It answered with {speed} tokens/s.").format(speed=rate(load.decode_tps))
            )
        self._seen.setText(told_together(words))


def _exactly(count: int) -> str:
    """Return bytes with one digit more than elsewhere, so that small differences are seen."""
    return f"{count / 10**9:.2f} GB" if count >= 10**9 else sized(count)
