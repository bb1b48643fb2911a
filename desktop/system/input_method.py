"""Makes Chinese typing work on X11, where Qt's own build lacks the plugin for fcitx.

fcitx also answers as IBus through the portal, for which Qt has a plugin: so that is what Qt is
told to use. Wayland has its own protocol and is left alone. To be called before Qt starts.
"""

import sys
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

__all__ = ["prepare_input_method", "qt_input_plugins"]

_NAMES = ("QT_IM_MODULE", "QT_IM_MODULES", "XMODIFIERS")


def prepare_input_method(environment: MutableMapping[str, str], plugins: Path | None) -> None:
    """Change `environment` where it asks for fcitx on X11 and `plugins` (of Qt) has none."""
    if sys.platform in {"win32", "darwin"} or _on_wayland(environment):
        return
    asks = any("fcitx" in environment.get(name, "") for name in _NAMES)
    if not asks or (plugins is not None and any(plugins.glob("*fcitx*"))):
        return
    environment.pop("QT_IM_MODULES", None)
    environment["QT_IM_MODULE"] = "ibus"
    environment["IBUS_USE_PORTAL"] = "1"


def qt_input_plugins() -> Path | None:
    """Return the folder of Qt's input method plugins, without importing Qt."""
    spec = find_spec("PySide6")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) / "Qt" / "plugins" / "platforminputcontexts" if places else None


def _on_wayland(environment: MutableMapping[str, str]) -> bool:
    platform = environment.get("QT_QPA_PLATFORM", "")
    if platform:
        return platform.startswith("wayland")
    return bool(environment.get("WAYLAND_DISPLAY"))
