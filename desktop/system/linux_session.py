"""What the variables of a Linux session say: its desktop, its folders, whether it is a sandbox.

Sources: XDG Base Directory Specification 0.8 of freedesktop.org, whose variables count only with
full paths in them. Any thread.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FLATPAK: Final = Path("/.flatpak-info")


def desktops(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the desktop in small letters, the nearest first."""
    return tuple(environment.get("XDG_CURRENT_DESKTOP", "").casefold().split(":"))


def is_wayland(environment: Mapping[str, str]) -> bool:
    """Whether windows are drawn by a Wayland compositor; an X server may be there as well."""
    is_named = environment.get("XDG_SESSION_TYPE") == "wayland"
    return is_named or bool(environment.get("WAYLAND_DISPLAY"))


def is_flatpak() -> bool:
    """Whether we run in the sandbox of Flatpak."""
    return _FLATPAK.exists()


def is_sandboxed(environment: Mapping[str, str]) -> bool:
    """Whether we run in the sandbox of Flatpak or Snap."""
    return bool(environment.get("SNAP")) or is_flatpak()


def config_folder(environment: Mapping[str, str]) -> Path:
    """Return where programs keep the settings of this account."""
    return _own(environment, "XDG_CONFIG_HOME", ".config")


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return where programs keep the data of this account."""
    return _own(environment, "XDG_DATA_HOME", ".local/share")


def system_config_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where the settings of all accounts are, those that count more first."""
    return _folders(environment.get("XDG_CONFIG_DIRS") or "/etc/xdg")


def system_data_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where the data of all accounts is, that which counts more first."""
    return _folders(environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share")


def _own(environment: Mapping[str, str], name: str, usual: str) -> Path:
    folder = Path(environment.get(name, ""))
    if folder.is_absolute():
        return folder
    return Path(environment.get("HOME") or Path.home()) / usual


def _folders(names: str) -> tuple[Path, ...]:
    return tuple(folder for folder in map(Path, names.split(":")) if folder.is_absolute())
