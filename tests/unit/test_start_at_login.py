"""Starting with the session: what each system keeps of it, read back and taken away again."""

import json
import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from desktop.base.paths import DESKTOP_ID, paths_under
from desktop.domain.errors import StorageError
from desktop.services.start_at_login import StartAtLogin, start_command
from desktop.system.login.base import LoginItem, LoginState, NoLoginItem
from desktop.system.login.desktop_file import command_line, command_words, read, written
from desktop.system.login.factory import login_item
from desktop.system.login.flatpak import FlatpakLogin
from desktop.system.login.macos import REQUIRES_APPROVAL, MacLogin
from desktop.system.login.windows import APPROVED, RUN, WindowsLogin
from desktop.system.login.words import words_of
from desktop.system.login.xdg import XdgLogin
from tests.harness.waiting import wait_for

_ID = "org.example.Lapis"
_SYSTEMD = Path("/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator")
_COMMAND = ("/opt/Lapis/lapis-gui", "--background")
_ODD_WORDS = (
    "/home/a b/Lapis",
    "--background",
    "50%",
    "%u",
    'a"quote',
    "$HOME",
    "`date`",
    "back\\slash",
    "end\\",
    "two\\\\",
    "",
    "私人",
    "it's",
)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CONFIG_DIRS": str(folder / "system"),
        **more,
    }


def _xdg(folder: Path, **more: str) -> XdgLogin:
    return XdgLogin(_environment(folder, **more), _ID)


def _entry(folder: Path) -> Path:
    return folder / "config" / "autostart" / f"{_ID}.desktop"


def _write_entry(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = ("[Desktop Entry]", "Type=Application", "Name=Lapis", "Exec=/opt/Lapis/lapis-gui")
    path.write_text("\n".join((*usual, *lines, "")), encoding="utf-8")


def test_without_an_entry_it_is_off_and_nothing_is_written(tmp_path: Path) -> None:
    item = _xdg(tmp_path)

    assert item.state() is LoginState.OFF
    assert item.command() == ()
    assert item.advice() is None
    item.turn_off()
    assert list(tmp_path.iterdir()) == []


def test_an_entry_is_written_read_back_and_removed(tmp_path: Path) -> None:
    item = _xdg(tmp_path)

    item.turn_on(_COMMAND)

    assert item.state() is LoginState.ON
    assert item.command() == _COMMAND
    lines = _entry(tmp_path).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    assert {"Type=Application", "Name=Lapis", "Exec=/opt/Lapis/lapis-gui --background"} < set(lines)
    assert "TryExec=/opt/Lapis/lapis-gui" in lines

    item.turn_off()
    assert item.state() is LoginState.OFF
    assert not _entry(tmp_path).exists()


def test_without_a_folder_for_settings_the_one_in_the_home_folder_is_taken(tmp_path: Path) -> None:
    XdgLogin({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}, _ID).turn_on(_COMMAND)

    assert (tmp_path / ".config" / "autostart" / f"{_ID}.desktop").is_file()


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_was_turned_off_elsewhere_is_off_and_can_be_turned_on(
    tmp_path: Path, line: str
) -> None:
    _write_entry(_entry(tmp_path), line)
    item = _xdg(tmp_path)

    assert item.state() is LoginState.OFF
    item.turn_on(_COMMAND)
    assert item.state() is LoginState.ON


def test_an_entry_of_the_system_counts_until_the_account_hides_it(tmp_path: Path) -> None:
    _write_entry(tmp_path / "system" / "autostart" / f"{_ID}.desktop")
    item = _xdg(tmp_path)

    assert item.state() is LoginState.ON
    item.turn_off()
    assert item.state() is LoginState.OFF
    assert "Hidden=true" in _entry(tmp_path).read_text(encoding="utf-8")
    item.turn_on(_COMMAND)
    assert item.state() is LoginState.ON


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"Exec=x\n", b"[Desktop Entry]\nExec="])
def test_a_damaged_entry_is_off(tmp_path: Path, content: bytes) -> None:
    _entry(tmp_path).parent.mkdir(parents=True)
    _entry(tmp_path).write_bytes(content)

    assert _xdg(tmp_path).state() is LoginState.OFF


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("in the way", encoding="utf-8")

    with pytest.raises(StorageError) as raised:
        _xdg(tmp_path).turn_on(_COMMAND)
    assert str(raised.value.title) == "Starting at login could not be changed"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="whose paths are all text")
def test_a_path_that_desktops_cannot_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        _xdg(tmp_path).turn_on([os.fsdecode(b"/opt/\xff/lapis")])

    assert not _entry(tmp_path).exists()


def test_an_entry_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    _entry(tmp_path).mkdir(parents=True)

    with pytest.raises(StorageError):
        _xdg(tmp_path).turn_off()


def test_desktops_that_start_no_entries_are_told_of(tmp_path: Path) -> None:
    item = _xdg(tmp_path, XDG_CURRENT_DESKTOP="sway")

    assert item.advice() is None
    item.turn_on(_COMMAND)
    assert "/opt/Lapis/lapis-gui --background" in str(item.advice())
    assert _xdg(tmp_path, XDG_CURRENT_DESKTOP="KDE").advice() is None


def test_every_word_of_a_command_comes_back_from_a_desktop_file() -> None:
    content = written({"Exec": command_line(_ODD_WORDS)})

    assert command_words(read(content)["Exec"]) == _ODD_WORDS


@pytest.mark.skipif(shutil.which("gio") is None, reason="no gio here")
def test_glib_starts_every_word_of_a_command(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = tmp_path / "Lapis ü $x.AppImage"
    tells = f"import json, sys, pathlib; pathlib.Path({str(told)!r}).write_text"
    content = f"#!{sys.executable}\n{tells}(json.dumps(sys.argv[1:]) + '.')\n"
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    environment = _environment(tmp_path)
    XdgLogin(environment, _ID).turn_on((str(program), *_ODD_WORDS))

    launched = ["gio", "launch", str(_entry(tmp_path))]
    subprocess.run(launched, env=os.environ | environment, check=True, timeout=30)

    wait_for(lambda: told.exists() and told.read_text(encoding="utf-8").endswith("."), 10, "told")
    assert tuple(json.loads(told.read_text(encoding="utf-8").removesuffix("."))) == _ODD_WORDS


@pytest.mark.skipif(not _SYSTEMD.is_file(), reason="no systemd here")
def test_systemd_starts_what_was_written_unless_it_is_hidden(tmp_path: Path) -> None:
    program = _program(tmp_path / "My programs" / "Lapis ü")
    words = ("--background", "--data-dir", str(tmp_path / "50% of it"))
    environment = _environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    item = XdgLogin(environment, _ID)
    item.turn_on((program, *words))

    def started() -> list[str]:
        folders = [tmp_path / name for name in ("normal", "early", "late")]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        subprocess.run([_SYSTEMD, *folders], env=os.environ | environment, check=True, timeout=30)
        units = [unit for unit in folders[2].glob("*.service") if not unit.is_symlink()]
        lines = [line for unit in units for line in unit.read_text("utf-8").splitlines()]
        return [line for line in lines if line.startswith("ExecStart=")]

    assert started() == [f'ExecStart=:"{program}" --background --data-dir "{tmp_path}/50%% of it"']
    _write_entry(_entry(tmp_path), "Hidden=true")
    assert started() == []


def test_a_command_is_quoted_as_the_specification_says() -> None:
    assert command_line(("/a b", "$x", "1%")) == '"/a b" "\\$x" 1%%'
    assert written({"Exec": '"\\$x"'}) == '[Desktop Entry]\nExec="\\\\$x"\n'
    assert command_words("lapis-gui %U --background") == ("lapis-gui", "--background")


def test_only_a_line_feed_ends_a_line_of_a_desktop_file() -> None:
    name = "a\u2028b\x0bc\x85d"
    assert read(written({"Name": name, "Icon": "lapis"})) == {"Name": name, "Icon": "lapis"}


def test_other_groups_of_a_desktop_file_are_not_read() -> None:
    content = "[Desktop Action x]\nExec=no\n[Desktop Entry]\n# Exec=no\nExec=yes\n[Other]\nExec=no"

    assert read(content) == {"Exec": "yes"}


class _Keys:
    """A registry that lives in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str | bytes] = {}
        self.is_locked = False

    def value(self, path: str, name: str) -> str | bytes | None:
        return self.kept.get((path, name))

    def write(self, path: str, name: str, text: str) -> None:
        if self.is_locked:
            raise PermissionError(13, "Access is denied")
        self.kept[path, name] = text

    def remove(self, path: str, name: str) -> None:
        if self.is_locked:
            raise PermissionError(13, "Access is denied")
        self.kept.pop((path, name), None)


def test_windows_keeps_the_command_in_the_key_run() -> None:
    keys = _Keys()
    item = WindowsLogin(keys, "Lapis")
    command = (r"C:\Program Files\Lapis\lapis-gui.exe", "--background")

    assert item.state() is LoginState.OFF
    item.turn_on(command)
    assert keys.kept == {(RUN, "Lapis"): r'"C:\Program Files\Lapis\lapis-gui.exe" --background'}
    assert item.state() is LoginState.ON
    assert item.command() == command
    item.turn_off()
    assert keys.kept == {}
    assert item.state() is LoginState.OFF


@pytest.mark.parametrize(
    ("approved", "state"),
    [
        (bytes([2]) + bytes(11), LoginState.ON),
        (bytes([6]) + bytes(11), LoginState.ON),
        (bytes([3]) + bytes(11), LoginState.BLOCKED),
        (bytes([7]) + bytes(11), LoginState.BLOCKED),
        (b"", LoginState.ON),
    ],
)
def test_windows_says_whether_the_person_turned_it_off(approved: bytes, state: LoginState) -> None:
    keys = _Keys()
    item = WindowsLogin(keys, "Lapis")
    item.turn_on(_COMMAND)
    keys.kept[APPROVED, "Lapis"] = approved

    assert item.state() is state
    assert (item.advice() is not None) == (state is LoginState.BLOCKED)


def test_what_windows_has_turned_off_is_told_and_not_overruled() -> None:
    keys = _Keys()
    keys.kept[APPROVED, "Lapis"] = bytes([3]) + bytes(11)

    with pytest.raises(StorageError) as raised:
        WindowsLogin(keys, "Lapis").turn_on(_COMMAND)
    assert "Startup" in str(raised.value.hint)
    assert keys.kept[APPROVED, "Lapis"][0] == 3


def test_a_command_longer_than_windows_takes_is_told() -> None:
    keys = _Keys()

    with pytest.raises(StorageError) as raised:
        WindowsLogin(keys, "Lapis").turn_on(("C:\\" + "a" * 258,))
    assert "261" in str(raised.value.hint)
    assert keys.kept == {}


def test_a_registry_that_refuses_is_told() -> None:
    keys = _Keys()
    keys.is_locked = True
    item = WindowsLogin(keys, "Lapis")

    with pytest.raises(StorageError):
        item.turn_on(_COMMAND)
    with pytest.raises(StorageError):
        item.turn_off()


def test_every_word_of_a_command_comes_back_from_a_line_of_windows() -> None:
    assert words_of(subprocess.list2cmdline(_ODD_WORDS)) == _ODD_WORDS
    assert words_of("  a\t b  ") == ("a", "b")
    assert words_of("") == ()


class _Mac:
    """What macOS would say of an agent."""

    def __init__(self) -> None:
        self.status: int | None = None

    def __call__(self, path: Path) -> int | None:
        return self.status


def _agent(home: Path) -> Path:
    return home / "Library" / "LaunchAgents" / f"{_ID}.plist"


def test_macos_keeps_an_agent_that_runs_at_load(tmp_path: Path) -> None:
    item = MacLogin(tmp_path, _ID, _Mac())

    assert item.state() is LoginState.OFF
    item.turn_on(_COMMAND)
    agent = plistlib.loads(_agent(tmp_path).read_bytes())
    assert agent["Label"] == _ID
    assert agent["ProgramArguments"] == list(_COMMAND)
    assert agent["RunAtLoad"] is True
    assert _agent(tmp_path).stat().st_mode & 0o777 == 0o644
    assert item.state() is LoginState.ON
    assert item.command() == _COMMAND
    item.turn_off()
    assert not _agent(tmp_path).exists()
    item.turn_off()


def test_an_agent_that_the_person_has_to_allow_is_blocked(tmp_path: Path) -> None:
    mac = _Mac()
    item = MacLogin(tmp_path, _ID, mac)
    item.turn_on(_COMMAND)

    mac.status = REQUIRES_APPROVAL
    assert item.state() is LoginState.BLOCKED
    assert item.advice() is not None
    mac.status = 1
    assert item.state() is LoginState.ON
    assert item.advice() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<plist",
        plistlib.dumps(["no"]),
        plistlib.dumps({"ProgramArguments": []}),
        plistlib.dumps({"ProgramArguments": ["/bin/true"], "Disabled": True}),
    ],
)
def test_an_agent_that_starts_nothing_is_off(tmp_path: Path, content: bytes) -> None:
    _agent(tmp_path).parent.mkdir(parents=True)
    _agent(tmp_path).write_bytes(content)

    assert MacLogin(tmp_path, _ID, _Mac()).state() is LoginState.OFF


@pytest.mark.parametrize(
    ("platform", "more", "in_flatpak", "kind"),
    [
        ("win32", {}, False, WindowsLogin),
        ("darwin", {}, False, MacLogin),
        ("linux", {}, True, FlatpakLogin),
        ("linux", {"SNAP": "/snap/lapis/1"}, False, NoLoginItem),
        ("linux", {}, False, XdgLogin),
        ("freebsd14", {}, False, XdgLogin),
    ],
)
def test_each_system_gets_its_own(
    tmp_path: Path, platform: str, more: Mapping[str, str], in_flatpak: bool, kind: type
) -> None:
    environment = _environment(tmp_path, **more)

    item: LoginItem = login_item(
        environment, platform, _ID, paths_under(tmp_path), in_flatpak=in_flatpak
    )

    assert type(item) is kind


def test_without_a_way_it_is_said_so() -> None:
    item = NoLoginItem()
    item.turn_on(_COMMAND)
    item.turn_off()

    assert item.state() is LoginState.UNSUPPORTED
    assert item.command() == ()
    assert item.advice() is not None


def _program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_person_turns_it_on_and_off(tmp_path: Path) -> None:
    start = StartAtLogin(_xdg(tmp_path), _COMMAND)

    assert start.state() is LoginState.OFF
    assert start.turn(on=True) is LoginState.ON
    assert start.turn(on=False) is LoginState.OFF
    assert start.advice() is None


def test_an_entry_whose_program_is_gone_is_mended(tmp_path: Path) -> None:
    item = _xdg(tmp_path)
    old, new = tmp_path / "Lapis-1.AppImage", _program(tmp_path / "Lapis-2.AppImage")
    item.turn_on((str(old), "--background"))
    start = StartAtLogin(item, (new, "--background"))

    assert start.mend()
    assert item.command() == (new, "--background")
    assert not start.mend()


def test_an_entry_that_starts_another_lapis_stays(tmp_path: Path) -> None:
    item = _xdg(tmp_path)
    other, this = _program(tmp_path / "a" / "lapis-gui"), _program(tmp_path / "b" / "lapis-gui")
    item.turn_on((other,))

    assert not StartAtLogin(item, (this,)).mend()
    assert item.command() == (other,)


def test_nothing_is_mended_that_nobody_turned_on(tmp_path: Path) -> None:
    item = _xdg(tmp_path)
    start = StartAtLogin(item, _COMMAND)

    assert not start.mend()
    assert item.state() is LoginState.OFF
    _write_entry(_entry(tmp_path), "Hidden=true")
    assert not start.mend()
    assert item.state() is LoginState.OFF


def test_what_is_started_is_this_program_without_its_window(tmp_path: Path) -> None:
    python = _program(tmp_path / "bin" / "python3")

    assert start_command({}, "linux", None, python) == (python, "-m", "desktop", "--background")
    gui = _program(tmp_path / "bin" / "lapis-gui")
    assert start_command({}, "linux", None, python) == (gui, "--background")
    image = _program(tmp_path / "Lapis.AppImage")
    appimage = {"APPIMAGE": image, "APPDIR": str(tmp_path / "bin")}
    assert start_command(appimage, "linux", None, python)[0] == image
    assert start_command(appimage, "darwin", None, python)[0] == gui


def test_a_frozen_program_is_started_itself_and_never_as_a_python(tmp_path: Path) -> None:
    for platform, suffix in (("linux", ""), ("win32", ".exe"), ("darwin", "")):
        folder = tmp_path / platform
        lapis = _program(folder / f"lapis{suffix}")
        command = start_command({}, platform, None, lapis, frozen=True)
        assert command == (lapis, "--background")

        window = _program(folder / f"lapis-gui{suffix}")
        command = start_command({}, platform, None, lapis, frozen=True)
        assert command == (window, "--background")


def test_the_installer_for_windows_writes_the_same_value() -> None:
    script = Path(__file__).resolve().parents[2] / "installers" / "windows" / "lapis.iss"

    assert f'#define LoginName "{DESKTOP_ID}"' in script.read_text(encoding="utf-8-sig")


def test_the_appimage_of_the_program_that_started_us_is_not_ours(tmp_path: Path) -> None:
    python = _program(tmp_path / "bin" / "python3")
    editor = {
        "APPIMAGE": _program(tmp_path / "Editor.AppImage"),
        "APPDIR": str(tmp_path / "editor"),
    }

    assert start_command(editor, "linux", None, python)[0] == python


def test_a_lapis_with_a_folder_of_its_own_starts_with_it(tmp_path: Path) -> None:
    python = _program(tmp_path / "lapis-gui")

    command = start_command({}, "linux", Path(os.curdir) / "data", python)

    assert command[-2:] == ("--data-dir", str(Path.cwd() / "data"))


def test_windows_starts_python_without_a_terminal(tmp_path: Path) -> None:
    python = _program(tmp_path / "python.exe")
    assert start_command({}, "win32", None, python)[0] == python

    quiet = _program(tmp_path / "pythonw.exe")
    assert start_command({}, "win32", None, python)[0] == quiet
