"""What goes with a quick question, and what could: chips to be taken away, or taken along.

GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import printable, shortened
from desktop.services.context_estimate import estimated_tokens
from desktop.ui.attachment_sheet import open_attachment
from desktop.ui.attachment_words import (
    attachment_icon,
    attachment_size,
    attachment_start,
    attachment_title,
)
from desktop.ui.buttons import IconButton
from desktop.ui.composer_chips import ComposerChips
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import ElidedLabel, as_words, set_tooltip
from desktop.ui.picture_view import PictureView
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

    def _lay(self) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for attachment in self._attachments:
            chip = _Chip(attachment, self)
            chip.removed.connect(self._on_removed)
            self._flow.addWidget(chip)
            chip.show()
        self._lay_reading()
        for offer in self._offers:
            button = _OfferButton(offer, self)
            button.clicked.connect(lambda _checked, key=offer.key: self.offer_taken.emit(key))
            self._flow.addWidget(button)
            button.show()
        self.setVisible(bool(self._attachments or self._reading_chips or self._offers))
        self.updateGeometry()

    def _on_removed(self, attachment: Attachment) -> None:
        if attachment in self._attachments:
            self._remove(self._attachments.index(attachment))
            self.taken_away.emit(attachment)


class _Chip(QFrame):
    """One attachment: how it begins, or its name; a click opens it, Delete takes it away."""

    removed = Signal(object)
    """(Attachment)"""

    def __init__(self, attachment: Attachment, parent: QWidget) -> None:
        super().__init__(parent)
        self._attachment = attachment
        self.setProperty("panel", "chip")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMaximumWidth(_WIDEST)
        self.setFixedHeight(_HEIGHT)
        title, start = attachment_title(attachment), attachment_start(attachment)
        if attachment.is_picture:
            size = picture_size(attachment)
        else:
            size = attachment_size(attachment, estimated_tokens(attachment.text))
        close = IconButton("close", self.tr("Take away"), side=_CLOSE)
        close.setIconSize(QSize(_ICON - 2, _ICON - 2))
        close.setCursor(Qt.CursorShape.ArrowCursor)
        close.clicked.connect(lambda: self.removed.emit(attachment))
        quoted = shortened(" ".join(attachment.text[: 2 * _START].split()), _START)
        words = ElidedLabel(
            self.tr("“{text}”").format(text=printable(quoted, " ")) if start else title,
            size="small",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(3 if attachment.is_picture else Space.S - 1, 0, 2, 0)
        row.setSpacing(Space.S - 2)
        row.addWidget(self._mark())
        row.addWidget(words, 1)
        row.addWidget(close)
        self.setAccessibleName(" · ".join(filter(None, (title, start, size))))
        if attachment.is_picture:
            hint = self.tr("Goes with the question. Click to see it.")
        else:
            hint = self.tr("Goes with the question. Click to read it.")
        set_tooltip(self, "\n".join((" · ".join(filter(None, (title, size))), hint)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.removed.emit(self._attachment)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._open()
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # Else the window would take it for the beginning of a move.
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self._open()

    def _mark(self) -> QWidget:
        """Return what stands before the words: a picture itself, or the icon of its kind."""
        if self._attachment.is_picture:
            return PictureView(self._attachment, _PICTURE, fills=True, looked_at=True)
        mark = QLabel()
        shown = icon(_icon(self._attachment.kind), QPalette.ColorRole.PlaceholderText)
        mark.setPixmap(shown.pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF()))
        return mark

    def _open(self) -> None:
        open_attachment(self._attachment, self)


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
