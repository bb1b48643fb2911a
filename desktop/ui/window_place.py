"""Where the window stands when nothing is known of an earlier run. GUI thread."""

from PySide6.QtCore import QMargins, QRect, QSize

__all__ = ["first_place"]

_SIZE = QSize(1080, 720)
_FRAME = QMargins(8, 40, 8, 8)
"""Room for title bar and border, which nobody knows before the window is shown."""


def first_place(screen: QRect) -> QRect:
    """Return the place of the window without its frame: in the middle, frame and all inside."""
    room = screen.marginsRemoved(_FRAME)
    place = QRect(room.topLeft(), _SIZE.boundedTo(room.size()))
    place.moveCenter(room.center())
    return place
