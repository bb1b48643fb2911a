"""The setup program for Windows, run under Wine: what it installs, changes, keeps and takes away.

Under Wine a stand-in is installed in 32 bits, by the script that is shipped. That the 64-bit form
compiles is tested here as well; nothing of it has run on Windows.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from desktop.base.paths import DESKTOP_ID
from desktop.services.start_at_login import start_command
from desktop.system.login.windows import APPROVED, RUN
from desktop.system.login.words import words_of
from tests.harness.screen import virtual_screen
from tests.harness.waiting import wait_for
from tests.installers.chroot import Chroot
from tests.installers.windows_setups import workshop
from tests.installers.wine import Windows, prepare, windows

pytestmark = pytest.mark.timeout(600)

_SILENT: Final = ("/VERYSILENT", "/SUPPRESSMSGBOXES", "/NORESTART")
_ALL_TASKS: Final = "/TASKS=associate,startup,desktopicon,path"
_CLASSES: Final = r"HKCU\Software\Classes"
_INSTALLED: Final = (
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall"
    r"\{4E6C68EB-C700-46AF-B16A-D3C430C72FCB}_is1"
)
_START_MENU: Final = Path("AppData", "Roaming", "Microsoft", "Windows", "Start Menu", "Programs")


@dataclass(frozen=True, slots=True)
class Setups:
    """Setup programs of two versions, on the disk of the system that Wine runs in."""

    room: Chroot
    older: Path
    newer: Path
    real: Path


@pytest.fixture(scope="module")
def setups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setups]:
    room = prepare()
    folder = tmp_path_factory.mktemp("screen")
    kept = Path(tempfile.mkdtemp(prefix="setups-", dir=room.folder / "srv"))
    try:
        with virtual_screen(folder, tray=False) as screen, windows(room, screen) as made:
            shop = workshop(made)
            paths = [
                path.rename(kept / path.name)
                for path in (shop.setup("1.0.0"), shop.setup("1.1.0"), shop.setup("1.1.0", "x64"))
            ]
        yield Setups(room, *paths)
    finally:
        shutil.rmtree(kept)


@pytest.fixture
def account(setups: Setups, tmp_path: Path) -> Iterator["Account"]:
    with virtual_screen(tmp_path, tray=False) as screen, windows(setups.room, screen) as made:
        yield Account(made, setups)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, and what that person does with setup programs."""

    windows: Windows
    setups: Setups

    @property
    def program(self) -> Path:
        """The folder that Lapis is installed in, unless another one is asked for."""
        return self.windows.local / "Programs" / "Lapis"

    @property
    def data(self) -> Path:
        """The folder that Lapis keeps its things in."""
        return self.windows.local / "lapis"

    @property
    def start_menu(self) -> Path:
        return self.windows.home / _START_MENU / "Lapis.lnk"

    @property
    def desktop_icon(self) -> Path:
        return self.windows.home / "Desktop" / "Lapis.lnk"

    def install(self, setup: Path, *words: str, must_work: bool = True) -> int:
        """Run a setup program that asks nothing; return its exit code."""
        path = self.windows.path(setup)
        return self.windows.run(path, *_SILENT, *words, must_work=must_work).code

    def uninstall(self) -> None:
        """Take Lapis away without a question, and wait until it is gone."""
        self.windows.run(self.windows.path(self.program / "unins000.exe"), *_SILENT)
        wait_for(lambda: not self.program.exists(), 60, "the folder of the program to go")

    def has_data(self, text: str = "chats") -> None:
        """Have used Lapis."""
        self.data.mkdir()
        (self.data / "lapis.db").write_text(text, encoding="ascii")

    def value(self, key: str, name: str = "") -> str | None:
        """Return a text of the registry; None for none."""
        return self.windows.registry(key).get(name)

    def starts_at_login(self) -> str | None:
        """Return what Windows starts at login for Lapis."""
        return self.value(rf"HKCU\{RUN}", DESKTOP_ID)

    def notes(self) -> list[str]:
        """Return what the program was started with so far."""
        file = self.windows.home / "Temp" / "notes.txt"
        return file.read_text(encoding="ascii").splitlines() if file.exists() else []


def test_the_64_bit_form_of_the_script_compiles(setups: Setups) -> None:
    assert setups.real.stat().st_size > 1_000_000


def test_a_silent_install_brings_the_program_and_nothing_that_was_not_asked_for(
    account: Account,
) -> None:
    account.install(account.setups.older)

    assert (account.program / "lapis.exe").is_file()
    assert (account.program / "_internal" / "library-1.0.0.dll").is_file()
    installed = account.windows.registry(_INSTALLED)
    assert installed["DisplayVersion"] == "1.0.0"
    assert installed["DisplayName"] == "Lapis"
    assert account.start_menu.is_file()
    assert account.starts_at_login() is None
    assert not account.desktop_icon.exists()
    assert "Lapis" not in (account.value(r"HKCU\Environment", "Path") or "")
    assert account.notes() == []


def test_what_is_asked_for_is_set_up_as_the_program_itself_does_it(account: Account) -> None:
    account.install(account.setups.older, _ALL_TASKS)

    path = account.windows.path(account.program)
    started = words_of(account.starts_at_login() or "")
    assert started == (rf"{path}\lapis-gui.exe", "--background")
    beside = account.program / "lapis-gui.exe"
    assert start_command({}, "win32", None, str(beside.with_name("lapis.exe"))) == (
        str(beside),
        "--background",
    )
    assert account.desktop_icon.is_file()
    assert path in (account.value(r"HKCU\Environment", "Path") or "").split(";")


def test_model_files_open_with_lapis_where_nobody_else_has_them(account: Account) -> None:
    account.install(account.setups.older, _ALL_TASKS)

    program = account.windows.path(account.program / "lapis-gui.exe")
    assert account.value(rf"{_CLASSES}\.gguf") == "Lapis.gguf"
    assert account.value(rf"{_CLASSES}\.gguf\OpenWithProgids", "Lapis.gguf") == ""
    assert account.value(rf"{_CLASSES}\Lapis.gguf\shell\open\command") == f'"{program}" "%1"'
    assert account.value(rf"{_CLASSES}\Lapis.gguf") == "Language model"


def test_model_files_of_another_program_stay_with_it(account: Account) -> None:
    account.windows.run("reg", "add", rf"{_CLASSES}\.gguf", "/ve", "/d", "Other.gguf", "/f")

    account.install(account.setups.older, _ALL_TASKS)

    assert account.value(rf"{_CLASSES}\.gguf") == "Other.gguf"
    assert account.value(rf"{_CLASSES}\.gguf\OpenWithProgids", "Lapis.gguf") == ""
    account.uninstall()
    assert account.value(rf"{_CLASSES}\.gguf") == "Other.gguf"
    assert account.value(rf"{_CLASSES}\.gguf\OpenWithProgids", "Lapis.gguf") is None


def test_a_folder_with_spaces_and_letters_of_other_scripts_will_do(account: Account) -> None:
    folder = account.windows.home / "Jörg 王" / "My Programs"
    path = account.windows.path(folder)

    account.install(account.setups.older, f"/DIR={path}", _ALL_TASKS)

    assert (folder / "lapis-gui.exe").is_file()
    assert words_of(account.starts_at_login() or "")[0] == rf"{path}\lapis-gui.exe"
    account.windows.run(rf"{path}\lapis-gui.exe", "--quit")
    assert account.notes() == ["--quit"]


def test_an_upgrade_removes_old_libraries_and_keeps_what_belongs_to_the_person(
    account: Account,
) -> None:
    account.install(account.setups.older)
    stale = account.program / "_internal" / "stale.dll"
    stale.write_text("from long ago", encoding="ascii")
    account.has_data()

    account.install(account.setups.newer)

    libraries = [path.name for path in (account.program / "_internal").iterdir()]
    assert libraries == ["library-1.1.0.dll"]
    assert account.value(_INSTALLED, "DisplayVersion") == "1.1.0"
    assert (account.data / "lapis.db").read_text(encoding="ascii") == "chats"


def test_an_upgrade_does_not_bring_back_what_was_turned_off_since(account: Account) -> None:
    account.install(account.setups.older, _ALL_TASKS)
    account.windows.run("reg", "delete", rf"HKCU\{RUN}", "/v", DESKTOP_ID, "/f")
    account.windows.run("reg", "delete", rf"{_CLASSES}\.gguf", "/ve", "/f")
    account.desktop_icon.unlink()

    account.install(account.setups.newer)

    assert account.starts_at_login() is None
    assert account.value(rf"{_CLASSES}\.gguf") is None
    assert not account.desktop_icon.exists()


def test_an_upgrade_ends_the_running_program_and_starts_the_new_one(account: Account) -> None:
    account.install(account.setups.older)
    with account.windows.started(account.windows.path(account.program / "lapis-gui.exe")):
        wait_for(lambda: account.notes() == ["nothing"], 30, "the program to run")

        account.install(account.setups.newer)

        wait_for(lambda: len(account.notes()) == 3, 30, "the new program to run")
    assert account.notes() == ["nothing", "--quit", "--background"]
    assert account.value(_INSTALLED, "DisplayVersion") == "1.1.0"


def test_an_older_version_is_refused_and_changes_nothing(account: Account, tmp_path: Path) -> None:
    account.install(account.setups.newer)
    log = account.windows.folder / "setup.log"

    code = account.install(
        account.setups.older, f"/LOG={account.windows.path(log)}", must_work=False
    )

    assert code == 1
    assert "Lapis 1.1.0 is installed" in log.read_text(encoding="utf-8-sig")
    assert account.value(_INSTALLED, "DisplayVersion") == "1.1.0"
    assert (account.program / "_internal" / "library-1.1.0.dll").is_file()


def test_a_silent_uninstall_takes_all_of_lapis_away_and_leaves_the_data(account: Account) -> None:
    account.windows.run(
        *("reg", "add", r"HKCU\Environment", "/v", "Path", "/t", "REG_EXPAND_SZ"),
        *("/d", r"%USERPROFILE%\bin", "/f"),
    )
    account.install(account.setups.older, _ALL_TASKS)
    account.windows.run(
        *("reg", "add", rf"HKCU\{APPROVED}", "/v", DESKTOP_ID, "/d", "turned off", "/f"),
    )
    account.has_data()

    account.uninstall()

    assert not account.start_menu.exists()
    assert not account.desktop_icon.exists()
    assert account.starts_at_login() is None
    assert account.value(rf"HKCU\{APPROVED}", DESKTOP_ID) is None
    assert account.value(r"HKCU\Environment", "Path") == r"%USERPROFILE%\bin"
    for key in ("Lapis.gguf", ".gguf", r"Applications\lapis-gui.exe"):
        assert account.windows.registry(rf"{_CLASSES}\{key}") == {}, key
    assert account.windows.registry(_INSTALLED) == {}
    assert (account.data / "lapis.db").read_text(encoding="ascii") == "chats"


def test_an_entry_that_starts_another_lapis_at_login_stays(account: Account) -> None:
    account.install(account.setups.older)
    other = r'"C:\elsewhere\lapis-gui.exe" --background'
    account.windows.run("reg", "add", rf"HKCU\{RUN}", "/v", DESKTOP_ID, "/d", other, "/f")

    account.uninstall()

    assert account.starts_at_login() == other


@pytest.mark.parametrize(("answer", "is_kept"), [("Return", True), ("alt+y", False)])
def test_uninstalling_asks_about_the_data_and_the_first_answer_is_no(
    account: Account, answer: str, is_kept: bool
) -> None:
    account.install(account.setups.older)
    account.has_data()
    screen = account.windows.screen
    uninstaller = account.windows.path(account.program / "unins000.exe")

    def answer_until(is_done: Callable[[], bool], title: str, key: str) -> None:
        """Press `key` while the window `title` is in front: a new one may not listen yet."""

        def try_once() -> bool:
            if screen.active_title() == title and not is_done():
                screen.key(key)
            return is_done()

        wait_for(try_once, 60, f"{title!r} to be answered")

    def is_asked() -> bool:
        return bool(screen.windows("^Uninstall$"))

    with account.windows.started(uninstaller):
        answer_until(is_asked, "Lapis Uninstall", "alt+y")
        answer_until(lambda: not is_asked(), "Uninstall", answer)
    assert not account.start_menu.exists()
    assert account.data.exists() == is_kept


@pytest.mark.parametrize(
    ("language", "title"), [("en", "^Setup - Lapis 1.0.0"), ("zh", "^安装 - Lapis 1.0.0")]
)
def test_the_wizard_speaks_both_languages(account: Account, language: str, title: str) -> None:
    path = account.windows.path(account.setups.older)

    with account.windows.started(path, f"/LANG={language}"):
        account.windows.screen.window(title, seconds=60)
