"""Keys that work in any program: what they do, which they are, and what became of binding them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from desktop.domain.errors import UserFixable
from desktop.domain.text import Text

USUAL: Final = "default"
"""Stands in the settings for the chord that this system has by default."""

_MODIFIERS: Final = ("Ctrl", "Alt", "Shift", "Meta")
# Keys that nobody types text with: they may stand alone.
_ALONE: Final = frozenset({*(f"F{number}" for number in range(1, 36)), "Pause", "Print"})
_KEY: Final = re.compile(r"[A-Z0-9]|F[1-9]|F[12][0-9]|F3[0-5]|[A-Z][a-zA-Z]+|[!-/:-@\[-`{-~]")


class KeyAction(StrEnum):
    """What a key can do, wherever one is."""

    ASK = "ask"
    ASK_SELECTED = "ask_selected"
    NEW_CHAT = "new_chat"
    SHOW = "show"
    STOP = "stop"


class KeyStatus(StrEnum):
    """What is known of a key. Only a key that was pressed is proved to work."""

    BOUND = "bound"
    PENDING = "pending"
    TAKEN = "taken"
    INVALID = "invalid"
    DENIED = "denied"
    UNVERIFIED = "unverified"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class KeyResult:
    """What became of binding a key.

    `keys` is how the system itself writes the chord, empty for as it was asked for; `reason` says
    more where there is more to say.
    """

    status: KeyStatus
    keys: str = ""
    reason: Text | None = None


class BadChord(UserFixable):
    """A combination that cannot be a key for any program."""


@dataclass(frozen=True, slots=True)
class Chord:
    """One key with its modifiers, in the words of Qt's portable text: `Ctrl+Alt+Space`.

    On macOS `Ctrl` is Command and `Meta` is Control, as Qt has it.
    """

    ctrl: bool
    alt: bool
    shift: bool
    meta: bool
    key: str

    def __str__(self) -> str:
        """Return the chord as `parse_chord` reads it."""
        held = zip(_MODIFIERS, (self.ctrl, self.alt, self.shift, self.meta), strict=True)
        return "+".join([*(name for name, is_held in held if is_held), self.key])


def parse_chord(text: str) -> Chord:
    """Return the chord that `text` names; raises BadChord for what cannot be one.

    Ctrl, Alt or Meta has to be held, or else the key would be lost for typing; F keys, Pause and
    Print may stand alone.
    """
    words = text[:-1].rstrip("+").split("+") if text.endswith("+") else text.split("+")
    key = "+" if text.endswith("+") else words.pop()
    held = [word for word in words if word]
    is_key = _KEY.fullmatch(key) is not None and key not in _MODIFIERS
    if any(word not in _MODIFIERS for word in held) or not is_key:
        raise BadChord(
            Text("This is not one key with its modifiers"),
            Text("Hold Ctrl, Alt or the Windows key, and press one other key."),
        )
    ctrl, alt, shift, meta = (name in held for name in _MODIFIERS)
    chord = Chord(ctrl, alt, shift, meta, key)
    if not (chord.ctrl or chord.alt or chord.meta) and key not in _ALONE:
        raise BadChord(
            Text("This key alone is needed for typing"),
            Text("Hold Ctrl, Alt or the Windows key as well."),
        )
    return chord


def usual_chord(action: KeyAction, platform: str) -> str:
    """Return the chord that `action` has by default on `platform` (as `sys.platform`), or "".

    Only the quick question has one: each key taken is one that other programs lose. On macOS
    Command+Space and Control+Space belong to the system.
    """
    if action is not KeyAction.ASK:
        return ""
    return "Shift+Meta+Space" if platform == "darwin" else "Ctrl+Alt+Space"
