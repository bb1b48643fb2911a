"""Chords that are worth trying when another one is taken. Pure; any thread.

On Linux and Windows the space bar and keys that no layout moves come first. On Windows no letter
with Ctrl+Alt (AltGr types with it) and no Windows key, which the system keeps to itself.
"""

from typing import Final

from desktop.domain.hotkey import KeyAction

_LETTERS: Final = {
    KeyAction.ASK: "K",
    KeyAction.ASK_SELECTED: "E",
    KeyAction.NEW_CHAT: "N",
    KeyAction.SHOW: "J",
    KeyAction.STOP: "X",
}


def candidates(action: KeyAction, platform: str) -> tuple[str, ...]:
    """Return chords for `action` on `platform` (as `sys.platform`), the best one first."""
    letter = _LETTERS[action]
    spaces: tuple[str, ...]
    letters: tuple[str, ...]
    others: tuple[str, ...]
    if platform == "darwin":
        spaces = ("Shift+Meta+Space", "Ctrl+Shift+Space", "Ctrl+Shift+Meta+Space")
        letters = (f"Alt+Meta+{letter}", f"Ctrl+Meta+{letter}", f"Ctrl+Alt+Meta+{letter}")
        others = ("Ctrl+Meta+Return", "Alt+Meta+Return", "F13", "F14", "F15")
    elif platform == "win32":
        spaces = ("Ctrl+Alt+Space", "Alt+Shift+Space", "Ctrl+Alt+Shift+Space")
        letters = (f"Alt+Shift+{letter}", f"Ctrl+Alt+Shift+{letter}")
        others = ("Ctrl+Alt+Ins", "Ctrl+Alt+Home", "Ctrl+Shift+F11", "Ctrl+Shift+F9", "Pause")
    else:
        spaces = ("Ctrl+Alt+Space", "Shift+Meta+Space", "Ctrl+Meta+Space", "Alt+Meta+Space")
        letters = (f"Ctrl+Alt+{letter}", f"Alt+Meta+{letter}", f"Ctrl+Meta+{letter}")
        others = ("Ctrl+Alt+Return", "Ctrl+Alt+Ins", "Ctrl+Alt+Home", "Ctrl+Alt+Shift+Space")
    if action is KeyAction.ASK:
        return (*spaces, *letters, *others)
    return (*letters, *others, *spaces)
