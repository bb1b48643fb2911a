"""The variables that move everything a program keeps into one folder of a test."""

from collections.abc import Mapping
from pathlib import Path

# What the person who runs the tests has set must not decide how they end.
FOREIGN = (
    "DBUS_SESSION_BUS_ADDRESS",
    "DESKTOP_STARTUP_ID",
    "DISPLAY",
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "NO_COLOR",
    "QT_SCALE_FACTOR",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_ACTIVATION_TOKEN",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
)


def home_variables(folder: Path) -> Mapping[str, str]:
    """Make a home under `folder` and return the variables that lead there."""
    home = folder / "home"
    places = {
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_RUNTIME_DIR": folder / "runtime",
        "XDG_STATE_HOME": home / ".local" / "state",
    }
    for place in places.values():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: str(place) for name, place in places.items()} | {"LANG": "C.UTF-8"}
