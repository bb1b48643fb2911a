"""A picture that went with a question, as large as there is room for. GUI thread."""

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.history import Attachment
from desktop.ui.attachment_words import attachment_title
from desktop.ui.buttons import IconButton
from desktop.ui.copy_button import CopyButton
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.picture_making import LONGEST_SIDE
from desktop.ui.picture_shelf import natural_size, picture_shelf
from desktop.ui.picture_words import picture_size
from desktop.ui.popover_card import PopoverCard
from desktop.ui.tokens import Space, tokens_of

__all__ = ["PictureSheet"]

_SHARE = 0.9
_LEAST = QSize(240, 160)
_AROUND = QSize(96, 128)
_ICON = 20


class PictureSheet(PopoverCard):
    """Shows the picture `attachment`; it can be copied, and leads nowhere."""

    def __init__(self, attachment: Attachment, owner: QWidget) -> None:
        """Wait to be opened."""
        super().__init__(owner)
        self._attachment = attachment
        title = attachment_title(attachment)
        name = ElidedLabel(title)
        name.setProperty("strong", True)
        self._copy = CopyButton(self.tr("Copy the picture"))
        close = IconButton("close", self.tr("Close"), side=28)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(name)
        words.addWidget(PlainLabel(picture_size(attachment), tone="muted", size="small"))
        head = QHBoxLayout()
        head.setSpacing(Space.XS)
        head.addLayout(words, 1)
        head.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(head)
        screen = owner.window().screen().availableGeometry().size()
        room = owner.window().size().expandedTo(screen * (_SHARE / 2)).boundedTo(screen) * _SHARE
        self.view = _Whole(attachment, room - _AROUND)
        self.column.addWidget(self.view, 1, Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(title)
        self._copy.clicked.connect(self._on_copy)
        close.clicked.connect(self.close)
        self.setFocusProxy(close)

    def _on_copy(self) -> None:
        image = self.view.image()
        if image is not None and not image.isNull():
            QGuiApplication.clipboard().setImage(image)
            self._copy.show_done()


class _Whole(QWidget):
    """All of a picture, no larger than it is."""

    def __init__(self, attachment: Attachment, room: QSize) -> None:
        super().__init__()
        self._attachment = attachment
        size = natural_size(attachment)
        if size.isEmpty():
            size = _LEAST
        elif size.width() > room.width() or size.height() > room.height():
            size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        self.setFixedSize(size.expandedTo(_LEAST))
        self.setAccessibleName(attachment_title(attachment))
        picture_shelf().came.connect(self._on_came)

    def image(self) -> QImage | None:
        """Return what is shown; None while it is decoded, null where it cannot be."""
        return picture_shelf().image(self._attachment, LONGEST_SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        image = self.image()
        if image is None:
            return
        middle = QRectF(self.rect()).center()
        if image.isNull():
            ink = QColor(tokens_of(self.palette()).muted)
            mark = icon_pixmap("picture", _ICON, ink, self.devicePixelRatioF())
            painter.drawPixmap(middle - QPointF(_ICON, _ICON) / 2, mark)
            return
        size = QSizeF(image.size())
        if size.width() > self.width() or size.height() > self.height():
            size.scale(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(QPointF(), size)
        place.moveCenter(middle)
        painter.fillRect(place, Qt.GlobalColor.white)
        painter.drawImage(place, image)

    def _on_came(self, key: object) -> None:
        if key == picture_shelf().key(self._attachment, LONGEST_SIDE):
            self.update()
