"""Shortcuts of the desktop, written for the person: into real settings, and files of a test."""

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import KeyStatus, parse_chord
from desktop.services.desktop_shortcuts import can_write, remove_shortcut, write_shortcut
from desktop.services.desktops import Desktop
from desktop.system.shortcuts.base import ShortcutRefused
from desktop.system.shortcuts.chords import gtk, gtk_key, hyprland, hyprland_key, qt, sway, sway_key
from desktop.system.shortcuts.gsettings import listed, quoted, strings

COMMAND = "'/opt/my programs/lapis' --toggle-popup"
CHORD = "Ctrl+Alt+Space"

pytestmark = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="Linux desktops")


@pytest.mark.parametrize(
    ("chord", "in_gtk", "in_sway", "in_hyprland", "in_qt"),
    [
        ("Ctrl+Alt+Space", "<Control><Alt>space", "Ctrl+Mod1+space", "CTRL ALT, space", 0x0C000020),
        ("Shift+Meta+A", "<Shift><Super>a", "Shift+Mod4+a", "SHIFT SUPER, a", 0x12000041),
        ("Ctrl+PgUp", "<Control>Page_Up", "Ctrl+Page_Up", "CTRL, Page_Up", 0x05000016),
        ("F12", "F12", "F12", ", F12", 0x0100003B),
    ],
)
def test_a_chord_is_written_in_the_words_of_each_desktop(
    chord: str, in_gtk: str, in_sway: str, in_hyprland: str, in_qt: int
) -> None:
    keys = parse_chord(chord)

    assert (gtk(keys), sway(keys), hyprland(keys)) == (in_gtk, in_sway, in_hyprland)
    assert qt(keys) == in_qt


def test_the_same_keys_are_known_however_they_are_written() -> None:
    assert gtk_key("<Primary><Mod1>Space") == gtk_key("<Alt><Control>space")
    assert gtk_key("<Alt>space") != gtk_key("<Control><Alt>space")
    assert sway_key("Control+Alt+Space") == sway_key("Mod1+Ctrl+space")
    assert hyprland_key("CTRL_ALT", " Space") == hyprland_key("alt ctrl", "space")
    assert hyprland_key("SUPER", "space") != hyprland_key("CTRL", "space")


@pytest.mark.parametrize("text", ["plain", "it's", 'a "quoted" one', "back\\slash", "", "['x']"])
def test_texts_come_back_from_the_words_of_gsettings(text: str) -> None:
    assert strings(quoted(text)) == [text]
    assert strings(listed([text, "two"])) == [text, "two"]


def test_an_empty_list_has_its_type() -> None:
    assert listed([]) == "@as []"
    assert strings("@as []") == []


_GNOME = """
<schema id="org.gnome.settings-daemon.plugins.media-keys"
        path="/org/gnome/settings-daemon/plugins/media-keys/">
  <key name="custom-keybindings" type="as"><default>[]</default></key>
  <key name="screensaver" type="as"><default>['&lt;Super&gt;l']</default></key>
</schema>
<schema id="org.gnome.settings-daemon.plugins.media-keys.custom-keybinding">
  <key name="name" type="s"><default>''</default></key>
  <key name="command" type="s"><default>''</default></key>
  <key name="binding" type="s"><default>''</default></key>
</schema>
"""
_CINNAMON = """
<schema id="org.cinnamon.desktop.keybindings" path="/org/cinnamon/desktop/keybindings/">
  <key name="custom-list" type="as"><default>[]</default></key>
</schema>
<schema id="org.cinnamon.desktop.keybindings.media-keys"
        path="/org/cinnamon/desktop/keybindings/media-keys/">
  <key name="screensaver" type="as"><default>['&lt;Super&gt;l']</default></key>
</schema>
<schema id="org.cinnamon.desktop.keybindings.custom-keybinding">
  <key name="name" type="s"><default>''</default></key>
  <key name="command" type="s"><default>''</default></key>
  <key name="binding" type="as"><default>[]</default></key>
</schema>
"""
_MATE = """
<schema id="org.mate.SettingsDaemon.plugins.media-keys" path="/org/mate/media-keys/">
  <key name="screensaver" type="s"><default>'&lt;Mod4&gt;l'</default></key>
</schema>
<schema id="org.mate.control-center.keybinding">
  <key name="name" type="s"><default>''</default></key>
  <key name="action" type="s"><default>''</default></key>
  <key name="binding" type="s"><default>''</default></key>
</schema>
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have gsettings know the schemas of three desktops, and keep values in a file of the test."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    body = f"<schemalist>{_GNOME}{_CINNAMON}{_MATE}</schemalist>"
    (folder / "test.gschema.xml").write_text(body, encoding="utf-8")
    subprocess.run(["glib-compile-schemas", str(folder)], check=True, capture_output=True)
    monkeypatch.setenv("GSETTINGS_SCHEMA_DIR", str(folder))
    monkeypatch.setenv("GSETTINGS_BACKEND", "keyfile")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def _gsettings(*words: str) -> str:
    done = subprocess.run(["gsettings", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


_GNOME_KEYS = "org.gnome.settings-daemon.plugins.media-keys"
_GNOME_ITEM = f"{_GNOME_KEYS}.custom-keybinding:/{_GNOME_KEYS.replace('.', '/')}/custom-keybindings"
_CINNAMON_ITEM = (
    "org.cinnamon.desktop.keybindings.custom-keybinding:"
    "/org/cinnamon/desktop/keybindings/custom-keybindings"
)
_MATE_ITEM = "org.mate.control-center.keybinding:/org/mate/desktop/keybindings/lapis/"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("desktop", "item", "key", "binding"),
    [
        (Desktop.GNOME, f"{_GNOME_ITEM}/lapis/", "command", "'<Control><Alt>space'"),
        (Desktop.CINNAMON, f"{_CINNAMON_ITEM}/lapis/", "command", "['<Primary><Alt>space']"),
        (Desktop.MATE, _MATE_ITEM, "action", "'<Control><Alt>space'"),
    ],
)
def test_the_settings_hold_the_command_at_its_keys_until_it_is_removed(
    desktop: Desktop, item: str, key: str, binding: str
) -> None:
    assert can_write(desktop)
    result = write_shortcut(desktop, CHORD, COMMAND)

    assert (result.status, result.keys) == (KeyStatus.UNVERIFIED, CHORD)
    assert strings(_gsettings("get", item, key)) == [COMMAND]
    assert _gsettings("get", item, "binding") == binding
    assert _gsettings("get", item, "name") == "'Lapis'"

    remove_shortcut(desktop)
    assert _gsettings("get", item, key) == "''"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("desktop", "schema", "key", "own"),
    [
        (Desktop.GNOME, _GNOME_KEYS, "custom-keybindings", "lapis/"),
        (Desktop.CINNAMON, "org.cinnamon.desktop.keybindings", "custom-list", "lapis"),
    ],
)
def test_shortcuts_that_people_have_made_stay_in_the_list(
    desktop: Desktop, schema: str, key: str, own: str
) -> None:
    _gsettings("set", schema, key, "['/other/custom0/']")
    write_shortcut(desktop, CHORD, COMMAND)
    write_shortcut(desktop, "Ctrl+Alt+K", COMMAND)

    first, second = strings(_gsettings("get", schema, key))
    assert first == "/other/custom0/"
    assert second.endswith(own)
    remove_shortcut(desktop)
    assert strings(_gsettings("get", schema, key)) == ["/other/custom0/"]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("desktop", [Desktop.GNOME, Desktop.CINNAMON, Desktop.MATE])
def test_keys_that_the_desktop_uses_are_not_taken_from_it(desktop: Desktop) -> None:
    result = write_shortcut(desktop, "Meta+L", COMMAND)

    assert result.status is KeyStatus.TAKEN
    assert "screensaver" in str(result.reason)


@pytest.mark.usefixtures("settings")
def test_keys_that_a_person_has_given_away_are_not_taken_back() -> None:
    _gsettings("set", _GNOME_KEYS, "custom-keybindings", "['/other/custom0/']")
    item = f"{_GNOME_KEYS}.custom-keybinding:/other/custom0/"
    for key, value in (("name", "Music"), ("command", "music"), ("binding", "<Alt><Ctrl>Space")):
        _gsettings("set", item, key, quoted(value))

    result = write_shortcut(Desktop.GNOME, CHORD, COMMAND)
    assert (result.status, "Music" in str(result.reason)) == (KeyStatus.TAKEN, True)


def test_a_desktop_without_its_settings_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSETTINGS_SCHEMA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))

    with pytest.raises(ShortcutRefused) as raised:
        write_shortcut(Desktop.GNOME, CHORD, COMMAND)
    assert "gsettings" in str(raised.value.hint)


_XFCONF = """#!{python}
import json, pathlib, sys
store = pathlib.Path({store!r})
values = json.loads(store.read_text()) if store.exists() else dict()
words = sys.argv[3:]
if "-l" in words:
    print("\\n".join(f"{{path}}   {{value}}" for path, value in values.items()))
else:
    path = words[words.index("-p") + 1]
    if "-r" in words:
        del values[path]
    else:
        values[path] = words[words.index("-s") + 1]
    store.write_text(json.dumps(values))
"""


@pytest.fixture
def xfconf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for the program of XFCE; returns the file with its values."""
    store = tmp_path / "xfconf.json"
    program = tmp_path / "bin" / "xfconf-query"
    program.parent.mkdir()
    program.write_text(_XFCONF.format(python=sys.executable, store=str(store)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return store


def test_xfce_has_one_shortcut_of_ours_however_often_it_is_written(xfconf: Path) -> None:
    mine = "/commands/custom/<Primary><Alt>t"
    xfconf.write_text(f'{{"{mine}": "exo-open"}}')
    write_shortcut(Desktop.XFCE, CHORD, COMMAND)
    write_shortcut(Desktop.XFCE, "Ctrl+Alt+K", COMMAND)

    assert xfconf.read_text().count("--toggle-popup") == 1
    assert "<Primary><Alt>k" in xfconf.read_text()
    assert write_shortcut(Desktop.XFCE, "Ctrl+Alt+T", COMMAND).status is KeyStatus.TAKEN
    remove_shortcut(Desktop.XFCE)
    assert "toggle-popup" not in xfconf.read_text()
    assert mine in xfconf.read_text()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Give a home, and programs that have configurations read again, which note that they did."""
    for name in ("swaymsg", "hyprctl"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/reloads\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def _configuration(tmp_path: Path, name: str, content: str) -> Path:
    path = tmp_path / "config" / name
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("desktop", "name", "line", "include"),
    [
        (Desktop.SWAY, "sway/config", "bindsym Ctrl+Mod1+space exec ", "include "),
        (Desktop.HYPRLAND, "hypr/hyprland.conf", "bind = CTRL ALT, space, exec, ", "source = "),
    ],
)
def test_a_configuration_gets_one_line_and_a_file_beside_it(
    tmp_path: Path, places: Mapping[str, str], desktop: Desktop, name: str, line: str, include: str
) -> None:
    main = _configuration(tmp_path, name, "# mine\nset $mod Mod4")
    main.chmod(0o644)
    assert can_write(desktop, places)
    for _ in range(2):
        assert write_shortcut(desktop, CHORD, COMMAND, places).status is KeyStatus.UNVERIFIED

    own = main.with_name("lapis.conf")
    assert own.read_text(encoding="utf-8").startswith(f"{line}{COMMAND}\n")
    assert main.read_text() == f"# mine\nset $mod Mod4\n\n{include}{own}\n"
    assert main.with_name(f"{main.name}.before-lapis").read_text() == "# mine\nset $mod Mod4"
    assert stat.S_IMODE(main.stat().st_mode) == 0o644
    assert (tmp_path / "reloads").read_text() == "reload\n" * 2

    remove_shortcut(desktop, places)
    assert own.read_text() == ""


def test_a_configuration_that_is_a_link_stays_one(
    tmp_path: Path, places: Mapping[str, str]
) -> None:
    elsewhere = tmp_path / "dotfiles"
    elsewhere.write_text("# mine\n")
    main = _configuration(tmp_path, "sway/config", "")
    main.unlink()
    main.symlink_to(elsewhere)
    write_shortcut(Desktop.SWAY, CHORD, COMMAND, places)

    assert main.is_symlink()
    assert "lapis.conf" in elsewhere.read_text()


def test_who_has_no_configuration_keeps_that_of_the_system(
    tmp_path: Path, places: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from desktop.system.shortcuts import lines

    system = tmp_path / "etc"
    system.write_text("bindsym Mod4+Return exec foot\n")
    monkeypatch.setattr(lines, "SWAY", replace(lines.SWAY, system=system))
    write_shortcut(Desktop.SWAY, CHORD, COMMAND, places)

    written = (tmp_path / "config" / "sway" / "config").read_text()
    assert written.splitlines()[0] == f"include {system}"


@pytest.mark.parametrize(
    ("desktop", "name", "line"),
    [
        (Desktop.SWAY, "sway/config", "bindsym --no-repeat Mod1+Control+space exec music"),
        (Desktop.HYPRLAND, "hypr/hyprland.conf", "bindl = CTRL_ALT, SPACE, exec, music"),
    ],
)
def test_keys_of_another_line_are_left_to_it(
    tmp_path: Path, places: Mapping[str, str], desktop: Desktop, name: str, line: str
) -> None:
    main = _configuration(tmp_path, name, f"{line}\n")

    result = write_shortcut(desktop, CHORD, COMMAND, places)
    assert (result.status, "music" in str(result.reason)) == (KeyStatus.TAKEN, True)
    assert main.read_text() == f"{line}\n"


def test_a_command_of_two_lines_is_no_line_of_a_configuration(
    tmp_path: Path, places: Mapping[str, str]
) -> None:
    main = _configuration(tmp_path, "sway/config", "# mine\n")

    with pytest.raises(ShortcutRefused):
        write_shortcut(Desktop.SWAY, CHORD, "lapis --data-dir 'a\nexec b'", places)
    assert main.read_text() == "# mine\n"
    assert not main.with_name("lapis.conf").exists()


def test_a_sign_of_a_number_begins_no_comment_in_hyprland(
    tmp_path: Path, places: Mapping[str, str]
) -> None:
    main = _configuration(tmp_path, "hypr/hyprland.conf", "")

    write_shortcut(Desktop.HYPRLAND, CHORD, "'/opt/c#/lapis' --toggle-popup", places)
    assert "exec, '/opt/c##/lapis' --toggle-popup\n" in main.with_name("lapis.conf").read_text()


def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path, places: Mapping[str, str]
) -> None:
    main = _configuration(tmp_path, "sway/config", "# mine\n")
    main.with_name("lapis.conf").mkdir()

    with pytest.raises(LapisError):
        write_shortcut(Desktop.SWAY, CHORD, COMMAND, places)
    assert main.read_text() == "# mine\n"


def test_what_is_no_chord_changes_nothing(tmp_path: Path, places: Mapping[str, str]) -> None:
    main = _configuration(tmp_path, "sway/config", "# mine\n")

    assert write_shortcut(Desktop.SWAY, "A", COMMAND, places).status is KeyStatus.INVALID
    assert main.read_text() == "# mine\n"


def test_a_desktop_that_nobody_can_write_to_says_so(tmp_path: Path) -> None:
    nowhere = {"HOME": str(tmp_path)}

    assert not can_write(Desktop.LXQT, nowhere)
    assert not can_write(Desktop.KDE, nowhere)
    assert not can_write(Desktop.KDE, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/a", "SNAP": "/b"})
    assert can_write(Desktop.KDE, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/a"})
    assert write_shortcut(Desktop.OTHER, CHORD, COMMAND, nowhere).status is KeyStatus.UNSUPPORTED
    remove_shortcut(Desktop.OTHER, nowhere)
