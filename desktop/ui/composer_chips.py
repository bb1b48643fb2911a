"""What goes with a question, as chips above the field: files, long pastes, selected text, pictures.

A five-megabyte log in the field would stop the typing; as a chip it costs nothing. What shows
pictures and sheets comes late: an empty window is on the screen before. GUI thread.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from desktop.domain.history import Attachment
from desktop.ui.attachment_words import (
    attachment_icon,
    attachment_size,
    attachment_start,
    attachment_title,
)
from desktop.ui.buttons import IconButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import ElidedLabel, set_tooltip
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import listed

if TYPE_CHECKING:
    from desktop.ui.reading_chip import ReadingChip

__all__ = ["AttachmentChip", "ComposerChips"]

_CLOSE = 24
_ICON = 16
_WIDEST = 320
_PICTURE = QSize(32, 32)


class ComposerChips(QWidget):
    """The attachments of a draft, and what is being read to become one; invisible without any."""

    changed = Signal()
    reading_stopped = Signal(int)
    """(key, as `begin_reading` was given it)"""

    _READING_HEIGHT = Size.BUTTON

    def __init__(self, tokens_of_text: Callable[[str], int], parent: QWidget | None = None) -> None:
        """Start with none; `tokens_of_text` reckons how many tokens a text has."""
        super().__init__(parent)
        self._tokens_of_text = tokens_of_text
        self._attachments: list[Attachment] = []
        self._reading: dict[int, tuple[str, int] | None] = {}
        self._reading_chips: dict[int, ReadingChip] = {}
        self._flow = FlowLayout(self, beside=Space.S, between=Space.XS)
        self.hide()

    def attachments(self) -> tuple[Attachment, ...]:
        """Return them, oldest first."""
        return tuple(self._attachments)

    def set_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Show these and no others."""
        if list(attachments) != self._attachments:
            self._attachments = list(attachments)
            self._show()

    def add(self, attachment: Attachment) -> None:
        """Show one more; the same file or text twice is one."""
        if attachment not in self._attachments:
            self._attachments.append(attachment)
            self._show()

    @property
    def is_reading(self) -> bool:
        """Whether something is read that is to go along."""
        return bool(self._reading)

    def begin_reading(self, key: int) -> None:
        """Wait for what is read under `key`; it is shown when it takes its time."""
        self._reading[key] = None
        self.changed.emit()

    def show_reading(self, key: int, name: str, hundredths: int) -> None:
        """Show how much of the file `name` is read; nothing where that has ended."""
        if key not in self._reading:
            return
        self._reading[key] = name, hundredths
        if key in self._reading_chips:
            self._reading_chips[key].show_progress(hundredths)
        else:
            self._lay()

    def end_reading(self, key: int) -> None:
        """Wait no more."""
        if key in self._reading:
            del self._reading[key]
            self._show()

    def stop_reading(self) -> None:
        """Wait for nothing any more; who reads is told."""
        for key in list(self._reading):
            self._stop(key)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _show(self) -> None:
        self._lay()
        self.changed.emit()

    def _lay(self) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for attachment in self._attachments:
            chip = self._chip_of(attachment)
            chip.removed.connect(self._on_removed)
            self._put(chip)
        self._lay_reading()
        self._lay_others()
        self.setVisible(self._flow.count() > 0)
        self.updateGeometry()

    def _chip_of(self, attachment: Attachment) -> "AttachmentChip":
        return _Chip(attachment, self._size_of(attachment), self)

    def _lay_others(self) -> None:
        """Place what follows those that go along; here nothing does."""

    def _put(self, widget: QWidget) -> None:
        self._flow.addWidget(widget)
        widget.show()

    def _lay_reading(self) -> None:
        self._reading_chips = {}
        for key, far in self._reading.items():
            if far is not None:
                from desktop.ui.reading_chip import ReadingChip

                chip = ReadingChip(*far, self._READING_HEIGHT, self)
                chip.stopped.connect(lambda key=key: self._stop(key))
                self._put(chip)
                self._reading_chips[key] = chip

    def _stop(self, key: int) -> None:
        self.end_reading(key)
        self.reading_stopped.emit(key)

    def _size_of(self, attachment: Attachment) -> str:
        if attachment.is_picture:
            from desktop.ui.picture_words import picture_size

            return picture_size(attachment)
        return attachment_size(attachment, self._tokens_of_text(attachment.text))

    def _on_removed(self, attachment: Attachment) -> None:
        if attachment in self._attachments:
            self._attachments.remove(attachment)
            self._show()


class AttachmentChip(QFrame):
    """One attachment to be: a click opens it, Delete takes it away."""

    removed = Signal(object)
    """(Attachment)"""

    def __init__(self, attachment: Attachment, parent: QWidget) -> None:
        """Show nothing of `attachment` yet."""
        super().__init__(parent)
        self._attachment = attachment
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.removed.emit(self._attachment)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._open()
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # Else a window that is moved by its ground would take it for the beginning of that.
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and self.rect().contains(event.position().toPoint()):
            self._open()

    def _open(self) -> None:
        from desktop.ui.attachment_sheet import open_attachment

        open_attachment(self._attachment, self)

    def _close_button(self, side: int) -> IconButton:
        close = IconButton("close", self.tr("Take away"), side=side)
        close.setCursor(Qt.CursorShape.ArrowCursor)
        close.clicked.connect(lambda: self.removed.emit(self._attachment))
        return close

    def _mark(self, picture: QSize, name: IconName) -> QWidget:
        """Return what stands before the words: a picture itself, as `picture`, or an icon."""
        if self._attachment.is_picture:
            from desktop.ui.picture_view import PictureView

            return PictureView(self._attachment, picture, fills=True, looked_at=True)
        mark = QLabel()
        shown = icon(name, QPalette.ColorRole.PlaceholderText)
        mark.setPixmap(shown.pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF()))
        return mark


class _Chip(AttachmentChip):
    """What it is, how large, and how it begins."""

    def __init__(self, attachment: Attachment, size: str, parent: QWidget) -> None:
        super().__init__(attachment, parent)
        self.setProperty("panel", "code")
        self.setMaximumWidth(_WIDEST)
        title = _title(attachment)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.XS, Space.XS, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._mark(_PICTURE, attachment_icon(attachment.kind)))
        row.addWidget(ElidedLabel(title, size="small"), 1)
        if size:
            row.addWidget(ElidedLabel(size, tone="muted", size="small"))
        row.addWidget(self._close_button(_CLOSE))
        self.setMinimumHeight(Size.BUTTON)
        self.setAccessibleName(listed((title, size)))
        set_tooltip(self, self.tr("Goes with the question. Click to see it."))


def _title(attachment: Attachment) -> str:
    words = (attachment_title(attachment), attachment_start(attachment))
    return " · ".join(part for part in words if part)
