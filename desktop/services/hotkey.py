"""The key that calls the quick question: the command to bind, and where this desktop binds it.

For desktops that give programs no keys: they run a command instead, which a person tells them, or
`write_shortcut` does at a click. Any thread.
"""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.domain.hotkey import KeyAction, parse_chord, usual_chord
from desktop.domain.text import Text
from desktop.services.desktop_shortcuts import can_write, remove_shortcut, write_shortcut
from desktop.services.desktops import Desktop, desktop_of
from desktop.system.own_command import lapis_words
from desktop.system.shortcuts.chords import sway
from desktop.system.shortcuts.lines import hyprland_lines, sway_lines

__all__ = [
    "Binding",
    "Desktop",
    "binding",
    "can_write",
    "desktop_of",
    "remove_shortcut",
    "toggle_command",
    "write_shortcut",
]

_FLAG: Final = "--toggle-popup"
_USUAL: Final = usual_chord(KeyAction.ASK, "linux")


@dataclass(frozen=True, slots=True)
class Binding:
    """How the key is bound: `how` in a sentence, `words` to be copied (a command, or a line)."""

    how: Text
    words: str


def toggle_command(data_dir: Path | None = None) -> str:
    """Return the command that shows or hides the quick question of the Lapis that runs.

    In full where a desktop would not find it by its name; `data_dir` if Lapis was told to use one.
    """
    words = [*lapis_words(), _FLAG]
    if data_dir is not None:
        words += ["--data-dir", str(data_dir.absolute())]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def binding(desktop: Desktop, command: str, chord: str = "") -> Binding:
    """Return how `chord` is bound to `command` on `desktop`; "" for the usual one.

    Where people press it, it is not told.
    """
    keys = parse_chord(chord or _USUAL)
    match desktop:
        case Desktop.SWAY:
            how = Text("Add these lines to ~/.config/sway/config, and reload it.")
            return Binding(how, sway_lines(keys, command).rstrip())
        case Desktop.I3:
            how = Text("Add this line to ~/.config/i3/config, and reload it.")
            return Binding(how, f"bindsym {sway(keys)} exec --no-startup-id {command}")
        case Desktop.HYPRLAND:
            how = Text("Add these lines to ~/.config/hypr/hyprland.conf.")
            return Binding(how, hyprland_lines(keys, command).rstrip())
        case _:
            return Binding(_where(desktop), command)


def _where(desktop: Desktop) -> Text:
    match desktop:
        case Desktop.GNOME:
            return Text(
                "Open Settings, Keyboard, View and Customize Shortcuts, Custom Shortcuts. Add one "
                "with this command, and press the keys that you want."
            )
        case Desktop.KDE:
            return Text(
                "Open System Settings, Shortcuts. Add a command, paste this one, and press the "
                "keys that you want."
            )
        case Desktop.XFCE:
            return Text(
                "Open Settings, Keyboard, Application Shortcuts. Add this command, and press the "
                "keys that you want."
            )
        case Desktop.CINNAMON:
            return Text(
                "Open System Settings, Keyboard, Shortcuts, Custom Shortcuts. Add one with this "
                "command, and press the keys that you want."
            )
        case Desktop.MATE:
            return Text(
                "Open Control Centre, Keyboard Shortcuts. Add one with this command, and press the "
                "keys that you want."
            )
        case Desktop.LXQT:
            return Text(
                "Open Preferences, LXQt Settings, Shortcut Keys. Add one with this command, and "
                "press the keys that you want."
            )
        case Desktop.DEEPIN:
            return Text(
                "Open Control Center, Keyboard and Language, Shortcuts. Add a custom one with this "
                "command, and press the keys that you want."
            )
        case Desktop.WINDOWS:
            return Text(
                "Make a shortcut to this command on the desktop. In its properties, click into the "
                "field Shortcut key and press the keys that you want."
            )
        case Desktop.MACOS:
            return Text(
                "Open the app Shortcuts and make one that runs this as a shell script. In its "
                "details, add a keyboard shortcut."
            )
        case _:
            return Text(
                "In the keyboard settings of your desktop, add a shortcut of your own that runs "
                "this command."
            )
