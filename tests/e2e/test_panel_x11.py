"""The colour that the host of an X11 tray asks for, read from a host that may go meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.xobject.drawable import Window

from desktop.system import panel_x11
from desktop.system.panel_x11 import wanted_colour
from tests.harness.home import home_variables
from tests.harness.screen import Screen, x_server
from tests.harness.tray import set_colours

_HOST = "_NET_SYSTEM_TRAY_S0"


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """Give a screen of its own: on that of the other tests there is a tray, which stays there."""
    environment = home_variables(tmp_path)
    with x_server(tmp_path, environment) as name:
        yield Screen({**environment, "DISPLAY": name})


@pytest.fixture
def display(screen: Screen) -> Iterator[Display]:
    connection = Display(screen.environment["DISPLAY"])
    yield connection
    connection.close()


@pytest.fixture
def host(display: Display) -> Window:
    """Be the host of the tray."""
    window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    window.set_selection_owner(display.intern_atom(_HOST), X.CurrentTime)
    display.sync()
    return window


@pytest.mark.usefixtures("host")
def test_the_colour_is_what_the_host_says(screen: Screen) -> None:
    assert wanted_colour(screen.environment["DISPLAY"]) is None
    set_colours(screen, (0xD0, 0xE0, 0xFF))
    assert wanted_colour(screen.environment["DISPLAY"]) == (0xD0, 0xE0, 0xFF)


def test_a_host_that_goes_while_it_is_asked_says_nothing(
    screen: Screen, display: Display, host: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_of = panel_x11._atom

    def end_host(core: object, name: str) -> int:
        if name != _HOST:
            host.destroy()
            display.sync()
        return name_of(core, name)

    monkeypatch.setattr(panel_x11, "_atom", end_host)

    assert wanted_colour(screen.environment["DISPLAY"]) is None


def test_without_a_server_nobody_says() -> None:
    assert wanted_colour(":4711") is None
