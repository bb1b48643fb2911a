"""From an older .deb to this one: chats, models and settings stay, files of the old version go.

Also while Lapis runs, which is what happens when a desktop installs updates by itself; and removed
under a running one, then installed again over what stayed.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop import __version__
from tests.harness.screen import Screen, virtual_screen
from tests.harness.waiting import wait_for
from tests.installers.empty_system import PERSON, System, showing
from tests.installers.older_package import STALE, VERSION, older

DATA = f"home/{PERSON}/.local/share/lapis"
SETTINGS = f"home/{PERSON}/.config/lapis/settings.json"
QUESTION = "How do I change the hotkey?"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def old_deb(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return older(deb, tmp_path_factory.mktemp("older"))


@pytest.fixture
def used(system: System, old_deb: Path) -> System:
    """Return a system whose person has used the older version: a model, settings of its own."""
    system.install(old_deb, "--no-install-recommends")
    assert VERSION in system.run("dpkg-query", "-W", "lapis-assistant").stdout
    assert (system.root / STALE).exists()
    guide = "/usr/lib/lapis/_internal/resources/guide/guide.gguf"
    system.run("lapis", "models", "import", "--copy", guide)
    system.run("lapis", "connections", "add", "box", "http://192.168.1.20:8000/v1")
    settings = system.root / SETTINGS
    told = json.loads(settings.read_text("utf-8")) | {"welcomed": True}
    settings.write_text(json.dumps(told), encoding="utf-8")
    return system


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    with virtual_screen(tmp_path / "screen") as one:
        yield one


def messages(system: System) -> list[tuple[str, str]]:
    path = system.root / DATA / "lapis.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT role, state FROM messages ORDER BY id").fetchall()


def ask(system: System, screen: Screen, question: str) -> None:
    """Type a question into the window and wait until it is answered."""
    before = len(messages(system))
    screen.window("Lapis$", seconds=40).focus()
    screen.type(question)
    screen.key("Return")
    wait_for(
        lambda: (
            len(messages(system)) == before + 2
            and messages(system)[-1] == ("assistant", "complete")
        ),
        60,
        lambda: f"an answer; {messages(system)}; {log(system)}",
    )


def log(system: System) -> str:
    return (system.root / "srv" / "started.log").read_text("utf-8", errors="replace")[-3000:]


def everything_is_there(system: System, chats: int) -> bool:
    settings = json.loads((system.root / SETTINGS).read_text("utf-8"))
    assert "192.168.1.20" in json.dumps(settings)
    assert (system.root / DATA / "models" / "guide" / "guide.gguf").is_file()
    assert len(messages(system)) == chats
    assert not (system.root / STALE).exists()
    assert f"{__version__}-1" in system.run("dpkg-query", "-W", "lapis-assistant").stdout
    return True


def test_an_upgrade_keeps_chats_models_and_settings(
    used: System, deb: Path, screen: Screen
) -> None:
    with showing(used, screen.environment["DISPLAY"]) as variables:
        with used.started("lapis-gui", environment=variables) as process:
            ask(used, screen, QUESTION)
            used.run("lapis", "--quit")
            wait_for(lambda: process.poll() is not None, 20, "the end of the window")
        used.install(deb, "--no-install-recommends")
        assert everything_is_there(used, chats=2)
        with used.started("lapis-gui", environment=variables) as process:
            ask(used, screen, QUESTION)
            used.run("lapis", "--quit")
            wait_for(lambda: process.poll() is not None, 20, "the end of the window")
    assert everything_is_there(used, chats=4)


def test_an_upgrade_under_a_running_lapis_breaks_neither(
    used: System, deb: Path, screen: Screen
) -> None:
    with (
        showing(used, screen.environment["DISPLAY"]) as variables,
        used.started("lapis-gui", environment=variables) as process,
    ):
        ask(used, screen, QUESTION)
        used.install(deb, "--no-install-recommends")
        # What runs goes on, with modules that it has not loaded so far, too.
        screen.key("ctrl+comma")
        wait_for(lambda: screen.windows("Settings"), 20, lambda: f"the settings; {log(used)}")
        screen.key("Escape")
        ask(used, screen, QUESTION)
        assert "Traceback" not in log(used)
        used.run("lapis", "--quit")
        wait_for(lambda: process.poll() is not None, 20, "the end of the window")
        assert process.returncode == 0
    assert everything_is_there(used, chats=4)
    assert used.run("lapis", "ask", QUESTION).stdout.strip()


def test_removing_it_ends_what_runs_and_installing_it_again_finds_everything(
    used: System, deb: Path, screen: Screen
) -> None:
    with showing(used, screen.environment["DISPLAY"]) as variables:
        with used.started("lapis-gui", environment=variables) as process:
            ask(used, screen, QUESTION)
            used.apt("purge", "lapis-assistant")
            # With nobody's help: whatever it would read or paint next is no more.
            wait_for(lambda: process.poll() is not None, 30, "the end of the window")
            assert process.returncode == 0, log(used)
            assert "exception" not in log(used)
        assert len(messages(used)) == 2
        used.install(deb, "--no-install-recommends")
        with used.started("lapis-gui", environment=variables) as process:
            ask(used, screen, QUESTION)
            used.run("lapis", "--quit")
            wait_for(lambda: process.poll() is not None, 20, "the end of the window")
    assert everything_is_there(used, chats=4)
