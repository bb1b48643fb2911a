"""Which way leads to the program in front, and which programs are terminals."""

from collections.abc import Mapping

import pytest

from desktop.system.front.factory import front
from desktop.system.front.terminals import is_terminal

_X = {"DISPLAY": ":1"}
_BOTH = {"DISPLAY": ":1", "WAYLAND_DISPLAY": "wayland-0"}


@pytest.mark.parametrize(
    ("environment", "qt_platform", "expected"),
    [
        (_X, "xcb", "X11Front"),
        ({**_X, "XDG_SESSION_TYPE": "x11"}, "xcb", "X11Front"),
        (_BOTH, "wayland", "WaylandFront"),
        ({}, "wayland-egl", "WaylandFront"),
        # Xwayland: it believes that the last X window is in front, whatever is.
        (_BOTH, "xcb", "WaylandFront"),
        ({**_X, "XDG_SESSION_TYPE": "wayland"}, "xcb", "WaylandFront"),
        (_BOTH, "offscreen", "NoFront"),
        ({}, "", "NoFront"),
    ],
)
def test_the_way_follows_what_draws_our_windows(
    environment: Mapping[str, str], qt_platform: str, expected: str
) -> None:
    one = front(environment, "linux", qt_platform)

    assert type(one).__name__ == expected
    one.close()


@pytest.mark.parametrize(
    "name", ["xterm", "XTerm", "org.gnome.Terminal", "org.kde.konsole", "Alacritty", "st-256color"]
)
def test_terminals_are_known_by_the_class_of_their_windows(name: str) -> None:
    assert is_terminal(name)


@pytest.mark.parametrize("name", ["", "firefox", "code", "org.gnome.TextEditor", "terminalia"])
def test_other_programs_are_no_terminals(name: str) -> None:
    assert not is_terminal(name)
