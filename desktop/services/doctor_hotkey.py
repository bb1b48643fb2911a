"""The key for quick questions: which way it is had here, and whether the running Lapis has it."""

import os
import sys
from pathlib import Path
from typing import Final

from desktop.domain.health import Fact, Finding, State
from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text, printable
from desktop.services.hotkey_state import HotkeyState, read_hotkeys
from desktop.system.hotkey.factory import way

__all__ = ["examine_hotkey", "hotkey_finding"]

_NAME: Final = "desktop.hotkey"
_COMMAND: Final = "lapis --toggle-popup"
_CHOOSE: Final = Text("Choose another one in Lapis: Settings, Keys.")
_BY_HAND: Final = Text(
    "In the keyboard settings of the desktop, bind a key to lapis --toggle-popup. Settings, Keys "
    "says how."
)


def examine_hotkey(left: Path) -> Finding:
    """Return what is known; `left` is the file of `services.hotkey_state`. Nothing is bound."""
    return hotkey_finding(read_hotkeys(left), way(os.environ, sys.platform, ""))


def hotkey_finding(running: HotkeyState | None, mechanism: str) -> Finding:
    """Return what the Lapis that runs told, or that none runs where `mechanism` would be used."""
    if running is None:
        return _found(
            State.UNKNOWN,
            Text("Lapis is not running; it would have its key by {way}", {"way": _way(mechanism)}),
            {"mechanism": mechanism, "running": False},
        )
    result = running.results.get(KeyAction.ASK, KeyResult(KeyStatus.OFF))
    facts: dict[str, Fact] = {
        "mechanism": running.mechanism,
        "running": True,
        "status": result.status.value,
        "keys": printable(result.keys),
        "proved": running.is_proved,
    }
    return _judged(result, running, facts)


def _judged(result: KeyResult, running: HotkeyState, facts: dict[str, Fact]) -> Finding:
    named = {"keys": printable(result.keys), "way": _way(running.mechanism)}
    match result.status:
        case KeyStatus.UNSUPPORTED if running.is_proved:
            return _found(State.OK, Text("bound in the desktop, and it has worked"), facts)
        case KeyStatus.UNSUPPORTED:
            words = Text("this desktop gives keys to no program; it can run a command instead")
            return _found(State.UNKNOWN, words, facts, _BY_HAND)
        case KeyStatus.BOUND | KeyStatus.UNVERIFIED if running.is_proved:
            return _found(State.OK, Text("{keys}, by {way}; it has worked", named), facts)
        case KeyStatus.BOUND:
            words = Text("{keys}, by {way}; nobody has pressed it yet", named)
            return _found(State.OK, words, facts)
        case KeyStatus.UNVERIFIED | KeyStatus.PENDING:
            words = Text("asked for by {way}; only a press can tell whether it is had", named)
            return _found(State.UNKNOWN, words, facts)
        case KeyStatus.TAKEN:
            return _found(State.WARNING, Text("another program already uses it"), facts, _CHOOSE)
        case KeyStatus.INVALID:
            return _found(State.WARNING, Text("it cannot be used here"), facts, _CHOOSE)
        case KeyStatus.DENIED:
            advice = Text("Turn it on in the desktop's settings for keys.")
            return _found(State.WARNING, Text("it was declined"), facts, advice)
        case KeyStatus.FAILED:
            advice = Text("Start Lapis again; in Settings, Keys it says more.")
            return _found(State.WARNING, Text("the desktop does not answer for it"), facts, advice)
        case KeyStatus.OFF:
            return _found(State.UNKNOWN, Text("none is chosen"), facts)


def _found(
    state: State, detail: Text, facts: dict[str, Fact], advice: Text | None = None
) -> Finding:
    return Finding(_NAME, Text("Hotkey"), state, detail, advice, {**facts, "command": _COMMAND})


def _way(mechanism: str) -> str:
    """Return how a key is had, by the name that programs know it by."""
    match mechanism:
        case "x11":
            return "X11, XGrabKey"
        case "portal":
            return "xdg-desktop-portal, GlobalShortcuts"
        case "windows":
            return "Windows, RegisterHotKey"
        case "macos":
            return "macOS, RegisterEventHotKey"
        case _:
            return _COMMAND
