"""A program that a package manager replaces or removes while it runs: it says so, or ends."""

import errno
import os
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, QPixmapCache
from pytestqt.qtbot import QtBot

from desktop.system.panel import Tone
from desktop.ui import icons
from desktop.ui.banner import Banner, Topic
from desktop.ui.icons import icon
from desktop.ui.replaced_program import ReplacedProgram
from desktop.ui.tray_icon import Sign, TrayPicture, tray_icon


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "lapis-gui"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    shown = Banner()
    qtbot.addWidget(shown)
    return shown


def replace(program: Path) -> None:
    """Do as dpkg and rpm do: the new file is written beside, and then takes the name."""
    new = program.with_name("lapis-gui.dpkg-new")
    new.write_bytes(b"new one")
    new.replace(program)


def test_a_program_that_was_replaced_asks_to_be_started_again(
    program: Path, banner: Banner, qtbot: QtBot
) -> None:
    ReplacedProgram(program, banner, banner, settled_ms=0)

    replace(program)

    qtbot.waitUntil(lambda: banner.topic is Topic.REPLACED)
    banner.close_message()
    replace(program)
    qtbot.waitUntil(lambda: banner.topic is Topic.REPLACED)


def test_one_that_was_only_touched_by_a_backup_says_nothing(
    program: Path, banner: Banner, qtbot: QtBot
) -> None:
    watch = ReplacedProgram(program, banner, banner, settled_ms=0)

    with qtbot.waitSignal(watch._settled.timeout):
        program.with_name("lapis-gui.dpkg-tmp").hardlink_to(program)

    assert banner.topic is None


def test_one_that_was_removed_is_to_end(program: Path, banner: Banner, qtbot: QtBot) -> None:
    watch = ReplacedProgram(program, banner, banner, settled_ms=0)

    with qtbot.waitSignal(watch.removed):
        program.unlink()

    assert banner.topic is None


def test_one_that_is_out_of_reach_does_not_end(
    program: Path, banner: Banner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ReplacedProgram(program, banner, banner, settled_ms=0)
    stat = Path.stat

    def unreachable(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == program:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", unreachable)

    with qtbot.assertNotEmitted(watch.removed), qtbot.waitSignal(watch._settled.timeout):
        program.unlink()

    assert banner.topic is None


def test_icons_whose_files_are_gone_are_painted_as_nothing(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icons, "resources", lambda: tmp_path)
    QPixmapCache.clear()
    gem = tray_icon(TrayPicture(full=100, sign=Sign.FAILED), Tone.LIGHT)

    with qtbot.captureExceptions() as raised:
        painted = [one.pixmap(16).toImage() for one in (icon("sun"), gem)]

    assert raised == []
    for image in painted:
        blank = QImage(image.size(), image.format())
        blank.fill(0)
        assert image == blank
    QPixmapCache.clear()
