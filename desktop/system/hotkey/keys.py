"""The keys of a chord in the numbers and names that each system has for them.

Pure tables and functions of the words that `domain.hotkey` allows. Any thread.

Sources: X11's keysymdef.h and the evdev keycodes of its "pc105" keyboard, the shortcuts
specification of the desktop portals, the virtual-key codes of Windows, HIToolbox/Events.h of macOS.
"""

from typing import Final

from desktop.domain.hotkey import Chord

_X_NAMED: Final = {
    "Space": 0x20,
    "Backspace": 0xFF08,
    "Tab": 0xFF09,
    "Return": 0xFF0D,
    "Pause": 0xFF13,
    "SysReq": 0xFF15,
    "Esc": 0xFF1B,
    "Home": 0xFF50,
    "Left": 0xFF51,
    "Up": 0xFF52,
    "Right": 0xFF53,
    "Down": 0xFF54,
    "PgUp": 0xFF55,
    "PgDown": 0xFF56,
    "End": 0xFF57,
    "Print": 0xFF61,
    "Ins": 0xFF63,
    "Menu": 0xFF67,
    "Help": 0xFF6A,
    "Enter": 0xFF8D,
    "Del": 0xFFFF,
}
_X_F1: Final = 0xFFBE
_X_ROWS: Final = ((10, "1234567890"), (24, "qwertyuiop"), (38, "asdfghjkl"), (52, "zxcvbnm"))

_PORTAL_NAMED: Final = {
    "Space": "space",
    "Backspace": "BackSpace",
    "SysReq": "Sys_Req",
    "Esc": "Escape",
    "PgUp": "Page_Up",
    "PgDown": "Page_Down",
    "Ins": "Insert",
    "Enter": "KP_Enter",
    "Del": "Delete",
}
_PORTAL_MARKS: Final = {
    "!": "exclam",
    '"': "quotedbl",
    "#": "numbersign",
    "$": "dollar",
    "%": "percent",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "parenleft",
    ")": "parenright",
    "*": "asterisk",
    "+": "plus",
    ",": "comma",
    "-": "minus",
    ".": "period",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less",
    "=": "equal",
    ">": "greater",
    "?": "question",
    "@": "at",
    "[": "bracketleft",
    "\\": "backslash",
    "]": "bracketright",
    "^": "asciicircum",
    "_": "underscore",
    "`": "grave",
    "{": "braceleft",
    "|": "bar",
    "}": "braceright",
    "~": "asciitilde",
}

_WINDOWS_NAMED: Final = {
    "Backspace": 0x08,
    "Tab": 0x09,
    "Return": 0x0D,
    "Enter": 0x0D,
    "Pause": 0x13,
    "Esc": 0x1B,
    "Space": 0x20,
    "PgUp": 0x21,
    "PgDown": 0x22,
    "End": 0x23,
    "Home": 0x24,
    "Left": 0x25,
    "Up": 0x26,
    "Right": 0x27,
    "Down": 0x28,
    "Print": 0x2C,
    "Ins": 0x2D,
    "Del": 0x2E,
    "Help": 0x2F,
    "Menu": 0x5D,
}
_WINDOWS_F1: Final = 0x70
_WINDOWS_MOST_F: Final = 24

_MAC_NAMED: Final = {
    "Return": 36,
    "Tab": 48,
    "Space": 49,
    "Backspace": 51,
    "Esc": 53,
    "Enter": 76,
    "Help": 114,
    "Ins": 114,
    "Home": 115,
    "PgUp": 116,
    "Del": 117,
    "End": 119,
    "PgDown": 121,
    "Left": 123,
    "Right": 124,
    "Down": 125,
    "Up": 126,
}
_MAC_F: Final = (
    *(122, 120, 99, 118, 96, 97, 98, 100, 101, 109, 103, 111),
    *(105, 107, 113, 106, 64, 79, 80, 90),
)
# What each place types on an American keyboard, in the order of their codes; blank: no letter.
_MAC_TYPED: Final = "ASDFHGZXCV BQWERYT123465=97-80]OU[IP LJ'K;\\,/NM.  `"


def x_keysym(key: str) -> int | None:
    """Return what X calls `key`, letters in lower case; None for a key that it has no name for."""
    if len(key) == 1:
        return ord(key.lower())
    number = _f_number(key)
    return _X_F1 + number - 1 if number else _X_NAMED.get(key)


def us_keycode(key: str) -> int | None:
    """Return X's keycode where an American keyboard has the letter or digit `key`."""
    for first, row in _X_ROWS:
        place = row.find(key.lower())
        if len(key) == 1 and place >= 0:
            return first + place
    return None


def portal_trigger(chord: Chord) -> str:
    """Return the chord as the desktop portals write it, such as `CTRL+ALT+space`."""
    held = (
        ("CTRL", chord.ctrl),
        ("ALT", chord.alt),
        ("SHIFT", chord.shift),
        ("LOGO", chord.meta),
    )
    key = chord.key
    is_typed = len(key) == 1
    name = _PORTAL_MARKS.get(key, key.lower()) if is_typed else _PORTAL_NAMED.get(key, key)
    return "+".join([*(word for word, is_held in held if is_held), name])


def windows_code(key: str) -> int | None:
    """Return the virtual key of `key`; None for marks, whose key the layout decides, and others."""
    if len(key) == 1:
        return ord(key) if key.isalnum() else None
    number = _f_number(key)
    if number:
        return _WINDOWS_F1 + number - 1 if number <= _WINDOWS_MOST_F else None
    return _WINDOWS_NAMED.get(key)


def windows_modifiers(chord: Chord) -> int:
    """Return what is held, as `RegisterHotKey` takes it: MOD_ALT, MOD_CONTROL, MOD_SHIFT, MOD_WIN."""
    return chord.alt * 1 | chord.ctrl * 2 | chord.shift * 4 | chord.meta * 8


def mac_code(key: str) -> int | None:
    """Return the place of `key` on an American keyboard, as macOS counts places."""
    number = _f_number(key)
    if number:
        return _MAC_F[number - 1] if number <= len(_MAC_F) else None
    place = _MAC_TYPED.find(key) if len(key) == 1 else -1
    return place if place >= 0 else _MAC_NAMED.get(key)


def mac_modifiers(chord: Chord) -> int:
    """Return what is held, as Carbon takes it: `Ctrl` is Command there, `Meta` is Control."""
    return chord.ctrl << 8 | chord.shift << 9 | chord.alt << 11 | chord.meta << 12


def _f_number(key: str) -> int:
    """Return the number of an F key, or 0."""
    return int(key[1:]) if key[0] == "F" and key[1:].isdecimal() else 0
