"""The shortcut that Plasma keeps for us, with a kglobalaccel that answers as it is told."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

if sys.platform in {"win32", "darwin"}:
    pytest.skip("only Linux has such buses", allow_module_level=True)

from desktop.domain.hotkey import KeyStatus
from desktop.services.desktop_shortcuts import remove_shortcut, write_shortcut
from desktop.services.desktops import Desktop
from desktop.system.shortcuts.base import ShortcutRefused
from tests.harness.bus_service import bus_service
from tests.harness.home import home_variables
from tests.harness.message_bus import message_bus

COMMAND = "'/opt/my programs/lapis' --toggle-popup"
CHORD = "Ctrl+Alt+Space"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the variables of a session with a bus, and nobody on it."""
    variables = home_variables(tmp_path)
    with message_bus(tmp_path, variables) as address:
        yield {**variables, "DBUS_SESSION_BUS_ADDRESS": address}


_PLASMA = {
    "isGlobalShortcutAvailable": ("b", (True,)),
    "doRegister": ("", ()),
    "setShortcut": ("ai", ([0x0C000020],)),
    "unregister": ("b", (True,)),
}


def _plasma_files(session: Mapping[str, str]) -> list[Path]:
    return list(Path(session["XDG_DATA_HOME"]).rglob("*.desktop"))


def test_plasma_is_told_the_keys_and_the_command(session: dict[str, str]) -> None:
    address = session["DBUS_SESSION_BUS_ADDRESS"]
    with bus_service(address, "org.kde.kglobalaccel", _PLASMA) as asked:
        result = write_shortcut(Desktop.KDE, CHORD, COMMAND, session)
        (file,) = _plasma_files(session)
        written = file.read_text(encoding="utf-8")
        remove_shortcut(Desktop.KDE, session)

    assert (result.status, result.keys) == (KeyStatus.BOUND, CHORD)
    assert f"Exec={COMMAND}\n" in written
    assert asked == list(_PLASMA)
    assert _plasma_files(session) == []


@pytest.mark.parametrize(
    ("member", "answer", "status"),
    [
        ("isGlobalShortcutAvailable", ("b", (False,)), KeyStatus.TAKEN),
        ("isGlobalShortcutAvailable", ("", ()), KeyStatus.TAKEN),
        ("setShortcut", ("ai", ([],)), KeyStatus.FAILED),
        ("setShortcut", ("", ()), KeyStatus.FAILED),
        ("setShortcut", ("u", (7,)), KeyStatus.FAILED),
    ],
)
def test_what_plasma_answers_otherwise_is_no_key(
    session: dict[str, str], member: str, answer: tuple[str, tuple[object, ...]], status: KeyStatus
) -> None:
    address = session["DBUS_SESSION_BUS_ADDRESS"]
    with bus_service(address, "org.kde.kglobalaccel", _PLASMA | {member: answer}):
        assert write_shortcut(Desktop.KDE, CHORD, COMMAND, session).status is status


def test_without_plasma_on_the_bus_nothing_is_written(session: dict[str, str]) -> None:
    for address in (session["DBUS_SESSION_BUS_ADDRESS"], "unix:path=/nowhere/bus"):
        with pytest.raises(ShortcutRefused):
            write_shortcut(
                Desktop.KDE, CHORD, COMMAND, {**session, "DBUS_SESSION_BUS_ADDRESS": address}
            )
    assert _plasma_files(session) == []
