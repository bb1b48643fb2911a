"""What a frozen program does first: its environment repaired, and processes of our own told apart."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import desktop
from desktop.backends.process import ENGINE
from desktop.backends.trial import TrialFailed, find_devices
from desktop.base import child_program
from desktop.frozen import repair
from tests.harness.as_frozen import write_programs
from tests.harness.waiting import wait_for

_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
_OWN = ("/usr/lib/lapis", "/usr/lib/lapis/_internal")


def _run(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **more},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Started from a plain shell.
        ({"LD_LIBRARY_PATH": "/usr/lib/lapis/_internal"}, {}),
        # Started with one that somebody has set.
        (
            {"LD_LIBRARY_PATH": "/usr/lib/lapis/_internal:/opt", "LD_LIBRARY_PATH_ORIG": "/opt"},
            {"LD_LIBRARY_PATH": "/opt"},
        ),
        ({"LD_LIBRARY_PATH": "/opt:/usr/lib/lapis/_internal"}, {"LD_LIBRARY_PATH": "/opt"}),
        # From a terminal that another Lapis has started, one that did not clear up.
        (
            {
                "LD_LIBRARY_PATH": "/usr/lib/lapis/_internal:/usr/lib/lapis/_internal",
                "LD_LIBRARY_PATH_ORIG": "/usr/lib/lapis/_internal",
            },
            {},
        ),
        ({"DYLD_LIBRARY_PATH": "/usr/lib/lapis/_internal"}, {}),
        (
            {"_PYI_ARCHIVE_FILE": "/usr/lib/lapis/lapis", "_PYI_PARENT_PROCESS_LEVEL": "1"},
            {},
        ),
        (
            {"QT_PLUGIN_PATH": "/x", "PYTHONHOME": "/y", "GGML_BACKEND_PATH": "/z", "HOME": "/h"},
            {"HOME": "/h"},
        ),
    ],
)
def test_nothing_that_is_meant_for_lapis_alone_is_passed_on(
    before: dict[str, str], after: dict[str, str]
) -> None:
    repair(before, _OWN)

    assert before == after


@_POSIX
@pytest.mark.parametrize(
    "words",
    [
        (),
        (desktop.__version__,),
        (ENGINE, "1"),
        (desktop.__version__, "os:_exit", "7"),
        (desktop.__version__, "desktop.cli:main"),
        (desktop.__version__, "desktop.inference.high_level:main"),
        (desktop.__version__, ENGINE, "one"),
        (desktop.__version__, ENGINE, "-1"),
        (desktop.__version__, f"{ENGINE} ", "1"),
    ],
)
def test_a_frozen_program_can_be_no_process_but_its_own(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = _run(write_programs(tmp_path), "--child", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lapis: not a process of Lapis\n"


@_POSIX
def test_what_was_replaced_while_lapis_runs_is_no_process_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(write_programs(tmp_path / "program")))
    monkeypatch.setattr(child_program, "__version__", "0.0.1")
    work = tmp_path / "work"
    work.mkdir()

    with pytest.raises(TrialFailed, match="was updated while it was running"):
        find_devices(work)


@_POSIX
@pytest.mark.parametrize("name", ["lapis", "lapis-gui"])
def test_both_programs_know_their_version(name: str, tmp_path: Path) -> None:
    done = _run(write_programs(tmp_path).with_name(name), "--version")

    assert (done.returncode, done.stdout) == (0, f"Lapis {desktop.__version__}\n")


@_POSIX
def test_the_window_without_a_display_says_so_and_ends(tmp_path: Path) -> None:
    program = write_programs(tmp_path).with_name("lapis-gui")

    done = _run(
        program,
        "--data-dir",
        tmp_path / "data",
        DISPLAY="",
        WAYLAND_DISPLAY="",
        QT_QPA_PLATFORM="",
        LANG="C",
    )

    assert done.returncode == 1
    assert done.stderr == "No display found. In the terminal, type: lapis chat\n"


@_POSIX
def test_the_engine_is_started_by_the_hidden_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(write_programs(tmp_path / "program")))
    work = tmp_path / "work"
    work.mkdir()

    assert "CPU" in [device.name for device in find_devices(work)]
    assert list(work.iterdir()) == []


@_POSIX
def test_a_process_of_its_own_loads_neither_qt_nor_the_command_line(tmp_path: Path) -> None:
    program = write_programs(tmp_path, "-X importtime")

    done = _run(program, "--child", desktop.__version__, ENGINE, os.getpid())

    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "desktop.inference.scheduler" in loaded
    assert not {"PySide6", "desktop.cli", "desktop.app", "typer", "desktop.ui"} & loaded


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the closed pipe ends it")
def test_a_killed_program_takes_its_processes_along(tmp_path: Path) -> None:
    program = write_programs(tmp_path)
    code = (
        "import os, subprocess, sys\n"
        "started = subprocess.Popen([*sys.argv[1:], str(os.getpid())], stdin=subprocess.PIPE)\n"
        "print(started.pid, flush=True)\n"
        "started.wait()\n"
    )
    command = [sys.executable, "-c", code, str(program), "--child", desktop.__version__, ENGINE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        # Only once it runs our code it dies with its parent; then it belongs to root.
        wait_for(lambda: Path(f"/proc/{child.pid}/oom_score_adj").read_text().strip() == "800", 30)
        parent.send_signal(signal.SIGKILL)

    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
