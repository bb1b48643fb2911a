"""What goes with a quick question, and what could: chips to be taken away, or taken along.

GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import printable, shortened
from desktop.services.context_estimate import estimated_tokens
from desktop.ui.attachment_words import (
    attachment_icon,
    attachment_size,
    attachment_start,
    attachment_title,
)
from desktop.ui.composer_chips import AttachmentChip, ComposerChips
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import ElidedLabel, as_words, set_tooltip
from desktop.ui.picture_words import picture_size
from desktop.ui.tokens import Space

__all__ = ["Offer", "PopupChips"]

_HEIGHT = 28
_CLOSE = 22
_ICON = 16
_WIDEST = 300
_START = 80
_BESIDE_WORDS = 46
_PICTURE = QSize(22, 22)


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that could go along: `key` names it to its owner, `start` is how it begins."""

    key: str
    title: str
    start: str = ""
    icon: IconName = "plus"


class PopupChips(ComposerChips):
    """The attachments of a quick question, and beside them the offers; unseen without any."""

    offer_taken = Signal(str)
    """(key)"""
    taken_away = Signal(object)
    """(Attachment): the person does not want it to go along."""

    _READING_HEIGHT = _HEIGHT

    def __init__(self) -> None:
        """Start with none."""
        self._offers: tuple[Offer, ...] = ()
        super().__init__(estimated_tokens)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What could go along."""
        return self._offers

    def set_offers(self, offers: Sequence[Offer]) -> None:
        """Offer these and no others."""
        if tuple(offers) != self._offers:
            self._offers = tuple(offers)
            self._lay()

    def _chip_of(self, attachment: Attachment) -> AttachmentChip:
        return _Chip(attachment, self)

    def _lay_others(self) -> None:
        for offer in self._offers:
            button = _OfferButton(offer, self)
            button.clicked.connect(lambda _checked, key=offer.key: self.offer_taken.emit(key))
            self._put(button)

    def _on_removed(self, attachment: Attachment) -> None:
        was_there = attachment in self._attachments
        super()._on_removed(attachment)
        if was_there:
            self.taken_away.emit(attachment)


class _Chip(AttachmentChip):
    """How it begins, or its name."""

    def __init__(self, attachment: Attachment, parent: QWidget) -> None:
        super().__init__(attachment, parent)
        self.setProperty("panel", "chip")
        self.setMaximumWidth(_WIDEST)
        self.setFixedHeight(_HEIGHT)
        title, start = attachment_title(attachment), attachment_start(attachment)
        if attachment.is_picture:
            size = picture_size(attachment)
        else:
            size = attachment_size(attachment, estimated_tokens(attachment.text))
        close = self._close_button(_CLOSE)
        close.setIconSize(QSize(_ICON - 2, _ICON - 2))
        quoted = shortened(" ".join(attachment.text[: 2 * _START].split()), _START)
        words = ElidedLabel(
            self.tr("“{text}”").format(text=printable(quoted, " ")) if start else title,
            size="small",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(3 if attachment.is_picture else Space.S - 1, 0, 2, 0)
        row.setSpacing(Space.S - 2)
        row.addWidget(self._mark(_PICTURE, _icon(attachment.kind)))
        row.addWidget(words, 1)
        row.addWidget(close)
        self.setAccessibleName(" · ".join(filter(None, (title, start, size))))
        if attachment.is_picture:
            hint = self.tr("Goes with the question. Click to see it.")
        else:
            hint = self.tr("Goes with the question. Click to read it.")
        set_tooltip(self, "\n".join((" · ".join(filter(None, (title, size))), hint)))


class _OfferButton(QPushButton):
    """Something that could go along; a click, and it does."""

    def __init__(self, offer: Offer, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "offer")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(_HEIGHT)
        self.setMaximumWidth(_WIDEST)
        self.setIcon(icon(offer.icon, QPalette.ColorRole.PlaceholderText))
        self.setIconSize(QSize(_ICON - 2, _ICON - 2))
        start = shortened(offer.start, _START)
        quoted = self.tr("{title}: “{start}”").format(title=offer.title, start=start)
        self._words = quoted if start else offer.title
        self.setAccessibleName(self._words)
        self._fit()
        set_tooltip(self, self.tr("Let it go with the question"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Cut the words where the button is as wide as it gets."""
        self.ensurePolished()
        room = _WIDEST - _BESIDE_WORDS
        shown = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        self.setText(as_words(shown))


def _icon(kind: AttachmentKind) -> IconName:
    """Return the icon of a kind; what was selected is told from what was copied."""
    return "list" if kind is AttachmentKind.SELECTION else attachment_icon(kind)
