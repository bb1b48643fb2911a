"""What a Linux session says of itself, and what counts where it says nothing or half of it."""

import sys
from pathlib import Path

import pytest

from desktop.system.linux_session import (
    config_folder,
    data_folder,
    desktops,
    is_wayland,
    system_config_folders,
    system_data_folders,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="full paths are others there")

_HOME = {"HOME": "/home/me"}


def test_folders_are_the_usual_ones_unless_others_are_set() -> None:
    assert config_folder(_HOME) == Path("/home/me/.config")
    assert data_folder(_HOME) == Path("/home/me/.local/share")
    assert system_config_folders({}) == (Path("/etc/xdg"),)
    assert system_data_folders({}) == (Path("/usr/local/share"), Path("/usr/share"))

    assert config_folder({**_HOME, "XDG_CONFIG_HOME": "/c"}) == Path("/c")
    assert data_folder({**_HOME, "XDG_DATA_HOME": "/d"}) == Path("/d")
    assert system_config_folders({"XDG_CONFIG_DIRS": "/a:/b"}) == (Path("/a"), Path("/b"))


@pytest.mark.parametrize("value", ["", "relative", "./here"])
def test_a_folder_that_is_no_full_path_does_not_count(value: str) -> None:
    assert config_folder({**_HOME, "XDG_CONFIG_HOME": value}) == Path("/home/me/.config")
    assert data_folder({**_HOME, "XDG_DATA_HOME": value}) == Path("/home/me/.local/share")
    assert system_data_folders({"XDG_DATA_DIRS": f"{value}:/usr/share"}) == (Path("/usr/share"),)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, False),
        ({"XDG_SESSION_TYPE": "wayland"}, True),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, True),
    ],
)
def test_a_session_with_a_compositor_is_one_of_wayland(
    environment: dict[str, str], expected: bool
) -> None:
    assert is_wayland(environment) is expected


def test_the_nearest_name_of_a_desktop_comes_first() -> None:
    assert desktops({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}) == ("ubuntu", "gnome")
    assert not {"gnome", "kde"}.intersection(desktops({}))
