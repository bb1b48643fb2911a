"""What desktops make of the package: menu, type of file, icons, pages of the manual."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.screen import virtual_screen
from tests.installers.empty_system import DESKTOP, PERSON, System, empty_system, showing

ID = "io.github.lapis_assistant.Lapis"
TYPE = "application/x-gguf"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def desktop(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with empty_system(tmp_path_factory.mktemp("desktop") / "room") as system:
        system.apt("install", "--no-install-recommends", *DESKTOP)
        system.install(deb, "--no-install-recommends")
        yield system


def entry(system: System) -> str:
    return (system.root / f"usr/share/applications/{ID}.desktop").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["model.gguf", "no-ending"])
def test_a_model_file_has_its_type(desktop: System, name: str) -> None:
    path = desktop.root / "home" / PERSON / name
    path.write_bytes(b"GGUF\x03\0\0\0" + bytes(64))
    inside = f"/home/{PERSON}/{name}"
    environment = {"XDG_CURRENT_DESKTOP": "GNOME"}
    said = desktop.run("xdg-mime", "query", "filetype", inside, environment=environment)
    assert said.stdout.strip() == TYPE


def test_lapis_opens_that_type(desktop: System) -> None:
    environment = {"XDG_CURRENT_DESKTOP": "GNOME"}
    said = desktop.run("xdg-mime", "query", "default", TYPE, environment=environment)
    assert said.stdout.strip() == f"{ID}.desktop"
    assert f"{ID}.desktop" in desktop.run("gio", "mime", TYPE).stdout


def test_the_menu_opens_the_window(desktop: System, tmp_path: Path) -> None:
    found = re.search(r"^Exec=(.*)$", entry(desktop), re.MULTILINE)
    assert found
    words = [word for word in shlex.split(found[1]) if word != "%f"]
    with (
        virtual_screen(tmp_path) as screen,
        showing(desktop, screen.environment["DISPLAY"]) as variables,
        desktop.started(*words, environment=variables),
    ):
        window = screen.window("Lapis$", seconds=30)
        names = screen.call("xprop", "-id", window.number, "WM_CLASS").rpartition('", "')[2]
        # By this the desktop tells that the window is of this entry.
        assert f"StartupWMClass={names.rstrip(chr(34))}\n" in entry(desktop)
        desktop.run("lapis", "--quit", environment=variables)


def test_the_icon_is_there_in_all_sizes(desktop: System) -> None:
    icons = desktop.root / "usr/share/icons/hicolor"
    for size in (16, 22, 24, 32, 48, 64, 128, 256, 512):
        picture = (icons / f"{size}x{size}/apps/{ID}.png").read_bytes()
        assert picture[16:24] == size.to_bytes(4, "big") * 2
    assert (icons / f"scalable/apps/{ID}.svg").is_file()


@pytest.mark.parametrize(
    ("language", "words"), [("C.UTF-8", "Ask one question"), ("zh_CN.UTF-8", "问一个问题")]
)
def test_the_manual_has_every_command(desktop: System, language: str, words: str) -> None:
    folder = "zh_CN/" if language.startswith("zh") else ""
    page = f"/usr/share/man/{folder}man1/lapis.1.gz"
    said = desktop.run(
        "man", "--warnings", "-P", "cat", "-l", page, environment={"LANG": "C.UTF-8"}
    )
    assert words in said.stdout
    plain = re.sub(".\b", "", said.stdout)
    for command in ("ask", "chat", "doctor", "bench", "models pull", "serve", "connections add"):
        assert f"lapis {command} [" in plain
    for option in ("--toggle-popup", "--data-dir", "--kv-type"):
        assert option in plain
