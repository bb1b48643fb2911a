"""Keys by the desktop portal: for Wayland, and for programs in a sandbox.

The desktop owns the keys, asks the person, and tells us when they are pressed. Everything goes over
one connection that never blocks. Source: org.freedesktop.portal.GlobalShortcuts of
xdg-desktop-portal. GUI thread.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.base import Activated, Changed
from desktop.system.hotkey.keys import portal_trigger
from desktop.system.hotkey.portal_door import PortalDoor, Stage, Visitor
from desktop.system.hotkey.portal_facts import PortalFacts
from desktop.system.hotkey.portal_presses import Presses
from desktop.system.hotkey.portal_session import (
    Outcome,
    PortalSession,
    Shortcut,
    listed_shortcuts,
)
from desktop.system.hotkey.portal_timers import Timers
from desktop.system.hotkey.portal_values import SESSION, BusSignal
from desktop.system.hotkey.portal_words import (
    NO_PORTAL,
    PENDING,
    REVOKED,
    hyprland_line,
    result_of,
)

_log = logging.getLogger(__name__)

# Plasma names shortcuts by this where it knows no app id: with another they would be others.
_LASTING_TOKEN: Final = "lapis_keys"  # noqa: S105 - a name, not a secret
_AGAIN: Final = frozenset({KeyStatus.DENIED, KeyStatus.FAILED})
_WORKING: Final = frozenset({KeyStatus.BOUND, KeyStatus.UNVERIFIED})


@dataclass(frozen=True, slots=True)
class _Wanted:
    chord: Chord
    shortcut: Shortcut


class Portal:
    """The mechanism. All keys are asked for together, so a change closes the session first."""

    name: Final = "portal"
    can_choose_keys: Final = False

    def __init__(self, facts: PortalFacts, prepare: Callable[[], bool] = lambda: False) -> None:
        """Do nothing yet.

        `prepare` sees to the desktop entry that the portal knows programs by, and returns whether
        it wrote it just now.
        """
        self._facts = facts
        self._activated: Activated = lambda _action, _token, _time: None
        self._changed: Changed = lambda _action, _result: None
        self._timers = Timers()
        visitor = Visitor(self._renew, self._on_failed, self._on_signal, self._on_back)
        self._door = PortalDoor(facts, prepare, self._timers, visitor)
        self._numbers = count(int(time.monotonic() * 1000))
        self._session: PortalSession | None = None
        self._is_closing = False
        self._wanted: dict[KeyAction, _Wanted] = {}
        self._results: dict[KeyAction, KeyResult] = {}
        self._presses = Presses()

    def start(self, activated: Activated, changed: Changed) -> None:
        """Connect to the bus; the portal is asked for nothing before there is a key."""
        self._activated = activated
        self._changed = changed
        self._door.connect()

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Ask for the key, and for all others again: PENDING, and `changed` follows.

        Asked for once more, a key is left as it is, unless it was refused or failed.
        """
        wanted = _Wanted(chord, Shortcut(str(description), portal_trigger(chord)))
        result = self._results.get(action)
        if result and self._wanted.get(action) == wanted and result.status not in _AGAIN:
            return result
        self._wanted[action] = wanted
        self._door.connect()
        is_hopeless = self._door.stage is Stage.FAILED and self._door.fault is NO_PORTAL
        if is_hopeless or self._door.stage is Stage.OFF:
            self._results[action] = self._door.fault
            return self._door.fault
        self._results[action] = PENDING
        self._renew()
        return PENDING

    def unbind(self, action: KeyAction) -> None:
        """Ask for the others again, without this one."""
        self._results.pop(action, None)
        if self._wanted.pop(action, None) is not None:
            self._renew()

    def is_free(self, chord: Chord) -> bool | None:
        """Return None: the desktop keeps that to itself."""
        del chord
        return None

    def fileno(self) -> int | None:
        """Return the connection's socket; None without one."""
        return None if self._door.bus is None else self._door.bus.fileno()

    def pump(self) -> float | None:
        """Do what has come."""
        if self._door.bus is not None:
            self._door.bus.pump()
        return self._timers.run()

    def configure(self, activation_token: str = "") -> bool:
        """Have the desktop show its page for these keys, where it can."""
        can = self._door.version >= 2 or self._facts.is_draft
        if self._session is None or not self._session.handle or not can:
            return False
        self._session.open_settings(activation_token)
        return True

    def close(self) -> None:
        """Hang up: the portal gives the keys back then."""
        self._timers.clear()
        self._wanted.clear()
        self._forget_session()
        self._door.close()

    def _renew(self) -> None:
        """Bring about a session with what is wanted, from wherever we are."""
        if self._door.stage is not Stage.READY:
            if self._wanted:
                self._door.knock()
        elif self._session is None:
            if self._wanted:
                self._open()
        elif not self._is_closing:
            self._is_closing = True
            self._session.close(self._on_session_closed)

    def _open(self) -> None:
        door = self._door
        if door.bus is None or door.requests is None:
            return
        is_named_by_token = self._facts.is_kde and not door.is_registered
        self._session = PortalSession(
            door.bus,
            door.requests,
            {action.value: wanted.shortcut for action, wanted in self._wanted.items()},
            self._on_outcome,
            token=_LASTING_TOKEN if is_named_by_token else f"lapis_{next(self._numbers)}",
            is_draft=self._facts.is_draft,
        )

    def _on_session_closed(self) -> None:
        self._forget_session()
        self._renew()

    def _on_outcome(self, outcome: Outcome) -> None:
        answer = outcome.answer
        _log.info("%s: %s", outcome.step.name.lower(), answer.words or answer.error or answer.code)
        if self._session is not None and not self._session.handle:
            self._forget_session()
        for action, wanted in list(self._wanted.items()):
            line = ""
            if self._facts.is_hyprland:
                line = hyprland_line(self._facts.app_id, action.value, wanted.chord)
            self._set(action, result_of(action.value, outcome, self._door.registration, line))

    def _on_signal(self, signal: BusSignal) -> None:
        handle = "" if self._session is None or self._is_closing else self._session.handle
        if not handle:
            return
        match (signal.member, signal.body):
            case ("Closed", _) if signal.interface == SESSION and signal.path == handle:
                self._forget_session()
                self._set_all(REVOKED)
            case ("ShortcutsChanged", (str(session), listed)) if session == handle:
                self._on_listed(listed_shortcuts(listed))
            case ("Activated", (str(session), name, when, dict(options))) if session == handle:
                self._on_pressed(self._action(name), when, options)
            case ("Deactivated", (str(session), name, *_)) if session == handle:
                self._presses.released(name)
            case _:
                return

    def _on_pressed(self, action: KeyAction | None, when: Any, options: Mapping[str, Any]) -> None:
        result = None if action is None else self._results.get(action)
        # Some desktops tell of keys that they have just refused.
        if action is None or result is None or result.status not in _WORKING:
            return
        if not self._presses.is_new(action.value):
            return
        if result.status is KeyStatus.UNVERIFIED:
            self._set(action, KeyResult(KeyStatus.BOUND, result.keys))
        match options.get("activation_token"):
            case ("s", str(token)):
                self._activated(action, token, _milliseconds(when))
            case _:
                self._activated(action, "", _milliseconds(when))

    def _on_listed(self, listed: Mapping[str, str]) -> None:
        """Take what the person changed in the desktop's settings."""
        for action in list(self._wanted):
            keys = listed.get(action.value)
            if keys:
                self._set(action, KeyResult(KeyStatus.BOUND, keys))

    def _on_back(self) -> None:
        self._set_all(PENDING)
        self._renew()

    def _on_failed(self, fault: KeyResult) -> None:
        self._forget_session()
        self._set_all(fault)

    def _forget_session(self) -> None:
        if self._session is not None:
            self._session.drop()
        self._session = None
        self._is_closing = False
        self._presses.clear()
        if self._door.requests is not None:
            self._door.requests.forget()

    def _set_all(self, result: KeyResult) -> None:
        for action in list(self._wanted):
            self._set(action, result)

    def _set(self, action: KeyAction, result: KeyResult) -> None:
        # Whoever was told of one may have given up another.
        if action in self._wanted and self._results.get(action) != result:
            self._results[action] = result
            self._changed(action, result)

    def _action(self, name: Any) -> KeyAction | None:
        """Return the wanted action that a shortcut is of."""
        return next((action for action in self._wanted if action.value == name), None)


def _milliseconds(when: Any) -> int:
    return when if isinstance(when, int) else 0
