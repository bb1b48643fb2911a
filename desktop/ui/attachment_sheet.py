"""A text that went with a question, to be read on a card: plain, unchanged, nothing in it works.

GUI thread.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.fences import is_document
from desktop.ui.attachment_words import attachment_title
from desktop.ui.buttons import IconButton
from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.markdown_parts import code_text
from desktop.ui.picture_sheet import PictureSheet
from desktop.ui.popover_card import PopoverCard
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Size, Space, resized

__all__ = ["AttachmentSheet", "open_attachment"]

_WIDTH = 640
_HEIGHT = 440
_SHARE = 0.9
_MOST = 200_000
_MONO = 13


def open_attachment(attachment: Attachment, owner: QWidget) -> None:
    """Show what went with a question over the window of `owner`: a text, or a picture."""
    sheet: PopoverCard
    if attachment.is_picture:
        sheet = PictureSheet(attachment, owner)
    else:
        sheet = AttachmentSheet(attachment, owner)
    sheet.open_over(owner.window())


class AttachmentSheet(PopoverCard):
    """Shows the text of `attachment`, of a very long one the beginning; `copy` takes it all."""

    def __init__(self, attachment: Attachment, owner: QWidget) -> None:
        """Wait to be opened."""
        super().__init__(owner)
        room = owner.window().size() * _SHARE
        self._text = attachment.text
        title = attachment_title(attachment)
        name = ElidedLabel(title)
        name.setProperty("strong", True)
        size = self.tr("{count} characters").format(count=f"{len(self._text):,}")
        self._copy = CopyButton(self.tr("Copy all of it"))
        close = IconButton("close", self.tr("Close"), side=28)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(name)
        words.addWidget(PlainLabel(self._shown_size(size), tone="muted", size="small"))
        head = QHBoxLayout()
        head.setSpacing(Space.XS)
        head.addLayout(words, 1)
        head.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(head)
        self.column.addWidget(self._reader(attachment), 1)
        self.setFixedSize(
            min(_WIDTH, max(room.width(), Size.COLUMN // 3)),
            min(_HEIGHT, max(room.height(), Size.COLUMN // 3)),
        )
        self.setAccessibleName(title)
        self._copy.clicked.connect(lambda: self._copy.copy(self._text))
        close.clicked.connect(self.close)

    def _shown_size(self, size: str) -> str:
        if len(self._text) <= _MOST:
            return size
        return self.tr("{size}, of which the first {count} are shown").format(
            size=size, count=f"{_MOST:,}"
        )

    def _reader(self, attachment: Attachment) -> QPlainTextEdit:
        reader = QPlainTextEdit()
        reader.setReadOnly(True)
        reader.setUndoRedoEnabled(False)
        reader.setFrameShape(QFrame.Shape.NoFrame)
        reader.setAccessibleName(self.tr("Text of the attachment"))
        reader.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        if attachment.kind is AttachmentKind.FILE and not is_document(attachment.name):
            font = resized(self.font(), _MONO)
            font.setFamilies(list(mono_families()))
            reader.setFont(font)
        reader.setPlainText(code_text(self._text[:_MOST]))
        self.setFocusProxy(reader)
        return reader
