"""Asks how a model file from elsewhere is to be used. Not modal. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.quantities import sized
from desktop.services.import_offer import ImportOffer
from desktop.services.shelf_import import ImportHow
from desktop.ui.buttons import TextButton
from desktop.ui.choice_row import ChoiceRow, ChoiceRows
from desktop.ui.labels import ElidedLabel
from desktop.ui.tokens import Space

__all__ = ["ImportCard"]

_WAYS = (ImportHow.IN_PLACE, ImportHow.HARD_LINK, ImportHow.COPY)


class ImportCard(QWidget):
    """Three ways with what each costs; what cannot be done says why."""

    accepted = Signal(object, object)
    """(ImportOffer, ImportHow)"""
    cancelled = Signal()

    def __init__(self, offer: ImportOffer, parent: QWidget | None = None) -> None:
        """Ask about `offer`; the way that takes no room is chosen."""
        super().__init__(parent)
        self._offer = offer
        self._path = ElidedLabel(
            str(offer.path), tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle
        )
        self._choices = ChoiceRows()
        self._rows: list[ChoiceRow] = self._choices.set_count(len(_WAYS))
        self._add = TextButton(kind="primary")
        self._cancel = TextButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        column.addWidget(self._path)
        column.addWidget(self._choices)
        column.addLayout(buttons)
        self._choices.choose(_WAYS.index(ImportHow.IN_PLACE))
        self._rows[_WAYS.index(ImportHow.HARD_LINK)].setEnabled(offer.can_link)
        self._rows[_WAYS.index(ImportHow.COPY)].setEnabled(offer.size <= offer.free)
        self._add.clicked.connect(self._on_add_clicked)
        self._cancel.clicked.connect(self.cancelled)
        self._retranslate()

    @property
    def how(self) -> ImportHow:
        """The way that is chosen."""
        return _WAYS[self._choices.current]

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_add_clicked(self) -> None:
        self.accepted.emit(self._offer, self.how)

    def _retranslate(self) -> None:
        offer, nothing = self._offer, self.tr("no extra room")
        size, free = sized(offer.size), sized(offer.free)
        place, link, copy = self._rows
        place.say(
            self.tr("Use it where it is"),
            nothing,
            self.tr("Nothing is moved. If the file goes, so does the model."),
        )
        link.say(
            self.tr("Link it into the models folder"),
            nothing if offer.can_link else "",
            self.tr("One file under two names: it stays even if the other name is deleted.")
            if offer.can_link
            else self.tr("Not possible: the file is on another disk than the models folder."),
        )
        enough = offer.size <= offer.free
        room = self.tr("{size} are free there.") if enough else self.tr("Only {size} are free.")
        copy.say(self.tr("Copy it into the models folder"), size, room.format(size=free))
        self._add.setText(self.tr("Add model"))
        self._cancel.setText(self.tr("Cancel"))
