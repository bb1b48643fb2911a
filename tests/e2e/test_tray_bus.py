"""The icon of the real program on a desktop that draws it, and its menu, from what D-Bus tells."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import StartLapis
from tests.harness.notifier import Notifier
from tests.harness.program import Program
from tests.harness.screen import Screen, virtual_screen
from tests.harness.tray_watcher import tray_watcher
from tests.harness.waiting import wait_for


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """Give a screen of our own, where icons are told to a bus and to nobody else."""
    folder = tmp_path_factory.mktemp("bus-screen")
    with (
        virtual_screen(folder, tray=False) as one,
        tray_watcher(one.environment["DBUS_SESSION_BUS_ADDRESS"]),
    ):
        yield one


@pytest.fixture
def program(start_lapis: StartLapis) -> Program:
    return start_lapis("--background")


@pytest.fixture
def notifier(program: Program, screen: Screen) -> Notifier:
    one = Notifier(screen.environment["DBUS_SESSION_BUS_ADDRESS"], program.pid)
    one.wait()
    wait_for(lambda: "Built-in guide" in one.tooltip(), 30, "a model")
    program.engine()
    return one


def test_everything_in_the_menu_is_told_before_it_opens(notifier: Notifier) -> None:
    wait_for(lambda: any("/Built-in guide" in each.label for each in notifier.entries()), 20)
    lines = [each.label for each in notifier.entries() if each.is_shown]
    model = next(line for line in lines if line.startswith("Built-in guide"))
    assert [line for line in lines if line != model and not line.startswith(f"{model}/")] == [
        "Ask…",
        "Show Lapis",
        "Recent chats",
        "Recent chats/New chat",
        "Free memory now",
        "Models",
        "Local API: off",
        "Local API: off/Let other programs ask",
        "Local API: off/Copy its address",
        "Local API: off/Settings of the local API",
        "Pause the keys",
        "Start at login",
        "Settings",
        "Quit",
    ]


def test_a_click_on_the_icon_asks_and_the_menu_shows_the_window(
    notifier: Notifier, program: Program, screen: Screen
) -> None:
    notifier.click()
    screen.window("^Ask Lapis$", program.pid)
    assert not screen.windows("^Lapis$", program.pid)
    notifier.open_menu()
    notifier.choose("Show Lapis")
    screen.window("^Lapis$", program.pid)


def test_states_are_told_as_pictures_of_the_sizes_that_panels_ask_for(notifier: Notifier) -> None:
    wait_for(lambda: notifier.tooltip().endswith("B"), 20, lambda: f"memory: {notifier.tooltip()}")
    assert any(size <= 24 for size in notifier.pictures())
    before = notifier.pictures()
    notifier.choose("Pause the keys")
    wait_for(lambda: notifier.pictures() != before, 10, "another picture")
    assert "Paused" in notifier.tooltip()
    assert next(each for each in notifier.entries() if each.label == "Pause the keys").is_ticked


def test_the_menu_ends_lapis(notifier: Notifier, program: Program) -> None:
    notifier.choose("Quit")
    assert program.wait(20) == 0
