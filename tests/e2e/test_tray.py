"""The icon in the tray of the real program: clicked, its menu used, its panel late or gone."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.domain.chat import Role
from desktop.store.chats import ChatStore
from tests import gguf_files
from tests.e2e.conftest import StartLapis
from tests.harness.program import Program
from tests.harness.screen import Screen, Window, running_tray, virtual_screen
from tests.harness.tray import TrayIcon, set_colours
from tests.harness.waiting import wait_for

_ENDLESS = 131_072
# Pixels of a gem whose side has 22, with a sign or without; its outline has fewer.
_FULL = 200
_SIGN, _FEW = (64, 128, 240), 4
_LIGHT, _DARK = (238, 238, 238), (20, 20, 20)
# Steps down from the icon, by the keys that go there.
_RECENT = ("Down", "Down", "Down")
_PAUSE = ("Up", "Up", "Up", "Up")
_LOGIN = ("Up", "Up", "Up")


@dataclass
class Panel:
    """The panel of the screen, which the tests start and end."""

    screen: Screen
    folder: Path

    def __post_init__(self) -> None:
        self._stack = ExitStack()

    def start(self) -> None:
        """Show icons of programs."""
        self._stack.enter_context(running_tray(self.screen, self.folder))

    def end(self) -> None:
        """Show them no more."""
        self._stack.close()


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """Give a screen of our own, whose tray comes and goes."""
    with virtual_screen(tmp_path_factory.mktemp("tray-screen"), tray=False) as one:
        yield one


@pytest.fixture
def panel(screen: Screen, tmp_path: Path) -> Iterator[Panel]:
    one = Panel(screen, tmp_path)
    yield one
    one.end()


@pytest.fixture
def icon(panel: Panel, start_lapis: StartLapis) -> TrayIcon:
    """Start a panel, and Lapis in its tray without a window; its model is in memory."""
    panel.start()
    return _in_tray(start_lapis("--background"), panel.screen)


def _in_tray(program: Program, screen: Screen) -> TrayIcon:
    icon = TrayIcon(screen, program.pid)
    icon.wait(40)
    program.engine()
    return icon


def _is_full(icon: TrayIcon) -> bool:
    """Return whether the gem is, or as good as: trayer itself is grey."""
    return sum(blue > red + 60 for red, _green, blue in icon.pixels()) > _FULL


def _has_sign(icon: TrayIcon) -> bool:
    """Return whether a sign stands at the corner of a full gem, in a colour that gem has not."""
    found = sum(
        all(abs(one - other) < 5 for one, other in zip(pixel, _SIGN, strict=True))
        for pixel in icon.corner()
    )
    return found > _FEW


def _wait_for_popup(screen: Screen, pid: int) -> Window:
    popup = screen.window("^Ask Lapis$", pid)
    wait_for(lambda: screen.active_title() == "Ask Lapis", 10, "the popup with the keyboard")
    return popup


def _has_popup(screen: Screen, pid: int) -> bool:
    return bool(screen.windows("^Ask Lapis$", pid))


def test_a_click_asks_and_so_does_the_first_entry_of_the_menu(
    icon: TrayIcon, screen: Screen
) -> None:
    icon.click()
    popup = _wait_for_popup(screen, icon.pid)
    screen.key("Escape")
    wait_for(lambda: not _has_popup(screen, icon.pid), 10, "no popup")

    icon.open_menu().click_first()
    assert screen.window("^Ask Lapis$", icon.pid).number == popup.number


def test_the_last_entry_of_the_menu_ends_lapis(
    panel: Panel, start_lapis: StartLapis, screen: Screen
) -> None:
    panel.start()
    program = start_lapis("--background")
    _in_tray(program, screen).open_menu().click_last()
    assert program.wait(15) == 0


def test_the_menu_shows_the_window_and_the_chats_in_it(
    panel: Panel, start_lapis: StartLapis, screen: Screen, lapis_home: Path
) -> None:
    paths = paths_under(lapis_home)
    paths.create()
    store = ChatStore.open(paths.database)
    with store.transaction():
        for title in ("Bread", "Kyoto"):
            store.add(store.create(title).id, None, Role.USER, "When?")
    store.close()
    panel.start()
    icon = _in_tray(start_lapis("--background"), screen)
    icon.open_menu().choose(*_RECENT, "Right", "Down")

    screen.window("^Bread – Lapis$", icon.pid)
    icon.open_menu().choose(*_RECENT, "Right")
    screen.window("^Kyoto – Lapis$", icon.pid)


def test_an_icon_finds_a_panel_that_comes_late_and_one_that_comes_back(
    panel: Panel, start_lapis: StartLapis, screen: Screen
) -> None:
    program = start_lapis("--show")
    screen.window("Lapis$", program.pid, 40)
    icon = TrayIcon(screen, program.pid)
    for _ in range(2):
        assert icon.place is None
        panel.start()
        icon.wait()
        icon.click()
        _wait_for_popup(screen, program.pid)
        screen.key("Escape")
        wait_for(lambda: not _has_popup(screen, program.pid), 10, "no popup")
        panel.end()
        wait_for(lambda: icon.place is None, 10, "no icon")


def test_without_a_tray_a_start_in_the_background_shows_the_window(
    start_lapis: StartLapis, screen: Screen
) -> None:
    program = start_lapis("--background")
    screen.window("Lapis$", program.pid, 40)


def test_a_dark_panel_gets_a_light_icon_and_a_light_one_a_dark_icon(
    panel: Panel, start_lapis: StartLapis, screen: Screen
) -> None:
    panel.start()
    set_colours(screen, _LIGHT)
    icon = _in_tray(start_lapis("--background"), screen)

    def inks() -> tuple[bool, bool]:
        """Return whether there is white and black in the icon; trayer itself is grey."""
        pixels = icon.pixels()
        return any(min(each) > 225 for each in pixels), any(max(each) < 60 for each in pixels)

    wait_for(lambda: inks() == (True, False), 10, lambda: f"a light icon: {inks()}")
    set_colours(screen, _DARK)
    # Whoever opens the menu looks at the icon; that is when it is asked again.
    icon.open_menu()
    screen.key("Escape")
    wait_for(lambda: inks() == (False, True), 10, lambda: f"a dark icon: {inks()}")


def test_an_answer_is_seen_while_it_is_written_and_not_longer(
    panel: Panel, start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path
) -> None:
    model = gguf_files.write_llama(
        tmp_path / "talks.gguf", context_length=_ENDLESS, answer="Lapis says it again and again."
    )
    settings = paths_under(lapis_home).settings
    settings.parent.mkdir(parents=True)
    settings.write_text(
        json.dumps({"welcomed": True, "model": str(model), "engine": {"n_ctx": _ENDLESS}}),
        encoding="utf-8",
    )
    panel.start()
    icon = _in_tray(start_lapis("--background"), screen)
    wait_for(lambda: _is_full(icon), 30, "a full gem")
    icon.click()
    _wait_for_popup(screen, icon.pid)
    screen.type("Talk")
    screen.key("Return")
    wait_for(lambda: _has_sign(icon), 20, "a sign")

    screen.key("Escape")
    wait_for(lambda: _is_full(icon) and not _has_sign(icon), 20, "no sign")


def test_a_pause_is_seen_and_no_key_calls_lapis_until_it_is_over(
    icon: TrayIcon, start_lapis: StartLapis, screen: Screen
) -> None:
    wait_for(lambda: _is_full(icon), 20, "a full gem")
    icon.open_menu().choose(*_PAUSE)
    wait_for(lambda: _has_sign(icon), 10, "a sign")
    assert start_lapis("--toggle-popup").wait(15) == 0
    icon.open_menu().choose(*_PAUSE)
    wait_for(lambda: _is_full(icon) and not _has_sign(icon), 10, "no sign")
    assert not _has_popup(screen, icon.pid)

    assert start_lapis("--toggle-popup").wait(15) == 0
    screen.window("^Ask Lapis$", icon.pid)


def test_starting_at_login_is_written_by_a_click_alone_and_removed_by_another(
    icon: TrayIcon, start_lapis: StartLapis, screen: Screen, lapis_home: Path
) -> None:
    folder = Path(screen.environment["XDG_CONFIG_HOME"]) / "autostart"
    assert not folder.exists() or list(folder.iterdir()) == []
    icon.open_menu().choose(*_LOGIN)
    (entry,) = wait_for(lambda: list(folder.glob("*.desktop")), 10, "an entry")
    (command,) = [
        line.removeprefix("Exec=")
        for line in entry.read_text(encoding="utf-8").splitlines()
        if line.startswith("Exec=")
    ]
    words = shlex.split(command)
    assert words[-3:] == ["--background", "--data-dir", str(lapis_home)]

    # What the session would run finds the Lapis that runs already.
    done = subprocess.run(words, env=dict(screen.environment), timeout=30, check=False)
    assert done.returncode == 0
    icon.open_menu().choose(*_LOGIN)
    wait_for(lambda: not entry.exists(), 10, "no entry")
