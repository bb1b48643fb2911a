"""Which colour the host of an X11 tray wants icons to have.

`_NET_SYSTEM_TRAY_COLORS`, an extension of the System Tray Protocol by GNOME that others took up:
twelve cardinals on the window that owns the tray, red, green and blue of 16 bits for ordinary
icons, errors, warnings and successes. A connection of its own for each question; in an errand.
"""

import struct
from typing import Final

_COLOURS: Final = "_NET_SYSTEM_TRAY_COLORS"
_CHANNELS: Final = 3


def wanted_colour(display: str) -> tuple[int, int, int] | None:
    """Return red, green and blue from 0 to 255; None where no host says."""
    import xcffib
    import xcffib.xproto

    try:
        connection = xcffib.connect(display)
    except xcffib.ConnectionException:
        return None
    try:
        core = connection.core
        owner = (
            core.GetSelectionOwner(_atom(core, f"_NET_SYSTEM_TRAY_S{connection.pref_screen}"))
            .reply()
            .owner
        )
        if not owner:
            return None
        kind = xcffib.xproto.Atom.CARDINAL
        found = core.GetProperty(False, owner, _atom(core, _COLOURS), kind, 0, _CHANNELS).reply()
        content = found.value.buf()
    except xcffib.XcffibException:
        # The display went, or its host just now.
        return None
    finally:
        connection.disconnect()
    if found.format != 32 or len(content) < 4 * _CHANNELS:
        return None
    red, green, blue = struct.unpack_from(f"={_CHANNELS}I", content)
    return _byte(red), _byte(green), _byte(blue)


def _atom(core: object, name: str) -> int:
    words = name.encode()
    atom: int = core.InternAtom(False, len(words), words).reply().atom  # type: ignore[attr-defined]
    return atom


def _byte(channel: int) -> int:
    return min(0xFFFF, channel) >> 8
