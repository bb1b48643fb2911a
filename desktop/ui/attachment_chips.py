"""What went with a question, as chips in its bubble that open to be read. GUI thread."""

import unicodedata
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from desktop.domain.history import Attachment
from desktop.domain.text import shortened
from desktop.services.context_estimate import estimated_tokens
from desktop.ui.attachment_sheet import open_attachment
from desktop.ui.attachment_words import (
    attachment_icon,
    attachment_size,
    attachment_start,
    attachment_title,
)
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.icons import icon
from desktop.ui.labels import as_words, set_tooltip
from desktop.ui.picture_view import PictureView
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["AttachmentChips"]

_ICON = 16
_NAME = 36
_ALONE = QSize(320, 220)
_BESIDE = QSize(180, 120)


class AttachmentChips(QWidget):
    """The attachments of a question that was asked; nothing in them is interpreted.

    Pictures are seen, small.
    """

    def __init__(self, attachments: Sequence[Attachment], parent: QWidget | None = None) -> None:
        """Show a chip for each."""
        super().__init__(parent)
        flow = FlowLayout(self, beside=Space.S - 2, between=Space.S - 2)
        pictures = sum(each.is_picture for each in attachments)
        box = _ALONE if pictures == 1 else _BESIDE
        self._chips = [
            self._picture(each, box) if each.is_picture else _Chip(each) for each in attachments
        ]
        for chip in self._chips:
            flow.addWidget(chip)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _picture(self, attachment: Attachment, box: QSize) -> PictureView:
        view = PictureView(attachment, box)
        view.clicked.connect(lambda: open_attachment(attachment, view))
        return view

    def natural_width(self) -> int:
        """Return the width of all chips in one line."""
        widths = [chip.sizeHint().width() for chip in self._chips]
        return sum(widths) + (Space.S - 2) * (len(widths) - 1)


class _Chip(QPushButton):
    """One attachment: what it is and how long; a click opens it."""

    def __init__(self, attachment: Attachment) -> None:
        super().__init__()
        self._attachment = attachment
        self.setProperty("kind", "chip")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIcon(icon(attachment_icon(attachment.kind), QPalette.ColorRole.PlaceholderText))
        self.setIconSize(QSize(_ICON, _ICON))
        self.clicked.connect(self._on_clicked)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        title, start = attachment_title(self._attachment), attachment_start(self._attachment)
        size = attachment_size(self._attachment, estimated_tokens(self._attachment.text))
        words = f"{shortened(title, _room_for(title))} · {size}"
        self.setText(as_words(words))
        self.setAccessibleName(listed((title, size)))
        self.setAccessibleDescription(start)
        set_tooltip(
            self, "\n".join(line for line in (title, start, self.tr("Click to read it")) if line)
        )

    def _on_clicked(self) -> None:
        open_attachment(self._attachment, self)


def _room_for(title: str) -> int:
    """Return how many characters of `title` are shown: a Chinese one is as wide as two."""
    columns = 0
    for count, letter in enumerate(title):
        columns += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if columns > _NAME:
            return count
    return len(title)
