"""Whether the panel that tray icons stand in is dark, as far as a desktop tells.

There is no common way to ask. In the order in which they are believed:

- X11: the host of a tray says which colour icons should have (`_NET_SYSTEM_TRAY_COLORS`; the panels
  of XFCE, MATE, Cinnamon and GNOME, i3bar and polybar do).
- Windows: `SystemUsesLightTheme` in the registry, which is the taskbar's; `AppsUseLightTheme` is not.
- KDE Plasma: the colours of its own style (`plasmarc`), else those of the colour scheme. The
  preference that the portal tells is that of windows, and wrong for a dark panel with light windows.
- GNOME: its bar is dark, whatever windows are.
- Elsewhere the portal's preference, where it says dark; and COSMIC, whose panel follows it.

Reads small files, and may ask a display or a bus that hangs: in an errand. Nothing is raised.
"""

import configparser
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from desktop.system.linux_session import (
    config_folder,
    data_folder,
    desktops,
    is_wayland,
    system_config_folders,
    system_data_folders,
)

_LARGEST: Final = 512 * 1024
_LIGHT_FROM: Final = 128.0
_GNOME: Final = frozenset({"gnome", "unity", "pop", "ubuntu"})
_FOLLOWS: Final = frozenset({"cosmic"})
_PERSONALIZE: Final = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"


class Tone(StrEnum):
    """How a panel looks."""

    DARK = "dark"
    LIGHT = "light"
    UNKNOWN = "unknown"


def panel_tone(environment: Mapping[str, str], platform: str = sys.platform) -> Tone:
    """Return how the panel looks now."""
    if platform == "win32":
        return _taskbar()
    if platform == "darwin":
        # Its menu bar tints template images by itself.
        return Tone.UNKNOWN
    if environment.get("DISPLAY") and not is_wayland(environment):
        from desktop.system.panel_x11 import wanted_colour

        colour = wanted_colour(environment["DISPLAY"])
        if colour is not None:
            return Tone.LIGHT if _brightness(colour) < _LIGHT_FROM else Tone.DARK
    names = frozenset(desktops(environment))
    if "kde" in names:
        return _plasma(environment)
    if names & _GNOME:
        return Tone.DARK
    from desktop.system.portal_settings import Scheme, colour_scheme

    scheme = colour_scheme(environment)
    if scheme is Scheme.DARK:
        return Tone.DARK
    return Tone.LIGHT if scheme is Scheme.LIGHT and names & _FOLLOWS else Tone.UNKNOWN


def files_to_watch(environment: Mapping[str, str], platform: str = sys.platform) -> list[Path]:
    """Return the files that are written when the panel becomes another one."""
    if platform in {"win32", "darwin"} or "kde" not in desktops(environment):
        return []
    folder = config_folder(environment)
    return [folder / name for name in ("plasmarc", "kdedefaults/plasmarc", "kdeglobals")]


def _taskbar() -> Tone:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _PERSONALIZE) as key:
                light, _kind = winreg.QueryValueEx(key, "SystemUsesLightTheme")
        except OSError:
            # Older than the light taskbar.
            return Tone.DARK
        return Tone.LIGHT if light else Tone.DARK
    return Tone.UNKNOWN


def _plasma(environment: Mapping[str, str]) -> Tone:
    for folder in _config_folders(environment):
        style = _value(folder / "plasmarc", "Theme", "name")
        if style:
            break
    else:
        style = "default"
    for folder in _data_folders(environment):
        # A style without such a file follows the colour scheme, as Plasma's usual one does.
        own = _background(folder / "plasma" / "desktoptheme" / _file_name(style) / "colors")
        if own is not None:
            return own
    return _plasma_scheme(environment)


def _plasma_scheme(environment: Mapping[str, str]) -> Tone:
    for folder in _config_folders(environment):
        file = folder / "kdeglobals"
        own = _background(file)
        if own is not None:
            return own
        name = _value(file, "General", "ColorScheme")
        if name:
            for data in _data_folders(environment):
                found = _background(data / "color-schemes" / f"{_file_name(name)}.colors")
                if found is not None:
                    return found
    # Breeze, as it comes.
    return Tone.LIGHT


def _background(file: Path) -> Tone | None:
    """Return how the windows look that `file` has the colours of; None if it has none."""
    words = _value(file, "Colors:Window", "BackgroundNormal").split(",")
    try:
        red, green, blue = (int(word) for word in words[:3])
    except ValueError:
        return None
    return Tone.LIGHT if _brightness((red, green, blue)) >= _LIGHT_FROM else Tone.DARK


def _brightness(colour: tuple[int, int, int]) -> float:
    """Return how bright a colour of three bytes looks, from 0 to 255 (ITU-R BT.601)."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _value(file: Path, section: str, name: str) -> str:
    """Return what a file of KDE has under `name`; empty for nothing, or no such file."""
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, interpolation=None, delimiters=("=",)
    )
    try:
        with file.open("rb") as stream:
            parser.read_string(stream.read(_LARGEST).decode(errors="replace"))
    except (OSError, configparser.Error, AttributeError):
        # The last one before Python 3.13, where a line goes on with a name that has no value.
        return ""
    return parser.get(section, name, fallback="") or ""


def _file_name(name: str) -> str:
    """Return what of `name` can be a file of one folder."""
    return name.replace("/", "_").replace("\0", "_").lstrip(".") or "default"


def _config_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    own = config_folder(environment)
    # What came with a global theme; chosen by hand goes before it.
    yield from (own, own / "kdedefaults", *system_config_folders(environment))


def _data_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    yield from (data_folder(environment), *system_data_folders(environment))
