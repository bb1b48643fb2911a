"""A pressed key as a combination that any mechanism understands, whatever the layout. GUI thread."""

import sys
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from desktop.domain.hotkey import BadChord, Chord, parse_chord
from desktop.domain.text import Text

__all__ = ["chord_pressed", "held_now", "is_modifier"]

_KEY: Final = Qt.Key
_MODIFIERS: Final = {
    _KEY.Key_Control: "Ctrl",
    _KEY.Key_Alt: "Alt",
    _KEY.Key_Shift: "Shift",
    _KEY.Key_Meta: "Meta",
    _KEY.Key_Super_L: "Meta",
    _KEY.Key_Super_R: "Meta",
}
# Held or latched too, but no part of a combination.
_OTHERS: Final = frozenset(
    {
        _KEY.Key_AltGr,
        _KEY.Key_Mode_switch,
        _KEY.Key_Hyper_L,
        _KEY.Key_Hyper_R,
        _KEY.Key_CapsLock,
        _KEY.Key_NumLock,
        _KEY.Key_ScrollLock,
    }
)
_HELD: Final = (
    ("Ctrl", Qt.KeyboardModifier.ControlModifier),
    ("Alt", Qt.KeyboardModifier.AltModifier),
    ("Shift", Qt.KeyboardModifier.ShiftModifier),
    ("Meta", Qt.KeyboardModifier.MetaModifier),
)
# Places of keys as the kernel of Linux numbers them, plus 8, with what a US keyboard has there.
_PLACES: Final = {
    **dict(zip(range(10, 20), "1234567890", strict=True)),
    **dict(zip(range(24, 34), "QWERTYUIOP", strict=True)),
    **dict(zip(range(38, 47), "ASDFGHJKL", strict=True)),
    **dict(zip(range(52, 59), "ZXCVBNM", strict=True)),
}
_NUMBERED: Final = ("xcb", "wayland")


def held_now(event: QKeyEvent) -> list[str]:
    """Return the modifiers that are down after `event`, as `Chord` names them."""
    modifiers = event.modifiers()
    held = {name for name, flag in _HELD if modifiers & flag}
    own = _MODIFIERS.get(Qt.Key(event.key()))
    # Systems differ in whether an event counts the very key that it is about.
    if own is not None and event.type() == QEvent.Type.KeyPress:
        held.add(own)
    elif own is not None:
        held.discard(own)
    return [name for name, _flag in _HELD if name in held]


def is_modifier(event: QKeyEvent) -> bool:
    """Return whether `event` is about a key that is held for another one."""
    key = Qt.Key(event.key())
    return key in _MODIFIERS or key in _OTHERS


def chord_pressed(event: QKeyEvent) -> str:
    """Return the combination of `event` as `parse_chord` reads it; raises BadChord."""
    held = held_now(event)
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier and _types(_name(event.key())):
        raise BadChord(
            Text("Keys of the number pad cannot be used here"),
            Text("Take the same key from the main part of the keyboard."),
        )
    chord = Chord("Ctrl" in held, "Alt" in held, "Shift" in held, "Meta" in held, _key(event))
    parse_chord(str(chord))
    if sys.platform == "darwin" and chord.alt and not (chord.ctrl or chord.meta):
        raise BadChord(
            Text("Option types characters, so macOS gives it to no program alone"),
            Text("Hold Command or Control as well."),
        )
    return str(chord)


def _key(event: QKeyEvent) -> str:
    """Return the key itself: what it types without Shift, or where it is on a US keyboard."""
    if event.key() == _KEY.Key_Backtab:
        return "Tab"
    name = _name(event.key())
    if len(name) > 1 and name.isascii():
        return name
    place = ""
    if QGuiApplication.platformName() in _NUMBERED:
        place = _PLACES.get(event.nativeScanCode(), "")
    is_plain = bool(name) and name.isascii()
    # Shift makes another character of a digit, but the combination is with the digit.
    if place and (not is_plain or (place.isdigit() and not name.isalnum() and _shifted(event))):
        return place
    if not name:
        raise BadChord(Text("This key has no name"), Text("Choose another one."))
    return name


def _name(key: int) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def _shifted(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)


def _types(name: str) -> bool:
    """Return whether the key is one that types something, so that it is there twice."""
    return len(name) <= 1 or name == "Enter"
