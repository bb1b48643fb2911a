"""A program that a package manager replaces while it runs: the person is told to start it again."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.ui.banner import Banner, Topic
from desktop.ui.replaced_program import ReplacedProgram


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


def test_one_that_was_removed_says_nothing(program: Path, banner: Banner, qtbot: QtBot) -> None:
    watch = ReplacedProgram(program, banner, banner, settled_ms=0)

    with qtbot.waitSignal(watch._settled.timeout):
        program.unlink()

    assert banner.topic is None
