"""A picture that goes with a question, small: painted from what was decoded, never as rich text.

GUI thread; it is decoded elsewhere (`picture_shelf`), and its place is as large as it will be.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.domain.history import Attachment
from desktop.ui.attachment_words import attachment_title
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.picture_shelf import natural_size, picture_shelf
from desktop.ui.picture_words import picture_size
from desktop.ui.tokens import Radius, tokens_of
from desktop.ui.translation import listed

__all__ = ["PictureView"]

_LEAST = 40
_UNKNOWN = 72
_ICON = 20
_RING = 2


class PictureView(QAbstractButton):
    """No larger than `box`; the owner connects `clicked`. With `fills` it is cut to fill the box.

    One that is only `looked_at` takes neither clicks nor the focus: it stands in a chip.
    """

    def __init__(
        self,
        attachment: Attachment,
        box: QSize,
        *,
        fills: bool = False,
        looked_at: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Have it decoded when it is painted first."""
        super().__init__(parent)
        self._attachment = attachment
        self._fills = fills
        natural = QSize() if fills else natural_size(attachment)
        # Where the size does not stand in the beginning, it is known once all is decoded.
        self._box = None if fills or not natural.isEmpty() else box
        self._size = box if fills else _fitted(natural, box)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(self._size)
        if looked_at:
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        else:
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        picture_shelf().came.connect(self._on_came)
        self._say()

    def sizeHint(self) -> QSize:
        return self._size

    def image(self) -> QImage | None:
        """Return what is shown; None while it is decoded, null where it cannot be."""
        return picture_shelf().image(self._attachment, self._longest())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        place = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(place, Radius.FIELD, Radius.FIELD)
        painter.setClipPath(shape)
        image = self.image()
        if image is None or image.isNull():
            painter.fillRect(place, QColor(tokens.pressed))
        if image is not None and image.isNull():
            mark = icon_pixmap("picture", _ICON, QColor(tokens.muted), self.devicePixelRatioF())
            painter.drawPixmap(place.center() - QPointF(_ICON, _ICON) / 2, mark)
        elif image is not None:
            if image.hasAlphaChannel():
                # What is clear in a picture was drawn for paper.
                painter.fillRect(place, Qt.GlobalColor.white)
            painter.drawImage(place, image, _part(image.size(), place.size()))
        painter.setClipping(False)
        focused = self.hasFocus()
        edge = _RING if focused else 1
        painter.setPen(QPen(QColor(tokens.accent if focused else tokens.line), edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inside = place.adjusted(edge / 2, edge / 2, -edge / 2, -edge / 2)
        painter.drawRoundedRect(inside, Radius.FIELD, Radius.FIELD)

    def _longest(self) -> int:
        room = self._box or self._size
        longest = max(room.width(), room.height())
        # Of a long narrow one that is cut, the short side has to suffice.
        return round(longest * self.devicePixelRatioF()) * (2 if self._fills else 1)

    def _on_came(self, key: object) -> None:
        if key != picture_shelf().key(self._attachment, self._longest()):
            return
        image = self.image()
        if self._box is not None and image is not None and not image.isNull():
            self._size = _fitted(image.size(), self._box)
            self._box = None
            self.setFixedSize(self._size)
        self.update()

    def _say(self) -> None:
        title = attachment_title(self._attachment)
        size = picture_size(self._attachment)
        self.setAccessibleName(listed((title, size)))
        lines = (" · ".join(filter(None, (title, size))), self.tr("Click to see it larger"))
        set_tooltip(self, "\n".join(lines))


def _fitted(natural: QSize, box: QSize) -> QSize:
    if natural.isEmpty():
        return QSize(_UNKNOWN, _UNKNOWN)
    size = natural
    if natural.width() > box.width() or natural.height() > box.height():
        size = natural.scaled(box, Qt.AspectRatioMode.KeepAspectRatio)
    return size.expandedTo(QSize(_LEAST, _LEAST))


def _part(image: QSize, place: QSizeF) -> QRectF:
    """Return the middle of `image` that has the shape of `place`."""
    part = place.scaled(QSizeF(image), Qt.AspectRatioMode.KeepAspectRatio)
    left, top = image.width() - part.width(), image.height() - part.height()
    return QRectF(QPointF(left / 2, top / 2), part)
