"""What keys do, what became of them, and how they are written. GUI thread."""

import re
import sys
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PySide6.QtGui import QKeySequence

from desktop.domain.hotkey import USUAL, BadChord, KeyAction, KeyStatus, parse_chord
from desktop.domain.text import Text, shortened
from desktop.ui.icons import IconName
from desktop.ui.key_view import KeyView, KeyWay, Refusal, TrialState
from desktop.ui.labels import Tone
from desktop.ui.translation import say

__all__ = ["StateWords", "action_hint", "action_name", "caps_of", "held_caps", "native", "state_of"]

_Sign: TypeAlias = Literal["muted", "accent", "good", "warn", "bad"]

_PORTABLE = QKeySequence.SequenceFormat.PortableText
_NATIVE = QKeySequence.SequenceFormat.NativeText
_ARROWS = {"Up": "↑", "Down": "↓", "Left": "←", "Right": "→"}
# As they stand on the keys there: Qt's Ctrl is Command, its Meta Control.
_MAC = {"Ctrl": "⌘", "Alt": "⌥", "Shift": "⇧", "Meta": "⌃"}
_LONGEST = 40
_GTK = re.compile(r"(?:Press )?((?:<\w+>)+)(\w+)")
_GTK_NAME = re.compile(r"<(\w+)>")
_GTK_HELD = {
    "control": "Ctrl",
    "primary": "Ctrl",
    "alt": "Alt",
    "mod1": "Alt",
    "shift": "Shift",
    "super": "Meta",
    "meta": "Meta",
    "mod4": "Meta",
}
_MAC_ORDER = ("Meta", "Alt", "Shift", "Ctrl")


@dataclass(frozen=True, slots=True)
class StateWords:
    """A sentence or two, with an icon before them."""

    words: str
    icon: IconName
    sign: _Sign
    tone: Tone


def action_name(action: KeyAction) -> str:
    """Return what a key does, in a word or two."""
    match action:
        case KeyAction.ASK:
            return say(Text("Quick question"))
        case KeyAction.ASK_SELECTED:
            return say(Text("Ask about selected text"))
        case KeyAction.NEW_CHAT:
            return say(Text("New chat"))
        case KeyAction.SHOW:
            return say(Text("Show the window"))
        case KeyAction.STOP:
            return say(Text("Stop the answer"))


def action_hint(action: KeyAction) -> str:
    """Return what a key does, in a sentence."""
    match action:
        case KeyAction.ASK:
            return say(Text("Shows it over whatever you are doing; pressed again, hides it."))
        case KeyAction.ASK_SELECTED:
            return say(Text("The same, with what is selected in the program in front."))
        case KeyAction.NEW_CHAT:
            return say(Text("Brings the window to the front with an empty chat."))
        case KeyAction.SHOW:
            return say(Text("Brings the window to the front."))
        case KeyAction.STOP:
            return say(Text("Ends the answer that is being written, wherever you are."))


def caps_of(chord: str) -> list[str]:
    """Return what stands on each key of `chord`; whatever cannot be read stays in one piece."""
    if not chord or chord == USUAL:
        return []
    try:
        parsed = parse_chord(_from_gtk(chord))
    except BadChord:
        return [shortened(chord, _LONGEST)]
    held = (parsed.ctrl, parsed.alt, parsed.shift, parsed.meta)
    names = [
        name
        for name, is_held in zip(("Ctrl", "Alt", "Shift", "Meta"), held, strict=True)
        if is_held
    ]
    return [*held_caps(names), _key_cap(parsed.key)]


def held_caps(names: list[str]) -> list[str]:
    """Return what stands on the keys to be held, in the order in which this system says them."""
    if sys.platform == "darwin":
        return [_MAC[name] for name in _MAC_ORDER if name in names]
    return [_held_cap(name) for name in names]


def native(chord: str) -> str:
    """Return `chord` as a person reads it, in the middle of a sentence."""
    return ("" if sys.platform == "darwin" else "+").join(caps_of(chord))


def state_of(view: KeyView) -> StateWords | None:
    """Return what there is to say of a key; None for one that nobody wants."""
    if view.trial.state is not TrialState.NONE:
        return _trial(view)
    if view.refusal is not None:
        return _refused(view, view.refusal)
    return _bound(view)


def _from_gtk(keys: str) -> str:
    """Return "Press <Control><Alt>space", as GNOME says it, in our words; others as they are."""
    found = _GTK.fullmatch(keys)
    if found is None:
        return keys
    held = [_GTK_HELD.get(name.casefold(), name) for name in _GTK_NAME.findall(found[1])]
    key = found[2]
    return "+".join([*held, key.upper() if len(key) == 1 else key[0].upper() + key[1:]])


def _held_cap(name: str) -> str:
    if name == "Meta":
        return "Win" if sys.platform == "win32" else "Super"
    # Qt knows these words in every language, but only with a key behind them.
    return QKeySequence(f"{name}+A", _PORTABLE).toString(_NATIVE).removesuffix("+A")


def _key_cap(key: str) -> str:
    return _ARROWS.get(key) or QKeySequence(key, _PORTABLE).toString(_NATIVE) or key


def _trial(view: KeyView) -> StateWords:
    keys = native(view.keys)
    match view.trial.state:
        case TrialState.RUNNING if view.way is KeyWay.BY_HAND:
            words = say(Text("Press the key that you have bound, now."))
            return StateWords(words, "keyboard", "accent", "accent")
        case TrialState.RUNNING:
            return StateWords(
                say(Text("Press {keys} now.", {"keys": keys})), "keyboard", "accent", "accent"
            )
        case TrialState.WORKED:
            return StateWords(
                say(Text("It works: the press has reached Lapis.")), "check-circle", "good", "good"
            )
        case _:
            return StateWords(_why_missed(view), "warning", "warn", "warn")


def _why_missed(view: KeyView) -> str:
    """Return who was asked for the key, and why nothing may have come."""
    match view.mechanism:
        case _ if view.way is KeyWay.BY_HAND:
            return say(
                Text(
                    "The desktop has not run the command. Look in its keyboard settings whether "
                    "the key is there, and whether something else has it too."
                )
            )
        case "x11":
            return say(
                Text(
                    "The X server has promised this key, but no press came. An open menu, a "
                    "virtual machine, a game or the screen lock may hold the whole keyboard."
                )
            )
        case "portal":
            return say(
                Text(
                    "The desktop's portal has sent no press. The key may be switched off in the "
                    "desktop's settings, or belong to another program there."
                )
            )
        case "windows":
            return say(
                Text(
                    "Windows has sent no press. A game in full screen, or a program that watches "
                    "the keyboard, may take it first."
                )
            )
        case "macos":
            return say(
                Text(
                    "macOS has sent no press. Another program may have the same key, of which "
                    "macOS does not tell. Choose another one."
                )
            )
        case _:
            return say(Text("No press came. Another program may take this key first."))


def _refused(view: KeyView, refusal: Refusal) -> StateWords:
    status, reason = refusal.result.status, refusal.result.reason
    keys = native(refusal.chord)
    if status is KeyStatus.TAKEN:
        fact = say(Text("Another program already uses {keys}.", {"keys": keys}))
    else:
        fact = say(Text("{keys} cannot be used here.", {"keys": keys}))
    words = _because(fact, reason)
    if view.chord and view.chord != refusal.chord:
        stays = say(Text("{keys} stays in use.", {"keys": native(view.keys)}))
        words = _joined(words, stays)
    return StateWords(words, "warning", "warn", "warn")


def _bound(view: KeyView) -> StateWords | None:
    keys = native(view.keys)
    status, reason = view.result.status, view.result.reason
    if view.is_paused and view.chord:
        words = say(Text("Paused in the tray: until it goes on there, no key is answered."))
        return StateWords(words, "pause", "muted", "muted")
    if view.proved_on and (view.may_work or view.way is KeyWay.BY_HAND):
        words = say(Text("Works: it was pressed on {day}.", {"day": view.proved_on}))
        return StateWords(words, "check-circle", "good", "normal")
    match status:
        case KeyStatus.OFF if view.way is not KeyWay.BY_HAND:
            return None
        case KeyStatus.BOUND:
            words = say(Text("It is yours. Only a press proves that it arrives."))
            return StateWords(words, "info", "accent", "muted")
        case KeyStatus.UNVERIFIED:
            words = say(reason or Text("Only a press can tell whether it is yours."))
            if reason is not None and "line" in reason.values:
                words = say(
                    Text("Add this line to the configuration of your desktop, then press the keys.")
                )
            return StateWords(words, "info", "accent", "normal")
        case KeyStatus.PENDING:
            words = say(Text("Your desktop is asking you to confirm the shortcut."))
            return StateWords(words, "info", "accent", "normal")
        case KeyStatus.TAKEN:
            words = say(Text("Another program already uses {keys}.", {"keys": keys}))
            return StateWords(_because(words, reason), "warning", "warn", "warn")
        case KeyStatus.INVALID:
            words = say(Text("{keys} cannot be used here.", {"keys": keys}))
            return StateWords(_because(words, reason), "warning", "warn", "warn")
        case KeyStatus.DENIED:
            words = say(
                reason
                or Text("You declined the shortcut. Turn it on in the settings of your desktop.")
            )
            return StateWords(words, "warning", "warn", "warn")
        case KeyStatus.FAILED:
            words = say(reason or Text("The desktop does not answer for this key."))
            return StateWords(words, "warning", "muted", "muted")
        case _:
            words = say(
                Text("This desktop gives keys to no program, but it can run a command at a key.")
            )
            return StateWords(words, "info", "accent", "normal")


def _because(words: str, reason: Text | None) -> str:
    return words if reason is None else _joined(words, say(reason))


def _joined(fact: str, reason: str) -> str:
    return say(Text("{fact} {reason}", {"fact": fact, "reason": reason}))
