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
# GNOME Keyring, KeePassXC and KWallet all answer to it.
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
    yield keyring(names)
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


def keyring(names: BusNames | None) -> Finding:
    """Return where keys and tokens are kept, as far as that can be told without opening it.

    `names` are those on the session bus of Linux and its relatives.
    """
    name, label = "desktop.keyring", Text("Keyring")
    if not _ON_A_BUS:
        return Finding(name, label, State.OK, Text("part of this system"))
    is_offered = names is not None and names.offers(_SECRETS)
    facts = {} if names is None else {"secret_service": is_offered}
    if is_offered:
        return Finding(
            name, label, State.OK, Text("the desktop has one for keys and tokens"), None, facts
        )
    return Finding(
        name,
        label,
        State.UNKNOWN,
        Text("none on the session bus; keys and tokens are kept until Lapis ends"),
        Text("To keep them longer, install GNOME Keyring or KWallet."),
        facts,
    )
