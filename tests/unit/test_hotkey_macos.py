"""Keys on macOS, with a Carbon of our own behind the declared functions."""

import ctypes
import gc
from typing import Any

import pytest

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus, parse_chord
from desktop.domain.text import Text
from desktop.system.hotkey.base import Mechanism, MessageTaker
from desktop.system.hotkey.macos import EXISTS, INTERNAL, INVALID, NOT_HANDLED, MacKeys, four
from tests.harness.foreign_functions import ForeignLibrary

_WORDS = Text("Ask")
_TARGET = 0x7F0000001000
_COMMAND, _SHIFT, _OPTION, _CONTROL = 1 << 8, 1 << 9, 1 << 11, 1 << 12


class _Carbon(ForeignLibrary):
    """Keeps keys by their reference, and calls the handler as the run loop would."""

    def __init__(self) -> None:
        super().__init__(
            GetEventDispatcherTarget=lambda: _TARGET,
            InstallEventHandler=self._install,
            RemoveEventHandler=self._remove,
            RegisterEventHotKey=self._register,
            UnregisterEventHotKey=self._give_back,
            GetEventParameter=self._parameter,
            GetEventTime=lambda _event: 12.5,
        )
        # Carbon has the address alone, not the object.
        self.handler: int | None = None
        self.keys: dict[int, tuple[int, int, int, int]] = {}
        self.status = 0
        self.install_status = 0
        self.event = 0, 0
        self.parameter_status = 0

    def press(self, reference: int) -> int:
        _code, _held, signature, number = self.keys[reference]
        return self.tell(signature, number)

    def tell(self, signature: int, number: int) -> int:
        assert self.handler is not None
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)
        self.event = signature, number
        gc.collect()
        return int(kind(self.handler)(1, 2, 3))

    def _install(
        self, target: int, handler: Any, count: int, events: Any, given: int | None, out: Any
    ) -> int:
        assert (target, count, given) == (_TARGET, 1, None)
        assert (events[0].kind_of_class, events[0].kind) == (0x6B657962, 5)
        if self.install_status == 0:
            self.handler = ctypes.cast(handler, ctypes.c_void_p).value
            out[0] = 0x77
        return self.install_status

    def _remove(self, handler: int) -> int:
        assert handler == 0x77
        self.handler = None
        return 0

    def _register(
        self, code: int, held: int, name: Any, target: int, options: int, out: Any
    ) -> int:
        assert (target, options) == (_TARGET, 0)
        if self.status == 0:
            reference = 0x600000000000 + name.number
            self.keys[reference] = code, held, name.signature, name.number
            out[0] = reference
        return self.status

    def _give_back(self, reference: int) -> int:
        del self.keys[reference]
        return 0

    def _parameter(
        self, event: int, name: int, kind: int, actual: Any, size: int, length: Any, out: Any
    ) -> int:
        assert (event, name, kind, size) == (2, 0x2D2D2D2D, 0x686B6964, 8)
        assert not actual
        assert not length
        out[0].signature, out[0].number = self.event
        return self.parameter_status


class _Room:
    """Keys, what was pressed, and the Carbon below them."""

    def __init__(self) -> None:
        self.carbon = _Carbon()
        self.pressed: list[tuple[KeyAction, str, int]] = []
        self.keys = MacKeys(lambda: self.carbon)
        self.keys.start(lambda *what: self.pressed.append(what), lambda *_: None)

    def bind(self, chord: str, action: KeyAction = KeyAction.ASK) -> KeyResult:
        return self.keys.bind(action, parse_chord(chord), _WORDS)

    def registered(self) -> list[tuple[int, int]]:
        return sorted((code, held) for code, held, _, _ in self.carbon.keys.values())

    def press(self) -> int:
        (reference,) = self.carbon.keys
        return self.carbon.press(reference)


@pytest.fixture
def room() -> _Room:
    return _Room()


def test_it_is_a_mechanism_that_the_run_loop_calls() -> None:
    keys: Mechanism = MacKeys()

    assert not isinstance(keys, MessageTaker)
    assert (keys.name, keys.can_choose_keys) == ("macos", True)
    assert (keys.fileno(), keys.pump(), keys.configure()) == (None, None, False)


@pytest.mark.parametrize(
    ("chord", "code", "held"),
    [
        ("Shift+Meta+Space", 49, _SHIFT | _CONTROL),
        ("Ctrl+Alt+K", 40, _COMMAND | _OPTION),
        ("F5", 96, 0),
        ("Meta+A", 0, _CONTROL),
    ],
)
def test_a_key_is_registered_by_its_place(room: _Room, chord: str, code: int, held: int) -> None:
    assert room.bind(chord).status is KeyStatus.BOUND
    assert room.registered() == [(code, held)]


@pytest.mark.parametrize("chord", ["Alt+K", "Alt+Shift+K", "Ctrl+Pause", "F35", "Ctrl+~"])
def test_what_macos_cannot_have_is_invalid(room: _Room, chord: str) -> None:
    assert room.bind(chord).status is KeyStatus.INVALID
    assert room.registered() == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (EXISTS, KeyStatus.TAKEN),
        (INVALID, KeyStatus.INVALID),
        (INTERNAL, KeyStatus.INVALID),
        (-50, KeyStatus.FAILED),
    ],
)
def test_what_carbon_answers_is_told(room: _Room, status: int, expected: KeyStatus) -> None:
    room.bind("F5")
    room.carbon.status = status

    result = room.bind("F6")

    assert result.status is expected
    assert room.registered() == [(96, 0)]
    assert (result.reason is not None) == (expected is KeyStatus.FAILED)
    assert room.keys.is_free(parse_chord("F7")) is False


def test_a_press_reaches_whoever_listens_with_its_time(room: _Room) -> None:
    room.bind("Shift+Meta+Space")

    assert room.press() == 0
    assert room.pressed == [(KeyAction.ASK, "", 12_500)]


def test_events_of_others_are_left_to_them(room: _Room) -> None:
    room.bind("F5")
    (_code, _held, signature, number) = next(iter(room.carbon.keys.values()))

    assert signature == four("Lpis") == 0x4C706973
    assert room.carbon.tell(four("Else"), number) == NOT_HANDLED
    assert room.carbon.tell(signature, number + 1) == NOT_HANDLED
    room.carbon.parameter_status = -9870
    assert room.carbon.tell(signature, number) == NOT_HANDLED
    assert room.pressed == []


def test_a_new_chord_takes_the_place_of_the_earlier_one(room: _Room) -> None:
    room.bind("F5")
    room.bind("F6")
    assert room.registered() == [(97, 0)]

    assert room.bind("F6").status is KeyStatus.BOUND
    assert room.registered() == [(97, 0)]
    assert room.press() == 0
    room.keys.unbind(KeyAction.ASK)
    assert room.registered() == []


def test_two_actions_cannot_have_one_key(room: _Room) -> None:
    room.bind("F5")

    assert room.bind("F5", KeyAction.STOP).status is KeyStatus.TAKEN
    assert len(room.registered()) == 1


def test_whether_a_chord_is_free_is_tried_and_nothing_is_kept(room: _Room) -> None:
    room.bind("F5")

    free = [room.keys.is_free(parse_chord(chord)) for chord in ("F5", "F6", "Alt+K")]

    assert free == [False, True, False]
    assert room.registered() == [(96, 0)]


def test_whoever_hears_of_a_key_may_close_everything() -> None:
    carbon = _Carbon()
    keys = MacKeys(lambda: carbon)
    keys.start(lambda *_: keys.close(), lambda *_: None)
    keys.bind(KeyAction.ASK, parse_chord("F5"), _WORDS)

    assert carbon.press(next(iter(carbon.keys))) == 0
    assert carbon.keys == {}
    assert carbon.handler is None


def test_closed_it_holds_nothing_and_may_be_closed_again(room: _Room) -> None:
    room.bind("F5")

    room.keys.close()
    room.keys.close()

    assert room.registered() == []
    assert room.bind("F5").status is KeyStatus.UNSUPPORTED


def _no_library() -> Any:
    raise OSError


def test_without_the_library_there_are_none() -> None:
    keys = MacKeys(_no_library)
    keys.start(lambda *_: None, lambda *_: None)

    assert keys.bind(KeyAction.ASK, parse_chord("F5"), _WORDS).status is KeyStatus.UNSUPPORTED
    assert keys.is_free(parse_chord("F5")) is None
    keys.unbind(KeyAction.ASK)
    keys.close()


def test_without_its_functions_or_a_handler_there_are_none() -> None:
    without = MacKeys(ForeignLibrary)
    carbon = _Carbon()
    carbon.install_status = -9860
    refused = MacKeys(lambda: carbon)

    for keys in (without, refused):
        keys.start(lambda *_: None, lambda *_: None)
        assert keys.bind(KeyAction.ASK, parse_chord("F5"), _WORDS).status is KeyStatus.UNSUPPORTED
        keys.close()
