"""What the desktop prefers, asked of a portal on a real bus: new ones, old ones, none, and worse."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from desktop.system.panel import Tone, panel_tone
from desktop.system.portal_settings import Scheme, colour_scheme
from tests.harness.bus_service import bus_service
from tests.harness.home import home_variables
from tests.harness.message_bus import message_bus

_PORTAL = "org.freedesktop.portal.Desktop"


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """Return the address of a bus without anybody on it."""
    with message_bus(tmp_path, home_variables(tmp_path)) as address:
        yield address


def _portal(address: str, member: str, value: object) -> AbstractContextManager[list[str]]:
    """Answer `member` with `value` (type and content), and nothing else."""
    return bus_service(address, _PORTAL, {member: ("v", (value,))})


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


def test_without_an_address_the_usual_place_of_the_bus_is_asked(bus: str) -> None:
    session = {"XDG_RUNTIME_DIR": str(Path(bus.removeprefix("unix:path=")).parent)}
    with _portal(bus, "ReadOne", ("u", Scheme.DARK.value)):
        assert colour_scheme(session) is Scheme.DARK


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
