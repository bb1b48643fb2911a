"""The command for the key is one that a desktop can run, and each desktop is told its own way."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from desktop.base.paths import resources
from desktop.base.translation import Translator
from desktop.domain.settings import Language
from desktop.services.hotkey import Desktop, binding, desktop_of, toggle_command
from desktop.system import own_command

_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="quoted for a POSIX shell")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ubuntu:GNOME", Desktop.GNOME),
        ("KDE", Desktop.KDE),
        ("XFCE", Desktop.XFCE),
        ("X-Cinnamon", Desktop.CINNAMON),
        ("sway", Desktop.SWAY),
        ("Deepin", Desktop.DEEPIN),
        ("Openbox", Desktop.OTHER),
        ("", Desktop.OTHER),
    ],
)
def test_the_desktop_is_known_by_its_name(name: str, expected: Desktop) -> None:
    assert desktop_of({"XDG_CURRENT_DESKTOP": name}, "linux") is expected


def test_windows_and_macos_are_desktops_of_their_own() -> None:
    assert desktop_of({"XDG_CURRENT_DESKTOP": "KDE"}, "win32") is Desktop.WINDOWS
    assert desktop_of({}, "darwin") is Desktop.MACOS
    assert desktop_of({}, "linux") is Desktop.OTHER


@pytest.mark.parametrize("desktop", list(Desktop))
def test_every_desktop_is_told_a_way_of_its_own_with_the_command(desktop: Desktop) -> None:
    told = binding(desktop, "lapis --toggle-popup")

    assert "lapis --toggle-popup" in told.words
    others = {str(binding(each, "x").how) for each in Desktop if each is not desktop}
    assert str(told.how) not in others


def test_where_a_file_is_edited_the_whole_line_is_given() -> None:
    first, second = binding(Desktop.SWAY, "c", "Ctrl+Alt+K").words.splitlines()
    assert first == "bindsym Ctrl+Mod1+k exec c"
    assert second.startswith("for_window [app_id=")
    assert second.endswith("sticky enable")
    first, second = binding(Desktop.HYPRLAND, "c").words.splitlines()
    assert first == "bind = CTRL ALT, space, exec, c"
    assert second.startswith("windowrulev2 = float")
    assert binding(Desktop.SWAY, "c", "").words == binding(Desktop.SWAY, "c").words
    assert binding(Desktop.I3, "c").words == "bindsym Ctrl+Mod1+space exec --no-startup-id c"


def test_the_popup_that_floats_is_the_one_of_every_language() -> None:
    words = binding(Desktop.SWAY, "c").words
    for language in (Language.ENGLISH, Language.CHINESE):
        title = Translator(language, resources() / "locale").say("Ask Lapis")
        assert f"|{title})" in words or f"({title}|" in words


def _program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "lapis"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@_POSIX
def test_a_lapis_that_only_a_shell_finds_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _program(tmp_path / "my programs")
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert shlex.split(toggle_command()) == [str(path), "--toggle-popup"]


@_POSIX
def test_a_lapis_that_everybody_finds_needs_its_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _program(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(own_command, "_COMMON", (str(path.parent),))

    assert toggle_command() == "lapis --toggle-popup"


@_POSIX
def test_a_package_is_known_by_the_link_that_it_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _program(tmp_path / "lib")
    link = tmp_path / "bin" / "lapis"
    link.parent.mkdir()
    link.symlink_to(program)
    monkeypatch.setenv("PATH", str(link.parent))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program.with_name("lapis-gui")))
    monkeypatch.setattr(own_command, "_COMMON", (str(link.parent),))

    assert toggle_command() == "lapis --toggle-popup"


@_POSIX
def test_a_frozen_program_that_lies_anywhere_is_called_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "renamed"))
    assert toggle_command() == f"{tmp_path / 'renamed'} --toggle-popup"

    program = _program(tmp_path / "any")
    monkeypatch.setattr(sys, "executable", str(program.with_name("renamed")))
    assert toggle_command() == f"{program} --toggle-popup"


def test_inside_a_flatpak_it_is_called_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_command, "is_flatpak", lambda: True)

    words = "flatpak run --command=lapis io.github.lapis_assistant.Lapis --toggle-popup"
    assert toggle_command() == words


@_POSIX
def test_the_lapis_that_runs_goes_before_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, own = _program(tmp_path / "bin"), _program(tmp_path / "own")
    monkeypatch.setenv("PATH", os.pathsep.join([str(other.parent)]))
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))

    assert toggle_command() == f"{own} --toggle-popup"


@_POSIX
def test_an_appimage_is_named_by_its_file_and_not_by_where_it_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "Lapis.AppImage"
    image.write_text("")
    monkeypatch.setenv("APPIMAGE", str(image))
    monkeypatch.setenv("APPDIR", str(tmp_path / "mounted"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "mounted" / "bin" / "lapis-gui"))

    assert shlex.split(toggle_command()) == [str(image), "--toggle-popup"]


@_POSIX
def test_a_data_folder_of_its_own_is_part_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _program(tmp_path / "own")
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))
    monkeypatch.chdir(tmp_path)

    words = shlex.split(toggle_command(Path("my data")))

    assert words == [str(own), "--toggle-popup", "--data-dir", str(tmp_path / "my data")]
