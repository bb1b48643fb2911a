"""Window, tray, keyring and hotkey: what can be told of the desktop without Qt, and no more."""

import os
import sys
from collections.abc import Iterator
from typing import Final

from desktop.base.display import has_display
from desktop.base.paths import Paths
from desktop.domain.health import Finding, State
from desktop.domain.text import Text
from desktop.services.doctor_hotkey import examine_hotkey
from desktop.system.session_bus import BusNames, session_names

_TRAY: Final = "org.kde.StatusNotifierWatcher"
_SECRETS: Final = "org.freedesktop.secrets"
_ON_A_BUS: Final = sys.platform not in {"win32", "darwin"}


def examine_desktop(paths: Paths) -> Iterator[Finding]:
    """Yield what is found; asks the display and the session bus, a few seconds at most."""
    display = has_display()
    names = session_names() if _ON_A_BUS else None
    yield _window(display=display)
    if _ON_A_BUS:
        yield tray(names, display=display, wayland=bool(os.environ.get("WAYLAND_DISPLAY")))
    else:
        yield Finding("desktop.tray", Text("Tray"), State.OK, Text("part of this system"))
    yield _keyring(names)
    yield examine_hotkey(paths.hotkeys)


def tray(names: BusNames | None, *, display: bool, wayland: bool) -> Finding:
    """Return whether the desktop shows tray icons, as far as its session bus tells.

    An X11 desktop may have a tray of the older kind, which only a window can find.
    """
    label, facts = Text("Tray"), {"session_bus": names is not None}
    if not display:
        return Finding(
            "desktop.tray", label, State.UNKNOWN, Text("no display here to have one"), None, facts
        )
    if names is not None and names.offers(_TRAY):
        return Finding(
            "desktop.tray", label, State.OK, Text("the desktop shows tray icons"), None, facts
        )
    if names is not None and wayland:
        return Finding(
            "desktop.tray",
            label,
            State.WARNING,
            Text("the desktop shows no tray icons"),
            Text(
                "On GNOME, install the extension AppIndicator. Without a tray, closing the window "
                "leaves no icon; lapis --show brings it back."
            ),
            facts,
        )
    return Finding(
        "desktop.tray",
        label,
        State.UNKNOWN,
        Text("not announced on the session bus; only the window can find out"),
        None,
        facts,
    )


def _window(*, display: bool) -> Finding:
    if display:
        return Finding("desktop.window", Text("Window"), State.OK, Text("a display answers"))
    return Finding(
        "desktop.window",
        Text("Window"),
        State.UNKNOWN,
        Text("no display found; Lapis chats in the terminal here"),
    )


def _keyring(names: BusNames | None) -> Finding:
    facts = {} if names is None else {"secret_service": names.offers(_SECRETS)}
    return Finding(
        "desktop.keyring",
        Text("Keyring"),
        State.UNKNOWN,
        Text("not used yet: Lapis has no secrets to keep"),
        None,
        facts,
    )
