"""Functions of systems that are not here: declared before they are called, called as declared."""

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from desktop.base.native import declared, last_error, windows_library
from desktop.system.foreground import allow, let_server_come_to_front
from desktop.system.objective_c import Runtime, text_object, text_of
from tests.harness.foreign_functions import ForeignFunction, ForeignLibrary

_FAR = 0x7FF6_0000_0010


def test_a_function_that_is_missing_is_told_at_once() -> None:
    library = ForeignLibrary(Here=lambda: 1)

    assert declared(library, {"Here": (ctypes.c_int, ())}).Here() == 1
    with pytest.raises(AttributeError):
        declared(library, {"Elsewhere": (ctypes.c_int, ())})


def test_elsewhere_than_on_windows_there_are_no_libraries_of_it() -> None:
    with pytest.raises(FileNotFoundError):
        windows_library("user32")
    assert last_error() == 0


def _answers(process: int, *, is_found: bool) -> ForeignLibrary:
    def asked(pipe: int, out: Any) -> int:
        assert pipe == _FAR
        out[0] = ctypes.c_uint32(process)
        return int(is_found)

    return ForeignLibrary(GetNamedPipeServerProcessId=asked)


def test_the_lapis_that_runs_is_allowed_to_the_front_and_nobody_else() -> None:
    allowed: list[int] = []

    def allow_it(process: int) -> int:
        allowed.append(process)
        return 1

    user32 = ForeignLibrary(AllowSetForegroundWindow=allow_it)

    assert allow(user32, _answers(4321, is_found=True), _FAR)
    assert allowed == [4321]
    # Not the number that allows everybody, where nobody is found.
    assert not allow(user32, _answers(0xFFFFFFFF, is_found=False), _FAR)
    assert allowed == [4321]


def test_elsewhere_than_on_windows_nobody_needs_to_be_allowed() -> None:
    assert not let_server_come_to_front(0)


class _ObjectiveC:
    """Two classes, one string object, and the messages that they got."""

    def __init__(self) -> None:
        self.pools: list[int] = []
        self.sent: list[tuple[int, int, int | None]] = []
        # With one more value than most messages have: what is not passed is not looked at.
        kind = ctypes.CFUNCTYPE(*[ctypes.c_void_p] * 4)
        self.library = SimpleNamespace(
            objc_autoreleasePoolPush=ForeignFunction("push", self._push),
            objc_autoreleasePoolPop=ForeignFunction("pop", self.pools.remove),
            objc_getClass=ForeignFunction("class", lambda n: _FAR if n == b"NSString" else None),
            sel_registerName=ForeignFunction("name", lambda name: _FAR + len(name)),
            objc_msgSend=kind(self._receive),
        )
        self._words = ctypes.create_string_buffer("grüße".encode())

    def _push(self) -> int:
        self.pools.append(7)
        return 7

    def _receive(self, receiver: int, selector: int, value: int | None) -> int:
        self.sent.append((receiver, selector, value))
        is_asked = selector == _FAR + len("UTF8String")
        return ctypes.addressof(self._words) if is_asked else _FAR + 0x100


def test_messages_reach_objects_with_their_values() -> None:
    foreign = _ObjectiveC()
    runtime = Runtime(lambda: foreign.library)

    with runtime.pool():
        assert foreign.pools == [7]
        made = text_object(runtime, "x")
        assert made == _FAR + 0x100
        assert text_of(runtime, made) == "grüße"
    assert foreign.pools == []
    first, second = foreign.sent
    assert first[:2] == (_FAR, _FAR + len("stringWithUTF8String:"))
    assert second[:2] == (made, _FAR + len("UTF8String"))
    assert runtime.named("NSNothing") is None


def test_a_pool_ends_when_what_is_inside_fails() -> None:
    foreign = _ObjectiveC()

    with pytest.raises(KeyError), Runtime(lambda: foreign.library).pool():
        raise KeyError
    assert foreign.pools == []


def test_elsewhere_than_on_macos_there_is_no_runtime() -> None:
    with pytest.raises(OSError, match="libobjc"):
        Runtime()
