"""What lets keys work inside of the event loop does it when something comes, and never otherwise."""

import ctypes
import socket
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QByteArray, QCoreApplication
from pytestqt.qtbot import QtBot

from desktop.ui.hotkey_pump import HotkeyPump, WindowsMessages
from tests.ui.keys import ScriptedKeys


def _turns() -> None:
    """Let Qt do what is due, a few times."""
    for _ in range(5):
        QCoreApplication.processEvents()


class _Wired(ScriptedKeys):
    """Keys whose presses come over a socket; `waits` are what `pump` returns, in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.here, self.there = socket.socketpair()
        self.here.setblocking(False)
        self.waits: list[float | None] = []
        self.pumped = 0
        self.inside = 0
        self.deepest = 0
        self.then = lambda: None

    def fileno(self) -> int | None:
        return None if self.here.fileno() < 0 else self.here.fileno()

    def pump(self) -> float | None:
        self.pumped += 1
        self.inside += 1
        self.deepest = max(self.deepest, self.inside)
        try:
            if self.here.recv(16):
                self.then()
        except BlockingIOError:
            pass
        self.inside -= 1
        return self.waits.pop(0) if self.waits else None

    def close(self) -> None:
        super().close()
        self.here.close()


@pytest.fixture
def wired() -> Iterator[_Wired]:
    one = _Wired()
    yield one
    one.close()
    one.there.close()


def test_what_comes_over_the_connection_is_taken_at_once(qtbot: QtBot, wired: _Wired) -> None:
    pump = HotkeyPump(wired)
    heard: list[int] = []
    wired.then = lambda: heard.append(1)
    pump.look()
    wired.there.send(b"x")
    qtbot.waitUntil(lambda: len(heard) == 1)
    wired.there.send(b"x")
    qtbot.waitUntil(lambda: len(heard) == 2)
    seen = wired.pumped
    _turns()

    assert wired.pumped == seen, "nothing is done while nothing comes"
    pump.close()


def test_it_is_called_again_when_it_asked_for_that(qtbot: QtBot, wired: _Wired) -> None:
    wired.waits = [0.01, 0.01, None]
    pump = HotkeyPump(wired)
    pump.look()
    qtbot.waitUntil(lambda: wired.pumped == 3)
    pump.close()


def test_an_event_loop_inside_of_a_press_does_not_enter_it_again(
    qtbot: QtBot, wired: _Wired
) -> None:
    def stay() -> None:
        wired.there.send(b"x")
        _turns()

    pump = HotkeyPump(wired)
    wired.then = stay
    pump.look()
    wired.there.send(b"x")
    qtbot.waitUntil(lambda: wired.pumped >= 4)
    pump.close()

    assert wired.deepest == 1


def test_whoever_hears_of_a_press_may_close_it_all(qtbot: QtBot, wired: _Wired) -> None:
    pump = HotkeyPump(wired)

    def close() -> None:
        pump.close()
        wired.close()

    wired.then = close
    pump.look()
    wired.there.send(b"x")
    qtbot.waitUntil(lambda: wired.closed)
    seen = wired.pumped
    pump.look()
    _turns()

    assert wired.pumped == seen


def test_another_connection_is_watched_instead(qtbot: QtBot, wired: _Wired) -> None:
    pump = HotkeyPump(wired)
    pump.look()
    old, far = wired.here, wired.there
    wired.here, wired.there = socket.socketpair()
    wired.here.setblocking(False)
    heard: list[int] = []
    wired.then = lambda: heard.append(1)
    pump.look()
    old.close()
    far.close()
    wired.there.send(b"x")
    qtbot.waitUntil(lambda: heard == [1])
    pump.close()


class _Taker:
    """Knows one message as its own."""

    def __init__(self, own: int) -> None:
        self.own = own
        self.shown: list[int] = []

    def take(self, message: int) -> bool:
        self.shown.append(message)
        return message == self.own


@pytest.mark.parametrize("kind", [b"windows_generic_MSG", b"windows_dispatcher_MSG"])
def test_on_windows_each_message_is_shown_by_its_address_and_kept_from_nobody_else(
    kind: bytes,
) -> None:
    ours, other = ctypes.create_string_buffer(48), ctypes.create_string_buffer(48)
    taker = _Taker(ctypes.addressof(ours))
    messages = WindowsMessages(taker)

    def show(name: bytes, message: ctypes.Array[ctypes.c_char]) -> object:
        pointer = shiboken6.VoidPtr(ctypes.addressof(message), 48)  # type: ignore[call-arg]
        return messages.nativeEventFilter(QByteArray(name), pointer)  # type: ignore[arg-type]

    assert show(kind, ours) == (True, 0)
    assert show(kind, other) == (False, 0)
    assert show(b"xcb_generic_event_t", ours) == (False, 0)
    assert taker.shown == [ctypes.addressof(ours), ctypes.addressof(other)]
