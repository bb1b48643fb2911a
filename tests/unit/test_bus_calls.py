"""Calls over a message bus: real ones, and all that a bus may do instead of answering."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform in {"win32", "darwin"}:
    pytest.skip("only Linux has such buses", allow_module_level=True)

from desktop.system.bus_calls import BUS, BusCalls, BusFault, CallRefused
from desktop.system.session_bus import Service, bus_address
from tests.harness.bus_service import bus_service
from tests.harness.false_bus import NO_MESSAGES, false_bus
from tests.harness.home import home_variables
from tests.harness.message_bus import message_bus

_NAME = "org.example.Service"
_SERVICE = Service(_NAME, "/", _NAME)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """Return the address of a bus without anybody on it."""
    with message_bus(tmp_path, home_variables(tmp_path)) as address:
        yield address


def _address(text: str) -> bytes:
    found = bus_address({"DBUS_SESSION_BUS_ADDRESS": text})
    assert found is not None
    return found


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_an_answer_comes_back_with_its_values(bus: str) -> None:
    with BusCalls(_address(bus), 10) as calls:
        assert calls.call(BUS, "NameHasOwner", "s", (_NAME,)) == (False,)
        ((own, *_),) = calls.call(BUS, "ListNames")
    assert own == "org.freedesktop.DBus"


def test_an_error_tells_its_words(bus: str) -> None:
    with (
        BusCalls(_address(bus), 10) as calls,
        pytest.raises(CallRefused, match=r"name is not activatable|not provided by any"),
    ):
        calls.call(_SERVICE, "Anything")


def test_who_does_not_answer_in_time_is_left_and_others_are_asked(bus: str) -> None:
    with bus_service(bus, _NAME, {"Anything": None}), BusCalls(_address(bus), 10) as calls:
        with pytest.raises(BusFault, match=r"no answer in time|timed out"):
            calls.call(_SERVICE, "Anything", seconds=0.05)
        assert calls.call(BUS, "NameHasOwner", "s", (_NAME,)) == (True,)


def test_what_is_announced_before_the_answer_is_kept(bus: str) -> None:
    with BusCalls(_address(bus), 10) as calls:
        # Whoever asks for a name is told that it has it, and only then answered.
        for number in (1, 2):
            assert calls.call(BUS, "RequestName", "su", (f"{_NAME}{number}", 0)) == (1,)
        heard = [calls.heard() for _ in range(3)]
    assert [(one.sender, one.member, one.body) for one in heard[1:]] == [
        ("org.freedesktop.DBus", "NameAcquired", (f"{_NAME}1",)),
        ("org.freedesktop.DBus", "NameAcquired", (f"{_NAME}2",)),
    ]


def test_values_that_cannot_be_sent_are_a_fault(bus: str) -> None:
    with BusCalls(_address(bus), 10) as calls:
        with pytest.raises(BusFault):
            calls.call(BUS, "NameHasOwner", "s", ("\udcff",))
        with pytest.raises(BusFault):
            calls.call(BUS, "NameHasOwner", "u", (-1,))
        assert calls.call(BUS, "NameHasOwner", "s", (_NAME,)) == (False,)


@pytest.mark.parametrize("answers", [(), (b"OK 1\r\n",)])
def test_a_bus_that_hangs_is_waited_for_no_longer_than_told(
    tmp_path: Path, answers: tuple[bytes, ...]
) -> None:
    with false_bus(tmp_path, *answers) as address, pytest.raises(BusFault):
        BusCalls(address, 0.1)


@pytest.mark.parametrize(
    "nonsense",
    NO_MESSAGES,
)
def test_a_bus_that_speaks_nonsense_is_a_fault(tmp_path: Path, nonsense: bytes) -> None:
    with false_bus(tmp_path, b"OK 1\r\n", nonsense) as address, pytest.raises(BusFault):
        BusCalls(address, 10)


def test_a_message_that_is_too_long_is_not_waited_for(tmp_path: Path) -> None:
    head = b"l\x02\0\1" + (64 * 1024 * 1024).to_bytes(4, "little") + bytes(8)
    with (
        false_bus(tmp_path, b"OK 1\r\n", head) as address,
        pytest.raises(BusFault, match="too long"),
    ):
        BusCalls(address, 10)


def test_no_connection_stays_open_when_the_first_call_fails(tmp_path: Path) -> None:
    before = _open_files()
    with false_bus(tmp_path, b"OK 1\r\n") as address, pytest.raises(BusFault):
        BusCalls(address, 0.05)
    assert _open_files() == before
