"""Keys on a real X server: pressed by hands, held, moved by layouts, taken by other programs."""

import select
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus, parse_chord
from desktop.domain.text import Text
from tests.harness.screen import Screen, virtual_screen
from tests.harness.waiting import wait_for

if sys.platform != "linux":
    pytest.skip("needs an X server", allow_module_level=True)

from desktop.system.hotkey.x11 import X11Keys
from desktop.system.hotkey.x11_server import Pressed, XServer
from tests.harness.hands import Hands

_WORDS = Text("Ask")
_SPACE, _J = 65, 44
_ANY_MODIFIER = 0x8000
_CTRL_ALT, _NUM_LOCK = 4 | 8, 16


@dataclass
class _Keys:
    """The keys under test, and what was heard of them."""

    keys: X11Keys
    pressed: list[KeyAction] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    told: list[tuple[KeyAction, KeyStatus]] = field(default_factory=list)

    def bind(self, chord: str, action: KeyAction = KeyAction.ASK) -> KeyStatus:
        status = self.keys.bind(action, parse_chord(chord), _WORDS).status
        self.pump()
        return status

    def pump(self) -> None:
        """Take what is there, as an event loop does; at most a moment."""
        number = self.keys.fileno()
        seconds = self.keys.pump()
        if number is not None and number == self.keys.fileno():
            select.select([number], [], [], min(0.01 if seconds is None else seconds, 0.01))
            self.keys.pump()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            self.pump()
            return condition()

        wait_for(look, 10, lambda: f"{what}; {self.pressed} {self.told}")

    def settle(self) -> None:
        """Let everything that was done before come, a change of the layout too."""
        assert self.bind("Ctrl+Alt+Shift+Meta+F9", KeyAction.STOP) is KeyStatus.BOUND
        self.until(lambda: self.keys.pump() is None, "no change of the layout that waits")
        self.keys.unbind(KeyAction.STOP)


def _wait_until_free(other: XServer, keycode: int) -> None:
    """Wait until another program can have a key: what gives it back comes over another connection."""
    wait_for(lambda: other.grab(keycode, [_CTRL_ALT]) is KeyStatus.BOUND, 10, "the key, free")


def _is_more(heard: list[KeyAction], than: int) -> bool:
    return len(heard) > than


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with virtual_screen(tmp_path_factory.mktemp("screen")) as one:
        yield one


@pytest.fixture
def display(screen: Screen) -> str:
    return screen.environment["DISPLAY"]


@pytest.fixture
def hands(display: str, screen: Screen) -> Iterator[Hands]:
    screen.call("setxkbmap", "us")
    one = Hands(display)
    yield one
    one.set_locks()
    one.close()
    screen.call("setxkbmap", "us")


@pytest.fixture
def keys(display: str, hands: Hands) -> Iterator[_Keys]:
    one = _Keys(X11Keys(display))

    def on_pressed(action: KeyAction, token: str, time_ms: int) -> None:
        assert token == ""
        one.pressed.append(action)
        one.times.append(time_ms)

    def on_changed(action: KeyAction, result: KeyResult) -> None:
        one.told.append((action, result.status))

    one.keys.start(on_pressed, on_changed)
    yield one
    one.keys.close()


@pytest.fixture
def other(display: str) -> Iterator[XServer]:
    """Return another program that wants keys."""
    one = XServer(display)
    yield one
    one.close()


@pytest.mark.parametrize("caps", [False, True])
@pytest.mark.parametrize("num", [False, True])
def test_a_key_works_whichever_locks_are_on(
    keys: _Keys, hands: Hands, num: bool, caps: bool
) -> None:
    assert keys.bind("Ctrl+Alt+Space") is KeyStatus.BOUND
    hands.set_locks(num=num, caps=caps)
    for _ in range(3):
        seen = len(keys.pressed)
        hands.tap("space", "Control_L", "Alt_L")
        keys.until(partial(_is_more, keys.pressed, seen), "a key")

    assert keys.pressed == [KeyAction.ASK] * 3
    assert sorted(set(keys.times)) == keys.times, "the time of each, as the server counts"
    assert keys.told == []


def test_other_modifiers_make_another_chord(keys: _Keys, hands: Hands) -> None:
    keys.bind("Ctrl+Alt+Space")
    keys.bind("Meta+J", KeyAction.SHOW)
    hands.tap("space", "Control_L")
    hands.tap("space", "Control_L", "Alt_L", "Shift_L")
    hands.tap("space", "Control_L", "Alt_L", "Super_L")
    hands.tap("j", "Super_L")

    keys.until(lambda: keys.pressed != [], "a key")
    assert keys.pressed == [KeyAction.SHOW]


def test_a_key_that_is_held_works_once(
    keys: _Keys, hands: Hands, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.call("xset", "r", "rate", "100", "50")
    seen: list[Pressed] = []
    take = X11Keys._take

    def spy(self: X11Keys, event: object) -> None:
        seen.extend([event] if isinstance(event, Pressed) else [])
        take(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(X11Keys, "_take", spy)
    keys.bind("Ctrl+Alt+Space")
    with hands.holding("Control_L", "Alt_L", "space"):
        keys.until(lambda: len(seen) >= 5, "a key that repeats itself")
    keys.settle()
    assert keys.pressed == [KeyAction.ASK]

    hands.tap("space", "Control_L", "Alt_L")
    keys.until(lambda: len(keys.pressed) == 2, "the next press")


@pytest.mark.parametrize(
    "states",
    [
        pytest.param([_CTRL_ALT | locks for locks in (0, 2, 16, 18)], id="the whole chord"),
        pytest.param([_CTRL_ALT | _NUM_LOCK], id="with NumLock alone"),
        pytest.param([_ANY_MODIFIER], id="the key with whatever is held"),
    ],
)
def test_a_key_of_another_program_is_taken_until_it_wait_until_free(
    keys: _Keys, hands: Hands, other: XServer, display: str, states: list[int]
) -> None:
    assert other.grab(_J, states) is KeyStatus.BOUND

    assert keys.keys.is_free(parse_chord("Ctrl+Alt+J")) is False
    assert keys.bind("Ctrl+Alt+J") is KeyStatus.TAKEN
    if states == [_CTRL_ALT | _NUM_LOCK]:
        third = XServer(display)
        assert third.grab(_J, [_CTRL_ALT]) is KeyStatus.BOUND, "all of it or nothing"
        third.close()
        wait_for(lambda: hands.can_have("j", _CTRL_ALT), 10, "the third program gone")
    hands.tap("j", "Control_L", "Alt_L")
    keys.settle()
    assert keys.pressed == []

    other.give_back(_J, states)
    other.keyboard()
    assert keys.keys.is_free(parse_chord("Ctrl+Alt+J")) is True
    assert keys.bind("Ctrl+Alt+J") is KeyStatus.BOUND
    hands.tap("j", "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")


def test_asking_whether_a_key_is_free_leaves_it_free(keys: _Keys, other: XServer) -> None:
    assert keys.keys.is_free(parse_chord("Ctrl+Alt+Space")) is True

    _wait_until_free(other, _SPACE)
    assert keys.keys.is_free(parse_chord("Ctrl+F35")) is False, "no key types it"


def test_the_earlier_key_stays_if_the_new_one_cannot_be_had(
    keys: _Keys, hands: Hands, other: XServer
) -> None:
    keys.bind("Ctrl+Alt+Space")
    other.grab(_J, [_CTRL_ALT])
    assert keys.bind("Ctrl+Alt+J") is KeyStatus.TAKEN
    assert keys.bind("Ctrl+F35") is KeyStatus.INVALID

    hands.tap("space", "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")


def test_a_new_key_takes_the_place_of_the_earlier_one(
    keys: _Keys, hands: Hands, other: XServer
) -> None:
    keys.bind("Ctrl+Alt+Space")
    assert keys.bind("Ctrl+Alt+J") is KeyStatus.BOUND
    assert keys.bind("Ctrl+Alt+J") is KeyStatus.BOUND, "said twice"

    _wait_until_free(other, _SPACE)
    hands.tap("j", "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")
    keys.keys.unbind(KeyAction.ASK)
    _wait_until_free(other, _J)


def test_two_actions_cannot_have_the_same_key(keys: _Keys) -> None:
    keys.bind("Ctrl+Alt+Space")

    result = keys.keys.bind(KeyAction.SHOW, parse_chord("Ctrl+Alt+Space"), _WORDS)
    assert result.status is KeyStatus.TAKEN
    assert "Lapis" in str(result.reason)
    assert keys.keys.is_free(parse_chord("Ctrl+Alt+Space")) is False


# Where the key with the letter Q is on each layout; on the Russian one, where it would be.
@pytest.mark.parametrize(
    ("layout", "keycode"),
    [
        ("fr", 38),
        ("dvorak", 53),
        ("ru", 24),
        ("us,ru", 24),
        ("ru,us", 24),
        ("us,fr", 24),
        ("us -variant dvorak", 53),
    ],
)
def test_a_key_follows_the_layout(
    keys: _Keys, hands: Hands, screen: Screen, layout: str, keycode: int
) -> None:
    keys.bind("Ctrl+Alt+Q")
    screen.call("setxkbmap", *layout.split())
    keys.settle()
    hands.tap(keycode, "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], f"the key on {layout}")
    if keycode != 24:
        hands.tap(24, "Control_L", "Alt_L")
        keys.settle()
        assert keys.pressed == [KeyAction.ASK], "where it was before"

    assert keys.told == [], "still bound: nothing to tell"


def test_a_key_that_stays_where_it_is_is_never_let_go(
    keys: _Keys, hands: Hands, screen: Screen, other: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.bind("Ctrl+Alt+Space")
    keys.settle()
    given_back: list[int] = []
    monkeypatch.setattr(XServer, "give_back", lambda _self, code, _states: given_back.append(code))
    screen.call("setxkbmap", "dvorak")
    keys.until(lambda: keys.keys.pump() is not None, "a change of the layout")
    keys.until(lambda: keys.keys.pump() is None, "the end of it")

    assert given_back == []
    assert other.grab(_SPACE, [_CTRL_ALT]) is KeyStatus.TAKEN


def test_a_layout_without_the_key_is_told_and_so_is_its_return(
    keys: _Keys, hands: Hands, screen: Screen
) -> None:
    assert keys.bind("Ctrl+Alt+[") is KeyStatus.BOUND
    screen.call("setxkbmap", "ru")
    keys.until(lambda: keys.told == [(KeyAction.ASK, KeyStatus.INVALID)], "no such key")
    screen.call("setxkbmap", "us")
    keys.until(lambda: keys.told[1:] == [(KeyAction.ASK, KeyStatus.BOUND)], "the key is back")

    hands.tap("bracketleft", "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")


def test_a_key_that_another_program_has_in_the_new_layout_is_told(
    keys: _Keys, hands: Hands, screen: Screen, other: XServer
) -> None:
    keys.bind("Ctrl+Alt+Q")
    other.grab(38, [_CTRL_ALT])
    screen.call("setxkbmap", "fr")

    keys.until(lambda: keys.told == [(KeyAction.ASK, KeyStatus.TAKEN)], "a taken key")


def test_num_lock_that_moves_to_another_modifier_still_does_not_matter(
    keys: _Keys, hands: Hands, screen: Screen
) -> None:
    keys.bind("Ctrl+Alt+Space")
    screen.call("xmodmap", "-e", "remove mod2 = Num_Lock", "-e", "add mod3 = Num_Lock")
    keys.settle()
    hands.set_locks(num=True)
    hands.tap("space", "Control_L", "Alt_L")

    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")


def test_whoever_is_called_may_end_everything(display: str, hands: Hands) -> None:
    keys = X11Keys(display)
    heard: list[KeyAction] = []

    def quit_now(action: KeyAction, _token: str, _time: int) -> None:
        heard.append(action)
        keys.close()

    one = _Keys(keys)
    keys.start(quit_now, lambda *_news: None)
    one.bind("Ctrl+Alt+Space")
    for _ in range(3):
        hands.tap("space", "Control_L", "Alt_L")
    wait_for(lambda: keys.pump() is None and heard, 10, "a key")

    assert heard == [KeyAction.ASK]
    assert keys.fileno() is None
    assert keys.bind(KeyAction.ASK, parse_chord("Ctrl+J"), _WORDS).status is KeyStatus.FAILED
    keys.unbind(KeyAction.ASK)
    keys.close()


def test_whoever_is_called_may_bind_another_key(display: str, hands: Hands) -> None:
    one = _Keys(X11Keys(display))
    heard: list[KeyAction] = []

    def move(action: KeyAction, _token: str, _time: int) -> None:
        heard.append(action)
        one.keys.bind(KeyAction.ASK, parse_chord("Ctrl+Alt+J"), _WORDS)

    one.keys.start(move, lambda *_news: None)
    one.bind("Ctrl+Alt+Space")
    hands.tap("space", "Control_L", "Alt_L")
    one.until(lambda: len(heard) == 1, "the first key")
    hands.tap("j", "Control_L", "Alt_L")
    one.until(lambda: len(heard) == 2, "the second key")
    one.keys.close()


def test_a_connection_that_breaks_is_told_and_the_next_bind_makes_another(
    keys: _Keys, hands: Hands
) -> None:
    keys.bind("Ctrl+Alt+Space")
    number = keys.keys.fileno()
    assert number is not None
    with socket.socket(fileno=number) as broken:
        broken.shutdown(socket.SHUT_RDWR)
        broken.detach()
    keys.until(lambda: keys.told == [(KeyAction.ASK, KeyStatus.FAILED)], "a broken connection")
    assert keys.keys.fileno() is None
    assert keys.keys.is_free(parse_chord("Ctrl+J")) is None

    assert keys.bind("Ctrl+Alt+Space") is KeyStatus.BOUND
    hands.tap("space", "Control_L", "Alt_L")
    keys.until(lambda: keys.pressed == [KeyAction.ASK], "the key")
