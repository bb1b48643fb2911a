"""A chord in the words of each desktop's settings, and the other way round. Pure; any thread."""

import re
from typing import Final

from desktop.domain.hotkey import Chord
from desktop.system.hotkey.keys import portal_trigger

_GTK: Final = (("<Control>", "ctrl"), ("<Alt>", "alt"), ("<Shift>", "shift"), ("<Super>", "meta"))
_GTK_NAMES: Final = {
    "control": "ctrl",
    "primary": "ctrl",
    "ctrl": "ctrl",
    "ctl": "ctrl",
    "alt": "alt",
    "mod1": "alt",
    "shift": "shift",
    "shft": "shift",
    "super": "meta",
    "mod4": "meta",
}
_GTK_HELD: Final = re.compile(r"<([A-Za-z0-9]+)>")
_SWAY: Final = (("Ctrl", "ctrl"), ("Mod1", "alt"), ("Shift", "shift"), ("Mod4", "meta"))
_SWAY_NAMES: Final = {"control": "ctrl", "ctrl": "ctrl", "alt": "alt", "mod1": "alt"} | {
    "shift": "shift",
    "mod4": "meta",
    "super": "meta",
    "logo": "meta",
}
# Qt::KeyboardModifier and Qt::Key, which the keys of KDE are made of.
_QT_HELD: Final = (
    (0x04000000, "ctrl"),
    (0x08000000, "alt"),
    (0x02000000, "shift"),
    (0x10000000, "meta"),
)
_QT_NAMED: Final = {
    "Space": 0x20,
    "Esc": 0x01000000,
    "Tab": 0x01000001,
    "Backspace": 0x01000003,
    "Return": 0x01000004,
    "Enter": 0x01000005,
    "Ins": 0x01000006,
    "Del": 0x01000007,
    "Pause": 0x01000008,
    "Print": 0x01000009,
    "SysReq": 0x0100000A,
    "Home": 0x01000010,
    "End": 0x01000011,
    "Left": 0x01000012,
    "Up": 0x01000013,
    "Right": 0x01000014,
    "Down": 0x01000015,
    "PgUp": 0x01000016,
    "PgDown": 0x01000017,
    "Menu": 0x01000055,
    "Help": 0x01000058,
}
_QT_F1: Final = 0x01000030


def keysym_name(chord: Chord) -> str:
    """Return the key as X and xkb name it: `space`, `a`, `Page_Up`."""
    return portal_trigger(Chord(ctrl=False, alt=False, shift=False, meta=False, key=chord.key))


def gtk(chord: Chord, control: str = "<Control>") -> str:
    """Return the chord as GTK writes it: `<Control><Alt>space`."""
    held = "".join(word for word, name in _GTK if getattr(chord, name))
    return held.replace("<Control>", control) + keysym_name(chord)


def gtk_key(accelerator: str) -> tuple[frozenset[str], str]:
    """Return modifiers and key of an accelerator, so that two ways to write it are equal."""
    held = frozenset(
        _GTK_NAMES.get(name.casefold(), name) for name in _GTK_HELD.findall(accelerator)
    )
    return held, _GTK_HELD.sub("", accelerator).casefold()


def sway(chord: Chord) -> str:
    """Return the chord as sway and i3 write it: `Ctrl+Mod1+space`."""
    held = [word for word, name in _SWAY if getattr(chord, name)]
    return "+".join([*held, keysym_name(chord)])


def sway_key(words: str) -> tuple[frozenset[str], str]:
    """Return modifiers and key of a chord of sway, so that two ways to write it are equal."""
    *held, key = words.split("+")
    names = frozenset(_SWAY_NAMES.get(name.casefold(), name) for name in held)
    return names, key.casefold()


def hyprland(chord: Chord) -> str:
    """Return the chord as Hyprland writes it: `CTRL ALT, space`."""
    words = portal_trigger(chord).replace("LOGO", "SUPER").split("+")
    return f"{' '.join(words[:-1])}, {words[-1]}"


def hyprland_key(held: str, key: str) -> tuple[frozenset[str], str]:
    """Return modifiers and key of a line of Hyprland, so that two ways to write it are equal."""
    names = re.findall(r"CTRL|CONTROL|ALT|SHIFT|SUPER|LOGO|MOD4|WIN", held.upper())
    same = {"CONTROL": "CTRL", "LOGO": "SUPER", "MOD4": "SUPER", "WIN": "SUPER"}
    return frozenset(same.get(name, name) for name in names), key.strip().casefold()


def qt(chord: Chord) -> int | None:
    """Return the chord as the number that Qt and KDE know it by; None for a key it has not."""
    key = chord.key
    if len(key) == 1:
        number: int | None = ord(key.upper())
    elif re.fullmatch(r"F[0-9]+", key):
        number = _QT_F1 + int(key[1:]) - 1
    else:
        number = _QT_NAMED.get(key)
    if number is None:
        return None
    return number | sum(bit for bit, name in _QT_HELD if getattr(chord, name))
