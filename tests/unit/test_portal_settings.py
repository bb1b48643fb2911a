"""What the desktop prefers, asked of a portal on a real bus: new ones, old ones, none, and worse."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.bus_messages import message_bus as names
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from desktop.system.panel import Tone, panel_tone
from desktop.system.portal_settings import Scheme, colour_scheme
from tests.harness.home import home_variables
from tests.harness.screen import message_bus

_PORTAL = "org.freedesktop.portal.Desktop"
_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """Return the address of a bus without anybody on it."""
    with message_bus(tmp_path, home_variables(tmp_path)) as address:
        yield address


@contextmanager
def _portal(address: str, member: str, value: object) -> Iterator[None]:
    """Answer `member` with `value` (type and content), and nothing else."""
    with open_dbus_connection(address) as own:
        own.send_and_get_reply(names.RequestName(_PORTAL))
        thread = threading.Thread(target=_serve, args=(own, member, value), name="portal")
        thread.start()
        try:
            yield
        finally:
            with open_dbus_connection(address) as other:
                other.send_and_get_reply(_quit())
            thread.join(10)


def _quit() -> Message:
    return new_method_call(DBusAddress("/", _PORTAL, "org.example.Test"), "Quit")


def _serve(own: DBusConnection, member: str, value: object) -> None:
    while True:
        message = own.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        asked = message.header.fields[HeaderFields.member]
        if asked == "Quit":
            own.send(new_method_return(message))
            return
        if asked == member:
            own.send(new_method_return(message, "v", (value,)))
        else:
            own.send(new_error(message, _UNKNOWN, "s", (f"no {asked}",)))


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("member", ["ReadOne", "Read"])
def test_new_and_old_portals_are_understood(bus: str, member: str, scheme: Scheme) -> None:
    value: object = ("u", scheme.value)
    if member == "Read":
        value = ("v", value)
    with _portal(bus, member, value):
        assert colour_scheme({"DBUS_SESSION_BUS_ADDRESS": bus}) is scheme


@pytest.mark.parametrize("value", [("u", 99), ("s", "dark"), ("as", ["dark", "light"])])
def test_an_answer_that_means_nothing_is_no_preference(bus: str, value: object) -> None:
    with _portal(bus, "ReadOne", value):
        assert colour_scheme({"DBUS_SESSION_BUS_ADDRESS": bus}) is Scheme.NONE


def test_without_a_portal_or_a_bus_there_is_no_preference(bus: str, tmp_path: Path) -> None:
    assert colour_scheme({"DBUS_SESSION_BUS_ADDRESS": bus}) is Scheme.NONE
    for address in ("", "nonsense", f"unix:path={tmp_path / 'nowhere'}"):
        assert colour_scheme({"DBUS_SESSION_BUS_ADDRESS": address}) is Scheme.NONE


def test_where_nobody_else_tells_a_dark_preference_means_a_dark_panel(bus: str) -> None:
    session = {"DBUS_SESSION_BUS_ADDRESS": bus, "XDG_CURRENT_DESKTOP": "Hyprland"}
    with _portal(bus, "ReadOne", ("u", Scheme.DARK.value)):
        assert panel_tone(session, "linux") is Tone.DARK
    with _portal(bus, "ReadOne", ("u", Scheme.LIGHT.value)):
        assert panel_tone(session, "linux") is Tone.UNKNOWN, "bars are dark beside light windows"
        cosmic = session | {"XDG_CURRENT_DESKTOP": "COSMIC"}
        assert panel_tone(cosmic, "linux") is Tone.LIGHT
