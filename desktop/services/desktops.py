"""Which desktop this is: who reads the keyboard before programs do. Any thread."""

import sys
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from desktop.system.linux_session import desktops

__all__ = ["Desktop", "desktop_of"]


class Desktop(Enum):
    """Who reads the keyboard before programs do."""

    GNOME = auto()
    KDE = auto()
    XFCE = auto()
    CINNAMON = auto()
    MATE = auto()
    LXQT = auto()
    DEEPIN = auto()
    SWAY = auto()
    I3 = auto()
    HYPRLAND = auto()
    WINDOWS = auto()
    MACOS = auto()
    OTHER = auto()


_NAMES: Final = {
    "gnome": Desktop.GNOME,
    "unity": Desktop.GNOME,
    "kde": Desktop.KDE,
    "xfce": Desktop.XFCE,
    "x-cinnamon": Desktop.CINNAMON,
    "cinnamon": Desktop.CINNAMON,
    "mate": Desktop.MATE,
    "lxqt": Desktop.LXQT,
    "deepin": Desktop.DEEPIN,
    "dde": Desktop.DEEPIN,
    "sway": Desktop.SWAY,
    "i3": Desktop.I3,
    "hyprland": Desktop.HYPRLAND,
}


def desktop_of(environment: Mapping[str, str], platform: str = sys.platform) -> Desktop:
    """Return which desktop this is, by `XDG_CURRENT_DESKTOP` (several names, the nearest first)."""
    if platform == "win32":
        return Desktop.WINDOWS
    if platform == "darwin":
        return Desktop.MACOS
    names = desktops(environment)
    return next((_NAMES[name] for name in names if name in _NAMES), Desktop.OTHER)
