"""The system's own spell-checker under the composer of the real program."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop.base.paths import paths_under
from desktop.system.spelling import keep_files_in, open_dictionaries
from tests.e2e.conftest import StartLapis
from tests.harness.hands import wait_for_menu_keys
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_REDDER = 40


@pytest.fixture
def _spell_checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCHANT_CONFIG_DIR", "")
    keep_files_in(tmp_path / "enchant")
    dictionaries = open_dictionaries(["en"])
    if dictionaries is None or not dictionaries.knows("world"):
        pytest.skip("this computer has no English spell-checker")


def _has_wave(window: Window, picture: Path) -> bool:
    image = QImage(str(window.screenshot(picture)))
    # The waves are thin: their edges mix with the ground. Nothing else down there is reddish.
    seen = sum(
        pixel.red() > max(pixel.green(), pixel.blue()) + _REDDER
        for x in range(image.width())
        for y in range(image.height() * 4 // 5, image.height())
        if (pixel := image.pixelColor(x, y)).isValid()
    )
    return seen > 5


def _draft(database: Path) -> str:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT value FROM meta WHERE key = 'draft'").fetchall()
    return "".join(draft for (draft,) in rows)


# A menu whose suggestions come late has them in another one beside.
@pytest.mark.alone
@pytest.mark.usefixtures("_spell_checker")
def test_a_misspelt_word_is_marked_and_mended_by_its_menu(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path
) -> None:
    start_lapis()
    window = screen.window("Lapis")
    window.focus()
    screen.type("hello wrold ")
    wait_for(lambda: _has_wave(window, tmp_path / "wave.png"), 20, "a wave")
    shown = len(screen.windows())
    screen.key("Left", "Left", "Menu")
    wait_for(lambda: len(screen.windows()) > shown, 10, "a menu")
    wait_for_menu_keys(screen)
    screen.key("Down", "Return")

    database = paths_under(lapis_home).database
    wait_for(lambda: _draft(database).strip() == "hello world", 10, lambda: _draft(database))
    wait_for(lambda: not _has_wave(window, tmp_path / "wave.png"), 10, "no wave")
    home = Path(screen.environment["HOME"])
    assert not (home / ".config" / "enchant").exists(), "it keeps its files with ours"
    assert paths_under(lapis_home).spelling.is_dir()
