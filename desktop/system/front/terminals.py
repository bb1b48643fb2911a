"""Which programs are terminals: they have other keys for pasting, and carry out what is pasted.

Pure. Any thread.
"""

from typing import Final

__all__ = ["is_terminal"]

# Names of windows' classes, lower case. Names of the form "org.gnome.Terminal" are told by their end.
_TERMINALS: Final = frozenset(
    {
        *("alacritty", "aterm", "blackbox", "console", "contour", "cool-retro-term"),
        *("deepin-terminal", "eterm", "extraterm", "foot", "footclient", "ghostty"),
        *("gnome-terminal", "gnome-terminal-server", "guake", "hyper", "kgx", "kitty", "konsole"),
        *("lxterminal", "mate-terminal", "mlterm", "ptyxis", "qterminal", "rio", "roxterm"),
        *("rxvt", "sakura", "st", "st-256color", "stterm", "tabby", "terminal", "terminator"),
        *("terminology", "termite", "tilda", "tilix", "urxvt", "uxterm", "warp", "wezterm"),
        *("wezterm-gui", "x-terminal-emulator", "xfce4-terminal", "xterm", "yakuake", "zutty"),
    }
)


def is_terminal(name: str) -> bool:
    """Return whether `name`, the name of a program or the class of its window, is a terminal's."""
    return name.lower().rpartition(".")[2] in _TERMINALS
