"""Pictures decoded, and made small enough to go with a question. Off the GUI thread.

Only the formats of `services.pictures` are decoded, each by its own reader, and with a bound on the
memory that one may take: a few bytes can claim to be a picture of a hundred thousand pixels a side.
"""

from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColorSpace, QImage, QImageIOHandler, QImageReader, QImageWriter, QPainter

from desktop.domain.chat import Picture
from desktop.domain.errors import LapisError
from desktop.domain.history import Attachment
from desktop.domain.text import Text
from desktop.services.pictures import attached, media_type_of
from desktop.services.text_files import NotReadable

__all__ = ["LONGEST_SIDE", "decoded", "made_small", "size_in"]

LONGEST_SIDE: Final = 1568
"""Pixels: what models look at is no larger."""

_MOST_BYTES: Final = 1_000_000
_MOST_MEGABYTES: Final = 256
_QUALITIES: Final = (88, 75, 60)
_SMALLER: Final = 0.75
_LEAST_SIDE: Final = 64
_FORMATS: Final = {
    "image/png": b"png",
    "image/jpeg": b"jpeg",
    "image/webp": b"webp",
    "image/gif": b"gif",
    "image/bmp": b"bmp",
}


def made_small(picture: bytes | QImage, name: str = "") -> Attachment:
    """Return a file of a picture, or one that was copied, as what goes with a question.

    It is drawn anew, at most `LONGEST_SIDE` pixels long and about a megabyte large: what else is in
    the file (the place where it was taken, earlier versions) stays behind. Raises NotReadable.
    """
    is_photo = isinstance(picture, bytes) and media_type_of(picture) == "image/jpeg"
    image = decoded(picture) if isinstance(picture, bytes) else _shrunk(picture, LONGEST_SIDE)
    if image.isNull():
        raise _damaged(name)
    return attached(_encoded(_bare(image), is_photo=is_photo), name)


def decoded(data: bytes, longest: int = LONGEST_SIDE) -> QImage:
    """Return the picture in `data`, no side longer than `longest` pixels; null if it is none."""
    opened = _opened(data)
    if opened is None:
        return QImage()
    reader, _buffer = opened
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > longest:
        reader.setScaledSize(_fitted(size, longest))
    return _shrunk(reader.read(), longest)


def size_in(data: bytes) -> QSize:
    """Return the size in pixels of the picture that `data` begins; invalid where it is not told."""
    opened = _opened(data)
    if opened is None:
        return QSize()
    reader, _buffer = opened
    is_turned = bool(
        reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90
    )
    return reader.size().transposed() if is_turned else reader.size()


def _opened(data: bytes) -> tuple[QImageReader, QBuffer] | None:
    """Return a reader with what it reads from, which it does not keep; None for other formats."""
    form = _FORMATS.get(media_type_of(data))
    if form is None:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    QImageReader.setAllocationLimit(_MOST_MEGABYTES)
    reader = QImageReader(buffer, QByteArray(form))
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(False)
    return reader, buffer


def _fitted(size: QSize, longest: int) -> QSize:
    fitted = size.scaled(longest, longest, Qt.AspectRatioMode.KeepAspectRatio)
    return fitted.expandedTo(QSize(1, 1))


def _shrunk(image: QImage, longest: int) -> QImage:
    if image.isNull() or max(image.width(), image.height()) <= longest:
        return image
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(_fitted(image.size(), longest), mode=smooth)


def _bare(image: QImage) -> QImage:
    """Return the pixels of `image` in sRGB, with nothing else that came with them."""
    space = image.colorSpace()
    if space.isValid() and space != QColorSpace(QColorSpace.NamedColorSpace.SRgb):
        image = image.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    clear = image.hasAlphaChannel()
    kind = QImage.Format.Format_ARGB32 if clear else QImage.Format.Format_RGB32
    plain = QImage(image.size(), kind)
    plain.fill(Qt.GlobalColor.transparent if clear else Qt.GlobalColor.white)
    painter = QPainter(plain)
    painter.drawImage(0, 0, image)
    painter.end()
    return plain


def _encoded(image: QImage, *, is_photo: bool) -> Picture:
    if not is_photo:
        # Letters and lines stay sharp.
        data = _written(image, b"png", -1)
        if len(data) <= _MOST_BYTES:
            return Picture("image/png", data)
    opaque = _on_white(image)
    while True:
        for quality in _QUALITIES:
            data = _written(opaque, b"jpeg", quality)
            if len(data) <= _MOST_BYTES:
                return Picture("image/jpeg", data)
        longest = int(max(opaque.width(), opaque.height()) * _SMALLER)
        if longest < _LEAST_SIDE:
            return Picture("image/jpeg", data)
        opaque = _shrunk(opaque, longest)


def _on_white(image: QImage) -> QImage:
    if not image.hasAlphaChannel():
        return image
    opaque = QImage(image.size(), QImage.Format.Format_RGB32)
    opaque.fill(Qt.GlobalColor.white)
    painter = QPainter(opaque)
    painter.drawImage(0, 0, image)
    painter.end()
    return opaque


def _written(image: QImage, form: bytes, quality: int) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(form))
    writer.setQuality(quality)
    writer.write(image)
    return bytes(buffer.data().data())


def _damaged(name: str) -> LapisError:
    hint = Text("It cannot be read as a picture: it is damaged, or far too large.")
    if not name:
        return NotReadable(Text("The picture cannot go with the question"), hint)
    return NotReadable(Text("“{name}” cannot go with the question", {"name": name}), hint)
