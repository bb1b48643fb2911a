"""Small versions of the pictures in chats, decoded in a thread of their own and kept for a while.

A picture takes a tenth of a second to decode: no row of a chat may wait for that. GUI thread, but
for the thread that decodes, which ends when there is nothing to do.
"""

import threading
from collections import OrderedDict
from functools import cache
from typing import TypeAlias

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from desktop.domain.history import Attachment
from desktop.services.pictures import beginning_of, picture_of
from desktop.ui.picture_making import decoded, size_in

__all__ = ["PictureShelf", "natural_size", "picture_shelf"]

_KEPT_BYTES = 24_000_000
_END_SECONDS = 2.0

Key: TypeAlias = tuple[int, int, int]


class PictureShelf(QObject):
    """Hands out pictures no longer than so many pixels, now or when `came` says so."""

    came = Signal(object)
    """(key): `image` has it now; a null image where nothing could be decoded."""

    _decoded = Signal(object, object)

    def __init__(self) -> None:
        """Keep nothing yet."""
        super().__init__()
        self._kept: OrderedDict[Key, QImage] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._orders: OrderedDict[Key, Attachment] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._decoded.connect(self._on_decoded, Qt.ConnectionType.QueuedConnection)

    @staticmethod
    def key(attachment: Attachment, longest: int) -> Key:
        """Return what names `attachment` with no side longer than `longest` pixels."""
        return len(attachment.text), hash(attachment.text), longest

    def image(self, attachment: Attachment, longest: int) -> QImage | None:
        """Return it, null if it is no picture after all; None where it has to be decoded first."""
        key = self.key(attachment, longest)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        with self._lock:
            # What was asked for last is what is looked at.
            self._orders[key] = attachment
            self._orders.move_to_end(key)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pictures", daemon=True)
                self._thread.start()
        return None

    def close(self) -> None:
        """Decode no more of what was asked for, and wait for the thread to end; idempotent."""
        with self._lock:
            self._orders.clear()
            thread = self._thread
        if thread is not None:
            thread.join(_END_SECONDS)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._orders:
                    self._thread = None
                    return
                key, attachment = self._orders.popitem()
            picture = picture_of(attachment)
            image = QImage() if picture is None else decoded(picture.data, key[2])
            self._decoded.emit(key, image)

    def _on_decoded(self, key: Key, image: QImage) -> None:
        gone = self._kept.pop(key, None)
        self._bytes += image.sizeInBytes() - (0 if gone is None else gone.sizeInBytes())
        self._kept[key] = image
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.sizeInBytes()
        self.came.emit(key)


@cache
def picture_shelf() -> PictureShelf:
    """Return the one that all widgets share."""
    return PictureShelf()


def natural_size(attachment: Attachment) -> QSize:
    """Return the size of a picture in pixels, by how it begins; invalid where it is not told."""
    return size_in(beginning_of(attachment))
