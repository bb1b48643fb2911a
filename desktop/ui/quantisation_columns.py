"""Where the columns of the table of quantisations lie, the same for its head and every row.

GUI thread.
"""

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont

from desktop.ui.tokens import Size, Space, resized

__all__ = ["NARROW", "PAD", "Columns", "columns", "small_font"]

PAD = 14
# Pixels of a row that has no room for a table.
NARROW = 640
_NAME = 0.15
_BITS = 0.115
_SIZE = 0.105
_LOSS = 0.22
_FIT = 0.25
_NARROW_FIT = 0.55


@dataclass(frozen=True, slots=True)
class Columns:
    """Left edges and widths; where there is no room for a table (`wide` is False) only some."""

    wide: bool
    name: QRect
    bits: QRect
    size: QRect
    loss: QRect
    fit: QRect
    speed: QRect


def columns(width: int, height: int, button: int, *, speed: bool) -> Columns:
    """Return the columns of a row, `width` by `height`, that ends in a button so wide.

    `speed` False: the others share its room. Narrow: name and fit above, everything else in the
    line below, at `size`.
    """
    room = width - 2 * PAD - button - Space.M
    if width < NARROW:
        half = height // 2
        fit = round(room * _NARROW_FIT)
        above = QRect(PAD, 4, room - fit, half - 4)
        beside = QRect(PAD + room - fit, 4, fit, half - 4)
        below = QRect(PAD, half, room, height - half - 4)
        none = QRect()
        return Columns(False, above, none, below, none, beside, none)
    places = []
    left = PAD
    shares = (_NAME, _BITS, _SIZE, _LOSS, _FIT)
    shared = room if speed else room / sum(shares)
    for share in shares:
        wide = round(shared * share)
        places.append(QRect(left, 0, wide, height))
        left += wide
    name, bits, size, loss, fit_place = places
    rest = QRect(left, 0, PAD + room - left, height) if speed else QRect()
    return Columns(True, name, bits, size, loss, fit_place, rest)


def small_font(base: QFont) -> QFont:
    """Return the font of notes beside text in `base`."""
    return resized(base, Size.SMALL)
