"""The .deb in systems that have no Python and no compiler: installed, used, purged."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.screen import virtual_screen
from tests.harness.waiting import wait_for
from tests.installers.empty_system import PERSON, System, empty_system, showing

QUESTION = "How do I change the hotkey?"
# Written anew by triggers of other packages whenever anything is installed or removed.
OF_OTHERS = (
    "etc/ld.so.cache",
    "var/cache/",
    "var/lib/apt/extended_states",
    "var/lib/dpkg/",
    "var/log/",
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def installed(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with empty_system(tmp_path_factory.mktemp("deb") / "room") as system:
        assert not [each for each in ("python3", "gcc", "cc", "c++", "pip") if system.has(each)]
        system.install(deb, "--no-install-recommends")
        yield system


def test_nothing_else_brings_python_or_a_compiler(installed: System) -> None:
    assert not [each for each in ("python3", "gcc", "cc", "c++") if installed.has(each)]


def test_the_program_says_its_version_and_examines_itself(installed: System) -> None:
    assert installed.run("lapis", "--version").stdout.startswith("Lapis ")
    assert installed.run("lapis-gui", "--version").stdout.startswith("Lapis ")
    installed.run("lapis", "--selftest")
    installed.run("lapis", "--selftest-engine")


def test_a_person_with_an_empty_home_gets_an_answer(deb: Path, system: System) -> None:
    system.install(deb, "--no-install-recommends")
    assert not list((system.root / "home" / PERSON).iterdir())
    said = system.run("lapis", "ask", "--json", QUESTION).stdout
    assert "Settings" in json.loads(said)["text"]


def test_the_program_knows_that_a_deb_brought_it(installed: System) -> None:
    path = installed.root / "usr/lib/lapis/_internal/resources/distribution.json"
    assert json.loads(path.read_text(encoding="utf-8"))["kind"] == "deb"


def test_its_files_belong_to_root_and_can_be_changed_by_nobody_else(installed: System) -> None:
    found = installed.run(
        *("find", "-H", "/usr/lib/lapis", "/usr/bin/lapis", "/usr/bin/lapis-gui"),
        *("(", "-not", "-uid", "0", "-o", "-not", "-type", "l", "-perm", "/7022", ")"),
    )
    assert found.stdout == ""


def test_its_window_opens_and_ends(installed: System, tmp_path: Path) -> None:
    with (
        virtual_screen(tmp_path) as screen,
        showing(installed, screen.environment["DISPLAY"]) as variables,
        installed.started("lapis-gui", environment=variables) as process,
    ):
        window = screen.window("Lapis$", seconds=30)
        names = screen.call("xprop", "-id", window.number, "WM_CLASS")
        assert '"lapis"' in names
        screen.screenshot(tmp_path / "deb-window.png")
        installed.run("lapis", "--quit", environment=variables)
        wait_for(lambda: process.poll() is not None, 20, "the end of the window")
        assert process.returncode == 0


def test_it_installs_with_what_it_recommends(deb: Path, system: System) -> None:
    system.install(deb, "--install-recommends")
    system.run("lapis", "--selftest")
    assert system.run("lapis", "ask", QUESTION).stdout.strip()


def test_purging_leaves_the_data_of_the_person_and_nothing_else(deb: Path, system: System) -> None:
    before = system.files()
    system.install(deb, "--no-install-recommends")
    guide = "/usr/lib/lapis/_internal/resources/guide/guide.gguf"
    for user in (PERSON, "root"):
        system.run("lapis", "models", "import", "--copy", guide, user=user)
    system.apt("purge", "--auto-remove", "lapis-assistant")
    after = system.files()
    home = {path for path in after if path.startswith((f"home/{PERSON}", "root"))}
    left = {path for path in after if path not in before and not path.startswith(OF_OTHERS)}
    assert left <= home
    assert f"home/{PERSON}/.local/share/lapis/models/guide/guide.gguf" in home
    gone = {path for path in before if path not in after and not path.startswith(OF_OTHERS)}
    assert gone == set()
    changed = {
        path
        for path, content in before.items()
        if after.get(path, content) != content and not path.startswith(OF_OTHERS)
    }
    assert changed == set()
