"""Starting at login from inside a Flatpak: a real bus, and a portal that answers as it is told."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.errors import StorageError
from desktop.system.login.base import LoginState
from desktop.system.login.flatpak import FlatpakLogin
from tests.harness.background_portal import BackgroundPortal, background_portal
from tests.harness.message_bus import message_bus

_COMMAND = ("/app/bin/lapis-gui", "--background")

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="no dbus-daemon here")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    with message_bus(tmp_path) as address:
        yield address


@pytest.fixture
def portal(bus: str) -> Iterator[BackgroundPortal]:
    with background_portal(bus) as running:
        yield running


def _item(address: str, folder: Path) -> FlatpakLogin:
    environment = {"DBUS_SESSION_BUS_ADDRESS": address}
    return FlatpakLogin(environment, folder / "config" / "note", "Lapis waits for its key")


def test_what_the_portal_grants_is_on_until_it_is_turned_off(
    portal: BackgroundPortal, tmp_path: Path
) -> None:
    item = _item(portal.address, tmp_path)

    assert item.state() is LoginState.OFF
    item.turn_on(_COMMAND)
    assert item.state() is LoginState.ON
    assert item.advice() is None
    assert portal.asked[0]["autostart"] is True
    assert portal.asked[0]["commandline"] == list(_COMMAND)
    assert portal.asked[0]["reason"] == "Lapis waits for its key"

    portal.autostart = False
    item.turn_off()
    assert item.state() is LoginState.OFF
    assert portal.asked[1]["autostart"] is False
    assert "commandline" not in portal.asked[1]


def test_a_portal_that_answers_before_it_replies_is_heard(
    portal: BackgroundPortal, tmp_path: Path
) -> None:
    portal.is_quick = True
    item = _item(portal.address, tmp_path)

    item.turn_on(_COMMAND)

    assert item.state() is LoginState.ON


def test_an_old_portal_may_choose_the_path_of_the_request(
    portal: BackgroundPortal, tmp_path: Path
) -> None:
    portal.path_of_its_own = True
    item = _item(portal.address, tmp_path)

    item.turn_on(_COMMAND)

    assert item.state() is LoginState.ON


def test_what_another_program_on_the_bus_says_does_not_count(
    portal: BackgroundPortal, tmp_path: Path
) -> None:
    portal.has_stranger = True
    item = _item(portal.address, tmp_path)

    item.turn_on(_COMMAND)

    assert item.state() is LoginState.ON


@pytest.mark.parametrize(("code", "autostart"), [(1, True), (0, False)])
def test_what_is_declined_is_told_and_remembered(
    portal: BackgroundPortal, tmp_path: Path, code: int, autostart: bool
) -> None:
    portal.code, portal.autostart = code, autostart
    item = _item(portal.address, tmp_path)

    with pytest.raises(StorageError) as raised:
        item.turn_on(_COMMAND)

    assert str(raised.value.title) == "Your desktop keeps Lapis from starting at login"
    assert item.state() is LoginState.BLOCKED
    assert item.advice() is not None


def test_a_portal_that_fails_changes_nothing(portal: BackgroundPortal, tmp_path: Path) -> None:
    portal.code = 2
    item = _item(portal.address, tmp_path)

    with pytest.raises(StorageError):
        item.turn_on(_COMMAND)
    with pytest.raises(StorageError):
        item.turn_off()

    assert item.state() is LoginState.OFF


def test_a_portal_without_login_items_is_unsupported(
    portal: BackgroundPortal, tmp_path: Path
) -> None:
    portal.code = None
    item = _item(portal.address, tmp_path)

    assert item.state() is LoginState.UNSUPPORTED
    with pytest.raises(StorageError) as raised:
        item.turn_on(_COMMAND)
    assert str(raised.value.hint) == "Your desktop did not answer."


def test_without_a_portal_it_is_unsupported(bus: str, tmp_path: Path) -> None:
    assert _item(bus, tmp_path).state() is LoginState.UNSUPPORTED


@pytest.mark.parametrize("address", ["", "unix:path=/nowhere/bus", "tcp:host=x", "nonsense"])
def test_without_a_bus_it_is_unsupported(address: str, tmp_path: Path) -> None:
    assert _item(address, tmp_path).state() is LoginState.UNSUPPORTED


def test_a_note_that_is_damaged_counts_as_none(portal: BackgroundPortal, tmp_path: Path) -> None:
    item = _item(portal.address, tmp_path)
    item.turn_on(_COMMAND)
    (tmp_path / "config" / "note").write_bytes(b"\xff\xffmaybe")

    assert item.state() is LoginState.OFF


def test_a_note_that_cannot_be_written_is_told(portal: BackgroundPortal, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("in the way", encoding="utf-8")

    with pytest.raises(StorageError) as raised:
        _item(portal.address, tmp_path).turn_on(_COMMAND)
    assert str(raised.value.title) == "Starting at login could not be changed"
