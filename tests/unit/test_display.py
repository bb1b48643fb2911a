"""Is there a screen? Asked before Qt is loaded, which ends the program where there is none."""

import socket
from pathlib import Path

import pytest

from desktop.base.display import has_display

_NAMES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("display", ["", ":7890", "nonsense", ":", "localhost:x", ":0.x:y"])
def test_a_display_that_is_missing_or_dead_is_none(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)

    assert not has_display()


def test_a_display_that_takes_connections_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "\0/tmp/.X11-unix/X7891"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        monkeypatch.setenv("DISPLAY", ":7891.0")

        assert has_display()


def test_a_wayland_socket_is_one_and_a_name_alone_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert not has_display()

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        assert has_display()


def test_a_platform_without_a_screen_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    assert has_display()
