"""Our desktop entry: written where nobody has brought one, and never over somebody else's."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from desktop.system.desktop_entry import entry_writer, see_to_entry
from desktop.system.login.desktop_file import command_words, read

APP_ID = "org.example.Lapis"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="desktops of freedesktop.org")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "own"), "XDG_DATA_DIRS": str(tmp_path / "system")}


def _entry(folder: Path) -> Path:
    return folder / "applications" / f"{APP_ID}.desktop"


def test_an_entry_names_the_command_and_its_icon_is_there(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert see_to_entry(environment, APP_ID, ["/opt/my programs/lapis", "--x"])

    entry = read(_entry(tmp_path / "own").read_text(encoding="utf-8"))
    assert (entry["Type"], entry["Name"], entry["Icon"]) == ("Application", "Lapis", APP_ID)
    assert command_words(entry["Exec"]) == ("/opt/my programs/lapis", "--x")
    assert entry["TryExec"] == "/opt/my programs/lapis"
    icons = list((tmp_path / "own" / "icons").rglob(f"{APP_ID}.svg"))
    assert [icon.read_bytes()[:4] for icon in icons] == [b"<svg"]


def test_every_action_that_is_offered_has_a_command(
    environment: dict[str, str], tmp_path: Path
) -> None:
    see_to_entry(environment, APP_ID, ["lapis"])

    content = _entry(tmp_path / "own").read_text(encoding="utf-8")
    for name in filter(None, read(content)["Actions"].split(";")):
        _, group = content.split(f"[Desktop Action {name}]\n")
        line = next(line for line in group.splitlines() if line.startswith("Exec="))
        assert len(shlex.split(line)) == 2


def test_it_is_written_once_and_again_when_the_program_has_moved(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert see_to_entry(environment, APP_ID, ["/old/lapis"])
    assert not see_to_entry(environment, APP_ID, ["/old/lapis"])
    assert see_to_entry(environment, APP_ID, ["/new/lapis"])

    assert "Exec=/new/lapis\n" in _entry(tmp_path / "own").read_text(encoding="utf-8")


def test_an_entry_of_somebody_else_is_left_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = _entry(tmp_path / "own")
    path.parent.mkdir(parents=True)
    path.write_text("[Desktop Entry]\nName=Mine\n")

    assert not see_to_entry(environment, APP_ID, ["lapis"])
    assert path.read_text() == "[Desktop Entry]\nName=Mine\n"


def test_the_entry_of_a_package_goes_before_ours(
    environment: dict[str, str], tmp_path: Path
) -> None:
    see_to_entry(environment, APP_ID, ["lapis"])
    of_package = _entry(tmp_path / "system")
    of_package.parent.mkdir(parents=True)
    of_package.write_text("[Desktop Entry]\nName=Lapis\n")

    assert not see_to_entry(environment, APP_ID, ["lapis"])
    assert not _entry(tmp_path / "own").exists()


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")

    assert not see_to_entry({"XDG_DATA_HOME": str(tmp_path / "own")}, APP_ID, ["lapis"])


@pytest.mark.skipif(sys.platform == "darwin", reason="whose paths are all UTF-8")
def test_a_path_that_desktops_cannot_read_is_no_entry(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert not see_to_entry(environment, APP_ID, [os.fsdecode(b"/opt/\xff/lapis")])

    assert not _entry(tmp_path / "own").exists()


def test_without_a_folder_that_is_set_it_is_the_usual_one(tmp_path: Path) -> None:
    assert entry_writer({"HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path / "no")}, APP_ID)()

    assert _entry(tmp_path / ".local" / "share").exists()
