"""Processes of our own: how they are started from source, and how a frozen program does it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from desktop import __version__
from desktop.backends.process import ENGINE
from desktop.backends.side_job import SIDE_JOB
from desktop.base.child_program import child_command
from desktop.frozen import CHILDREN

_PACKAGE = Path(__file__).resolve().parents[2] / "desktop"
# Who may name the program that runs: these say how Lapis is started again, and one watches its
# file; all others ask them.
_NAMING = {
    "base/child_program.py",
    "frozen.py",
    "services/start_at_login.py",
    "system/own_command.py",
    "ui/replaced_program.py",
}


def test_from_source_a_process_does_what_its_target_does_with_its_numbers() -> None:
    done = subprocess.run(child_command("os:_exit", 7), check=False, timeout=30)

    assert done.returncode == 7


def test_neither_a_variable_nor_the_folder_it_starts_in_has_a_say_in_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("import os; os._exit(99)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    command = child_command("json:dumps", 1)

    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=30).returncode == 0


def test_a_frozen_window_starts_the_console_program_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "lapis-gui"))
    program = "lapis.exe" if sys.platform == "win32" else "lapis"

    words = [str(tmp_path / program), "--child", __version__, ENGINE, "42"]
    assert child_command(ENGINE, 42) == words


def test_a_frozen_program_knows_all_processes_that_lapis_starts() -> None:
    assert {ENGINE, SIDE_JOB, "desktop.ui.typeset_child:main"} == set(CHILDREN)
    for target in CHILDREN:
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(module), function))


def test_nobody_else_starts_the_program_that_runs() -> None:
    found = {
        path.relative_to(_PACKAGE).as_posix()
        for path in _PACKAGE.rglob("*.py")
        if "sys.executable" in path.read_text(encoding="utf-8")
    }

    assert found == _NAMING
