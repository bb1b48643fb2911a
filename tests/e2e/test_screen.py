"""The screen that the other tests trust: typing, clicking, closing and pictures work on it."""

import os
import subprocess
from pathlib import Path

from tests.harness.leftovers import Marker
from tests.harness.screen import HEIGHT, WIDTH, Screen, virtual_screen
from tests.harness.waiting import wait_for


def test_what_is_typed_arrives_in_the_window_with_the_keyboard(
    screen: Screen, tmp_path: Path, marker: Marker
) -> None:
    written = tmp_path / "typed.txt"
    command = ["xterm", "-T", "Typing", "-geometry", "40x10+100+100", "-e", f"cat > {written}"]
    environment = {**screen.environment, **marker.environment}
    with subprocess.Popen(command, env=environment) as terminal:
        window = screen.window("^Typing$")
        left, top, width, height = window.place
        window.click(width // 2, height // 2)
        window.focus()
        wait_for(lambda: screen.active_title() == "Typing")
        screen.type("Ask Lapis!")
        screen.key("Return", "ctrl+d")
        terminal.wait(10)

    assert written.read_text(encoding="utf-8") == "Ask Lapis!\n"
    assert 0 < left < WIDTH
    assert 0 < top < HEIGHT


def test_a_picture_of_the_screen_shows_what_is_on_it(screen: Screen, tmp_path: Path) -> None:
    screen.call("xsetroot", "-solid", "#2456c8")
    picture = screen.screenshot(tmp_path / "screen.png")
    size = screen.call("identify", "-format", "%w %h", str(picture))
    colours = screen.call("convert", str(picture), "-format", "%c", "histogram:info:-")

    assert size == f"{WIDTH} {HEIGHT}"
    assert "#2456C8" in colours


def test_the_screen_has_a_message_bus_of_its_own(screen: Screen) -> None:
    own = screen.environment["DBUS_SESSION_BUS_ADDRESS"]
    names = screen.call(
        "dbus-send",
        "--session",
        "--dest=org.freedesktop.DBus",
        "--print-reply",
        "/",
        "org.freedesktop.DBus.ListNames",
    )

    assert own != os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    assert "org.freedesktop.DBus" in names
    assert "org.freedesktop.secrets" not in names


def test_two_screens_do_not_disturb_each_other(screen: Screen, tmp_path: Path) -> None:
    with virtual_screen(tmp_path) as other:
        assert other.environment["DISPLAY"] != screen.environment["DISPLAY"]
        assert other.has_tray()

    assert screen.has_tray()
