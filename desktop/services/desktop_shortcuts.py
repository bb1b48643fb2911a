"""The desktop's own shortcut for the quick question, written at a click. Blocks; any thread."""

import os
from collections.abc import Callable, Mapping
from typing import Final

from desktop.domain.hotkey import BadChord, KeyResult, KeyStatus, parse_chord
from desktop.services.desktops import Desktop
from desktop.system.linux_session import is_sandboxed
from desktop.system.shortcuts.base import ShortcutWriter

__all__ = ["can_write", "remove_shortcut", "write_shortcut"]

Environment = Mapping[str, str]


def can_write(desktop: Desktop, environment: Environment = os.environ) -> bool:
    """Return whether `write_shortcut` could do anything here; looks at programs and files only."""
    # A sandbox has settings of its own, which no desktop reads.
    found = None if is_sandboxed(environment) else _writer(desktop, environment)
    return found is not None and found.is_there()


def write_shortcut(
    desktop: Desktop, chord: str, command: str, environment: Environment = os.environ
) -> KeyResult:
    """Have `desktop` run `command` at `chord`, in place of an earlier shortcut of ours.

    TAKEN and INVALID change nothing; UNVERIFIED: it is written, and pressing it proves it. Raises
    LapisError.
    """
    found = _writer(desktop, environment)
    if found is None:
        return KeyResult(KeyStatus.UNSUPPORTED)
    try:
        keys = parse_chord(chord)
    except BadChord as error:
        return KeyResult(KeyStatus.INVALID, "", error.hint)
    result = found.write(keys, command)
    return KeyResult(result.status, result.keys or chord, result.reason)


def remove_shortcut(desktop: Desktop, environment: Environment = os.environ) -> None:
    """Take the shortcut of ours away; nothing where there is none. Raises LapisError."""
    found = _writer(desktop, environment)
    if found is not None:
        found.remove()


def _gnome(_environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.gsettings import GnomeShortcuts

    return GnomeShortcuts()


def _cinnamon(_environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.gsettings import CinnamonShortcuts

    return CinnamonShortcuts()


def _mate(_environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.gsettings import MateShortcuts

    return MateShortcuts()


def _xfce(_environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.xfce import XfceShortcuts

    return XfceShortcuts()


def _kde(environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.kde import KdeShortcuts

    return KdeShortcuts(environment)


def _sway(environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.lines import SWAY, LineShortcuts

    return LineShortcuts(SWAY, environment)


def _hyprland(environment: Environment) -> ShortcutWriter:
    from desktop.system.shortcuts.lines import HYPRLAND, LineShortcuts

    return LineShortcuts(HYPRLAND, environment)


_WRITERS: Final[Mapping[Desktop, Callable[[Environment], ShortcutWriter]]] = {
    Desktop.GNOME: _gnome,
    Desktop.CINNAMON: _cinnamon,
    Desktop.MATE: _mate,
    Desktop.XFCE: _xfce,
    Desktop.KDE: _kde,
    Desktop.SWAY: _sway,
    Desktop.HYPRLAND: _hyprland,
}


def _writer(desktop: Desktop, environment: Environment) -> ShortcutWriter | None:
    make = _WRITERS.get(desktop)
    return None if make is None else make(environment)
