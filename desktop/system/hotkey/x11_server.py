"""One connection to the X server, for keys alone: what it is asked, and what it tells of them.

All of xcffib is in here; it is imported when a connection is made. Nothing waits for another
program, only for the server itself. One thread at a time.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from desktop.domain.hotkey import KeyStatus
from desktop.system.hotkey.x11_keyboard import Keyboard, keyboard

_POINTER_MAPPING: Final = 2


class NoServerError(Exception):
    """The X server cannot be reached, or has gone."""


class NoLibraryError(Exception):
    """What is needed to talk to an X server is not installed."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key of ours went down; `state` holds the bits of modifiers and locks, `time` is in ms."""

    keycode: int
    state: int
    time: int


@dataclass(frozen=True, slots=True)
class Released:
    """A key of ours came up."""

    keycode: int
    time: int


@dataclass(frozen=True, slots=True)
class KeyboardChanged:
    """Keys may type something else from now on."""


Event: TypeAlias = Pressed | Released | KeyboardChanged


def load() -> None:
    """Import what a connection needs, which takes a while; any thread. Raises NoLibraryError."""
    try:
        import xcffib.xproto  # noqa: F401 - what is imported is kept
    except (ImportError, OSError) as error:
        raise NoLibraryError from error


class XServer:
    """Keys of the root window. No extension is used.

    A client of the XKB extension hears no MappingNotify, and its autorepeat looks different.
    """

    def __init__(self, display: str = "") -> None:
        """Connect to `display`, else as the environment says.

        Raises NoServerError, NoLibraryError.
        """
        load()
        import xcffib
        from xcffib import xproto

        self._x = xproto
        self._gone: type[Exception] = xcffib.XcffibException
        self._refused: type[Exception] = xcffib.Error
        try:
            self._connection: Any = xcffib.connect(display=display or None)
        except xcffib.XcffibException as error:
            raise NoServerError from error
        setup = self._connection.get_setup()
        self._first: int = setup.min_keycode
        self._count: int = setup.max_keycode - setup.min_keycode + 1
        self._root: int = setup.roots[self._connection.pref_screen].root

    def fileno(self) -> int:
        """Return what can be read when events come."""
        with self._reached():
            number: int = self._connection.get_file_descriptor()
        return number

    def keyboard(self) -> Keyboard:
        """Ask what the keys type. Events may be waiting afterwards with nothing left to read."""
        with self._reached():
            core = self._connection.core
            asked = core.GetKeyboardMapping(self._first, self._count), core.GetModifierMapping()
            keys, modifiers = (cookie.reply() for cookie in asked)
        return keyboard(
            self._first,
            keys.keysyms_per_keycode,
            list(keys.keysyms),
            list(modifiers.keycodes),
            modifiers.keycodes_per_modifier,
        )

    def grab(self, keycode: int, states: Iterable[int]) -> KeyStatus:
        """Take a key in all `states` or in none: BOUND, TAKEN, or FAILED.

        Events may be waiting afterwards with nothing left to read.
        """
        wanted = tuple(states)
        x, status = self._x, KeyStatus.BOUND
        with self._reached():
            cookies = [
                self._connection.core.GrabKeyChecked(
                    True,
                    self._root,
                    state,
                    keycode,
                    x.GrabMode.Async,
                    x.GrabMode.Async,
                )
                for state in wanted
            ]
            for cookie in cookies:
                try:
                    cookie.check()
                except x.AccessError:
                    status = KeyStatus.TAKEN
                except self._refused:
                    status = KeyStatus.FAILED
        if status is not KeyStatus.BOUND:
            self.give_back(keycode, wanted)
        return status

    def give_back(self, keycode: int, states: Iterable[int]) -> None:
        """Let others have a key in `states`; no harm is done where it was not ours."""
        with self._reached():
            for state in states:
                self._connection.core.UngrabKey(keycode, self._root, state)
            self._connection.flush()

    def next_event(self) -> Event | None:
        """Return what came, None when that was all."""
        x = self._x
        while True:
            with self._reached():
                try:
                    event = self._connection.poll_for_event()
                except self._refused:
                    # Of a request that nobody waits for, such as giving a key back.
                    continue
            match event:
                case None:
                    return None
                case x.KeyPressEvent():
                    return Pressed(event.detail, event.state, event.time)
                case x.KeyReleaseEvent():
                    return Released(event.detail, event.time)
                case x.MappingNotifyEvent() if event.request != _POINTER_MAPPING:
                    return KeyboardChanged()
                case _:
                    pass

    def close(self) -> None:
        """Leave; the server gives all keys back."""
        self._connection.disconnect()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raise NoServerError for whatever xcffib raises when the server is gone."""
        try:
            yield
        except self._gone as error:
            raise NoServerError from error
