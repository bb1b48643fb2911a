"""The .tar.xz: run where it lies, installed into a home, taken away again."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.screen import virtual_screen
from tests.harness.waiting import wait_for
from tests.installers.empty_system import DESKTOP, PERSON, System, empty_system, showing

QUESTION = "How do I change the hotkey?"
GUIDE = f"/home/{PERSON}/.local/share/lapis-app/_internal/resources/guide/guide.gguf"
# A place that quoting has to get right, in shells and in desktop entries. Not with "%": GLib looks for
# the program under the name with "%%".
PLACE = "My $programs 王"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def ready(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Give a system with the libraries that desktops have, and without Lapis."""
    with empty_system(tmp_path_factory.mktemp("tar") / "room") as system:
        system.apt("install", "--no-install-recommends", *DESKTOP)
        system.install(deb, "--no-install-recommends")
        system.apt("remove", "lapis-assistant")
        assert not system.has("lapis")
        yield system


@pytest.fixture
def unpacked(ready: System, tar: Path) -> Iterator[str]:
    """Unpack it into an empty home, as the person does; return its folder inside."""
    home = ready.root / "home" / PERSON
    subprocess.run(["rm", "-rf", home], check=True)
    ready.run("install", "-d", "-o", PERSON, "-g", PERSON, f"/home/{PERSON}/{PLACE}", user="root")
    ready.run("chown", f"{PERSON}:{PERSON}", f"/home/{PERSON}", user="root")
    outside = home / PLACE
    subprocess.run(["tar", "-xJf", tar, "-C", outside, "--strip-components=1"], check=True)
    yield f"/home/{PERSON}/{PLACE}"
    subprocess.run(["rm", "-rf", home], check=True)


def in_home(system: System) -> set[str]:
    return {path for path in system.files() if path.startswith(f"home/{PERSON}/")}


def test_it_runs_where_it_lies(ready: System, unpacked: str) -> None:
    assert ready.run(f"{unpacked}/lapis", "--version").stdout.startswith("Lapis ")
    ready.run(f"{unpacked}/lapis", "--selftest")
    ready.run(f"{unpacked}/lapis", "--selftest-engine")
    said = ready.run(f"{unpacked}/lapis", "ask", "--json", QUESTION).stdout
    assert "Settings" in json.loads(said)["text"]
    distribution = f"home/{PERSON}/{PLACE}/_internal/resources/distribution.json"
    assert json.loads((ready.root / distribution).read_text("utf-8"))["kind"] == "tar"


def test_it_installs_into_a_home_and_starts_from_the_menu(
    ready: System, unpacked: str, tmp_path: Path
) -> None:
    data = f"/home/{PERSON}/{PLACE} data"
    variables = {"XDG_DATA_HOME": data}
    ready.run(f"{unpacked}/install.sh", environment=variables)
    entry = f"{data}/applications/io.github.lapis_assistant.Lapis.desktop"
    ready.run("desktop-file-validate", entry)
    assert ready.run(f"/home/{PERSON}/.local/bin/lapis", "--version").stdout.startswith("Lapis")
    with (
        virtual_screen(tmp_path) as screen,
        showing(ready, screen.environment["DISPLAY"]) as shown,
        # GLib reads Exec as every desktop of GTK does.
        ready.started("gio", "launch", entry, environment={**variables, **shown}),
    ):
        screen.window("Lapis$", seconds=30)
        ready.run(f"/home/{PERSON}/.local/bin/lapis", "--quit", environment={**variables, **shown})
        wait_for(lambda: not screen.windows("Lapis$"), 20, "the end of the window")


def test_removing_it_leaves_what_was_there_and_the_data(ready: System, unpacked: str) -> None:
    before = in_home(ready)
    ready.run(f"{unpacked}/install.sh")
    ready.run(f"/home/{PERSON}/.local/bin/lapis", "models", "import", "--copy", GUIDE)
    assert ready.run("sh", "-c", f"cat /home/{PERSON}/.local/share/mime/globs2").stdout
    ready.run(f"/home/{PERSON}/.local/share/lapis-app/install.sh", "--uninstall")
    own = ("share/lapis", "state/lapis")
    left = {
        path.removeprefix(f"home/{PERSON}/")
        for path in in_home(ready) - before
        if not any(f".local/{folder}" in path for folder in own)
        and f"{PERSON}/.config/lapis" not in path
        and f"{PERSON}/.cache/lapis" not in path
    }
    assert left <= {".local", ".local/share", ".local/state", ".config", ".cache"}
    assert (ready.root / f"home/{PERSON}/.local/share/lapis/models/guide/guide.gguf").is_file()
    assert not (ready.root / f"home/{PERSON}/.local/share/lapis-app").exists()


def test_a_newer_one_takes_the_place_of_what_was_installed(ready: System, unpacked: str) -> None:
    ready.run(f"{unpacked}/install.sh")
    app = ready.root / f"home/{PERSON}/.local/share/lapis-app"
    stale = app / "_internal" / "of_an_older_version.so"
    stale.write_bytes(b"")
    ready.run(f"/home/{PERSON}/.local/bin/lapis", "models", "import", "--copy", GUIDE)
    ready.run(f"{unpacked}/install.sh")
    assert not stale.exists()
    assert (ready.root / f"home/{PERSON}/.local/share/lapis/models/guide/guide.gguf").is_file()
    assert ready.run(f"/home/{PERSON}/.local/bin/lapis", "ask", QUESTION).stdout.strip()


def test_a_command_of_somebody_else_is_left_alone(ready: System, unpacked: str) -> None:
    ready.run("sh", "-c", "mkdir -p ~/.local/bin && echo mine > ~/.local/bin/lapis")
    said = ready.run(f"{unpacked}/install.sh").stdout
    assert "stays as it is" in said
    ready.run(f"{unpacked}/install.sh", "--uninstall")
    assert ready.run("sh", "-c", "cat ~/.local/bin/lapis").stdout == "mine\n"
