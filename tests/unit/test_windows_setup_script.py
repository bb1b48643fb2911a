"""The setup script for Windows says the same as the program that it installs."""

import json
import re
import sys
from pathlib import Path

import platformdirs.windows
import pytest

from desktop.base.paths import APP_ID, DESKTOP_ID
from desktop.services.start_at_login import start_command
from desktop.system.login.windows import APPROVED, RUN
from desktop.system.login.words import words_of
from desktop.system.windows_identity import MUTEX, USER_MODEL
from installers.dev.console import StepFailed
from installers.windows.make import SCRIPT, Setup, find_compiler, sign_file, tell_kind

_TEXT = SCRIPT.read_text(encoding="utf-8")
_NAMES = dict(re.findall(r'^#define (\w+) "(.*)"$', _TEXT, re.MULTILINE))
_SETUP = Setup("1.2.0rc1", "x64", r"C:\a b\lapis", r"C:\dist", r"C:\pictures")


def _words(name: str, section: str) -> dict[str, str]:
    """Return what a file of messages says in `section`, by names."""
    text = SCRIPT.with_name(name).read_text(encoding="utf-8-sig")
    part = text.partition(f"[{section}]\n")[2].partition("\n[")[0]
    lines = [line for line in part.splitlines() if line and not line.startswith(";")]
    return dict(line.split("=", 1) for line in lines)


def test_the_script_knows_the_running_program_by_its_own_names() -> None:
    assert _NAMES["Running"] == MUTEX
    assert _NAMES["UserModel"] == USER_MODEL


def test_starting_at_login_is_the_same_entry_that_the_program_reads_and_writes() -> None:
    assert _NAMES["LoginName"] == DESKTOP_ID
    assert _NAMES["LoginKey"] == RUN
    assert _NAMES["ApprovedKey"] == APPROVED
    (line,) = (line for line in _TEXT.splitlines() if 'Subkey: "{#LoginKey}"' in line)
    found = re.search(r'ValueData: "((?:[^"]|"")*)"', line)
    assert found is not None
    written = found[1].replace('""', '"').replace("{#Program}", _NAMES["Program"])
    assert words_of(written) == (r"{app}\lapis-gui.exe", "--background")


@pytest.mark.parametrize("program", ["lapis.exe", "lapis-gui.exe"])
def test_the_program_starts_the_same_one_at_login(tmp_path: Path, program: str) -> None:
    for name in ("lapis.exe", "lapis-gui.exe"):
        (tmp_path / name).touch()

    command = start_command({}, "win32", None, str(tmp_path / program))

    assert command == (str(tmp_path / "lapis-gui.exe"), "--background")


def test_the_data_that_is_asked_about_is_where_the_program_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", lambda _name: "{localappdata}")
    folders = platformdirs.windows.Windows(APP_ID, appauthor=False)

    kept = {folders.user_data_dir, folders.user_config_dir}
    assert {folder.replace("/", "\\") for folder in kept} == {_NAMES["Data"]}


def test_the_number_by_which_an_upgrade_finds_lapis_is_never_changed() -> None:
    assert _NAMES["Guid"] == "4E6C68EB-C700-46AF-B16A-D3C430C72FCB"


def test_both_languages_have_all_words_with_the_same_places_for_values() -> None:
    english = _words("english.isl", "CustomMessages")
    chinese = _words("chinese.isl", "CustomMessages")

    assert english.keys() <= chinese.keys()
    for name, words in english.items():
        assert set(re.findall(r"%\d", words)) == set(re.findall(r"%\d", chinese[name])), name


def test_what_is_chinese_has_chinese_punctuation() -> None:
    words = _words("chinese.isl", "Messages") | _words("chinese.isl", "CustomMessages")

    for name, text in words.items():
        assert not re.search(r"[一-鿿][,.:;?!](?!\.\.)(?!\.)", text.replace("...", "")), name


def test_the_compiler_is_told_everything_and_nothing_about_signing() -> None:
    assert _SETUP.name == "lapis-assistant-1.2.0rc1-windows-x64-unsigned"
    assert _SETUP.command(["ISCC"], "lapis.iss") == [
        "ISCC",
        *("/DVersion=1.2.0rc1", "/DNumbers=1.2.0.0", r"/DSource=C:\a b\lapis", r"/DOutput=C:\dist"),
        *("/DName=lapis-assistant-1.2.0rc1-windows-x64-unsigned", r"/DArtwork=C:\pictures"),
        *("/DArch=x64", "lapis.iss"),
    ]


def test_with_a_signature_the_compiler_signs_and_the_name_does_not_say_unsigned() -> None:
    setup = Setup("1.0.0", "x64", "s", "o", "a", 'signtool sign /n "My name" $f')

    assert setup.name == "lapis-assistant-1.0.0-windows-x64"
    assert setup.command(["ISCC"], "lapis.iss")[-3:-1] == [
        "/DSign",
        "/Slapis=signtool sign /n $qMy name$q $f",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="stands in with a shell's words")
def test_a_program_is_signed_by_the_command_or_the_step_fails(tmp_path: Path) -> None:
    path = tmp_path / "a program.exe"
    path.write_text("program", encoding="ascii")

    sign_file(f"cp $f '{tmp_path / 'signed'}'", path)

    assert (tmp_path / "signed").read_text(encoding="ascii") == "program"
    with pytest.raises(StepFailed, match="could not be signed"):
        sign_file("false $f", path)


def test_the_packed_program_knows_what_it_came_in_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "distribution.json"
    path.write_text('{"kind": "source", "update_keys": ["a"]}', encoding="utf-8")

    tell_kind(path)

    told = json.loads(path.read_text(encoding="utf-8"))
    assert told == {"kind": "windows", "update_keys": ["a"]}


def test_the_compiler_is_found_where_inno_setup_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ProgramFiles(x86)", str(tmp_path / "x86"))
    with pytest.raises(StepFailed, match="Inno Setup"):
        find_compiler()
    place = tmp_path / "x86" / "Inno Setup 6"
    place.mkdir(parents=True)
    (place / "ISCC.exe").touch()

    assert find_compiler() == str(place / "ISCC.exe")
