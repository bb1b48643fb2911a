"""Keys under X11: grabbed on the root window, whatever locks are on and whichever layout is in use.

The server says at once whether another program has a key. While another program has the whole
keyboard (an open menu, a screen locker, a virtual machine) no key comes. GUI thread.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.base import NOT_TYPED, OURS_ALREADY, Activated, Changed, nobody
from desktop.system.hotkey.x11_keyboard import Keyboard, Place
from desktop.system.hotkey.x11_server import (
    Event,
    KeyboardChanged,
    NoLibraryError,
    NoServerError,
    Pressed,
    Released,
    XServer,
)

# A change of the layout comes as a burst of events, and so does a keyboard that is plugged in.
_QUIET_SECONDS: Final = 0.15

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Grab:
    """A key that is ours in all these states."""

    place: Place
    states: frozenset[int]


class X11Keys:
    """`Mechanism` for an X server. What comes of a bind holds until `changed` says otherwise."""

    name: Final = "x11"
    can_choose_keys: Final = True

    def __init__(self, display: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """Do nothing yet. `display` instead of the environment's; `clock` counts seconds."""
        self._display = display
        self._clock = clock
        self._server: XServer | None = None
        self._keyboard: Keyboard | None = None
        self._is_closed = False
        self._activated: Activated = nobody
        self._changed: Changed = nobody
        # A chord stays wanted while the layout has no key for it, or another program has its key.
        self._wanted: dict[KeyAction, Chord] = {}
        self._grabs: dict[KeyAction, _Grab] = {}
        self._told: dict[KeyAction, KeyResult] = {}
        self._released: dict[int, int] = {}
        self._regrab_at: float | None = None

    def start(self, activated: Activated, changed: Changed) -> None:
        """Begin to listen; without a server each bind tries again to reach it."""
        self._activated, self._changed = activated, changed
        self._reach()

    def bind(self, action: KeyAction, chord: Chord, description: Text) -> KeyResult:
        """Take the chord's key. Call `pump` soon: events may have come with the answer."""
        del description
        try:
            result = self._bind(action, chord)
        except NoServerError:
            result = _lost()
            self._lose()
        if action not in self._grabs or result.status is KeyStatus.BOUND:
            self._wanted[action], self._told[action] = chord, result
        return result

    def unbind(self, action: KeyAction) -> None:
        """Give the key back and want it no more."""
        self._wanted.pop(action, None)
        self._told.pop(action, None)
        grab = self._grabs.pop(action, None)
        if grab is not None and self._server is not None:
            try:
                self._server.give_back(grab.place.keycode, grab.states)
            except NoServerError:
                self._lose()

    def is_free(self, chord: Chord) -> bool | None:
        """Take the key and give it back. False for keys that are ours."""
        server, keyboard = self._server, self._keyboard
        if server is None or keyboard is None:
            return None
        place = keyboard.place(chord)
        if place is None or self._owner(place) is not None:
            return False
        states = frozenset(keyboard.states(place.held))
        try:
            is_free = server.grab(place.keycode, states) is KeyStatus.BOUND
            if is_free:
                server.give_back(place.keycode, states)
        except NoServerError:
            self._lose()
            return None
        return is_free

    def fileno(self) -> int | None:
        """Return the connection to the server."""
        try:
            return None if self._server is None else self._server.fileno()
        except NoServerError:
            return None

    def pump(self) -> float | None:
        """Take all events; whoever is called may close this, or bind."""
        try:
            while self._server is not None:
                event = self._server.next_event()
                if event is not None:
                    self._take(event)
                elif self._regrab_at is not None and self._clock() >= self._regrab_at:
                    self._regrab_at = None
                    self._follow(self._server)
                else:
                    break
        except NoServerError:
            self._lose()
        if self._server is None or self._regrab_at is None:
            return None
        return max(0.0, self._regrab_at - self._clock())

    def configure(self, activation_token: str = "") -> bool:
        """Return False: no desktop has a page for these."""
        del activation_token
        return False

    def close(self) -> None:
        """Leave the server, which gives the keys back."""
        self._is_closed = True
        self._leave()

    def _reach(self) -> KeyResult | None:
        """Connect unless that is done, and take what is wanted; return what is in the way."""
        if self._server is not None or self._is_closed:
            return _lost() if self._is_closed else None
        try:
            self._server = XServer(self._display)
            self._keyboard = self._server.keyboard()
        except NoServerError:
            self._leave()
            return _lost()
        except NoLibraryError:
            _log.warning("no library to talk to the X server")
            return KeyResult(KeyStatus.UNSUPPORTED)
        self._tell(self._take_wanted(self._server, self._keyboard))
        return None

    def _bind(self, action: KeyAction, chord: Chord) -> KeyResult:
        problem = self._reach()
        server, keyboard = self._server, self._keyboard
        if problem is not None or server is None or keyboard is None:
            return problem or _lost()
        earlier = self._grabs.get(action)
        result = self._take_key(action, chord, server, keyboard)
        grab = self._grabs.get(action)
        if earlier is not None and earlier is not grab:
            server.give_back(earlier.place.keycode, earlier.states)
        return result

    def _take_key(
        self, action: KeyAction, chord: Chord, server: XServer, keyboard: Keyboard
    ) -> KeyResult:
        """Grab the chord's key; what the action had before stays grabbed."""
        place = keyboard.place(chord)
        if place is None:
            return NOT_TYPED
        owner = self._owner(place)
        if owner not in {None, action}:
            return OURS_ALREADY
        grab = _Grab(place, frozenset(keyboard.states(place.held)))
        if grab != self._grabs.get(action):
            status = server.grab(place.keycode, grab.states)
            if status is not KeyStatus.BOUND:
                return KeyResult(status)
            self._grabs[action] = grab
        return KeyResult(KeyStatus.BOUND)

    def _owner(self, place: Place) -> KeyAction | None:
        """Return which action has this key; of an earlier layout where that was not left yet."""
        return next((each for each, grab in self._grabs.items() if grab.place == place), None)

    def _take(self, event: Event) -> None:
        match event:
            case Pressed():
                self._on_pressed(event)
            case Released():
                self._released[event.keycode] = event.time
            case KeyboardChanged():
                self._regrab_at = self._clock() + _QUIET_SECONDS

    def _on_pressed(self, event: Pressed) -> None:
        # The server lets a held key come up and go down again in the same millisecond.
        is_repeat = self._released.pop(event.keycode, None) == event.time
        if is_repeat or self._keyboard is None:
            return
        place = Place(event.keycode, event.state & self._keyboard.counted)
        action = self._owner(place)
        if action is not None:
            self._activated(action, "", event.time)

    def _follow(self, server: XServer) -> None:
        """Look where the wanted keys are now. Those that stay where they are are never let go."""
        keyboard = server.keyboard()
        self._keyboard = keyboard
        for action, grab in list(self._grabs.items()):
            place = keyboard.place(self._wanted[action])
            if place is None or grab != _Grab(place, frozenset(keyboard.states(place.held))):
                del self._grabs[action]
                server.give_back(grab.place.keycode, grab.states)
        self._tell(self._take_wanted(server, keyboard))

    def _take_wanted(self, server: XServer, keyboard: Keyboard) -> dict[KeyAction, KeyResult]:
        return {
            action: self._take_key(action, chord, server, keyboard)
            for action, chord in self._wanted.items()
        }

    def _tell(self, results: dict[KeyAction, KeyResult]) -> None:
        news = {each: result for each, result in results.items() if self._told[each] != result}
        self._told |= news
        for action, result in news.items():
            self._changed(action, result)

    def _lose(self) -> None:
        """Say that the server is gone; the chords stay wanted."""
        self._leave()
        if not self._is_closed:
            _log.warning("the connection for keys to the X server broke")
            self._tell(dict.fromkeys(self._wanted, _lost()))

    def _leave(self) -> None:
        server, self._server = self._server, None
        self._keyboard = None
        self._regrab_at = None
        self._grabs.clear()
        self._released.clear()
        if server is not None:
            server.close()


def _lost() -> KeyResult:
    reason = Text("Lapis cannot reach the keyboard of this desktop.")
    return KeyResult(KeyStatus.FAILED, reason=reason)
