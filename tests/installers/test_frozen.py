"""The program as it is frozen: whole, at home anywhere, and no burden to what is started from it.

Takes the bundle as `make bundle` left it.
"""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import desktop
from tests.bench import startup
from tests.harness.home import home_variables
from tests.harness.waiting import wait_for
from tests.installers.bundle_room import made_bundle

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts"),
]
_ENGINE = "desktop.inference.host:main"
_LIMIT_SECONDS = 1.0


@pytest.fixture(scope="session")
def frozen() -> Path:
    """Return the folder of the bundle."""
    return made_bundle()


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """Return the variables of an account that has set nothing, without a screen."""
    return {"PATH": "/usr/bin:/bin", **home_variables(tmp_path / "account")}


def _run(
    *words: object, environment: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=environment,
        cwd=cwd,
        timeout=300,
        check=False,
    )


def test_everything_that_was_packed_does_its_work(frozen: Path, bare: dict[str, str]) -> None:
    done = _run(frozen / "lapis", "--selftest", environment=bare)

    failed = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert (failed, done.returncode) == ([], 0), done.stderr
    assert "ok window: " in done.stdout
    if sys.platform == "linux":
        assert "SecretService" in done.stdout


@pytest.mark.parametrize("name", ["program", "a folder with spaces", "Jörg 王"])
def test_the_engine_answers_from_a_folder_of_any_name(
    name: str, frozen: Path, tmp_path: Path, bare: dict[str, str]
) -> None:
    place = tmp_path / name
    shutil.copytree(frozen, place, symlinks=True, copy_function=os.link)

    done = _run(place / "lapis", "--selftest-engine", environment=bare, cwd=tmp_path)

    assert done.returncode == 0, done.stdout
    lines = dict(line.removeprefix("ok ").split(": ", 1) for line in done.stdout.splitlines())
    assert lines["guide"]
    if sys.platform == "linux":
        assert "vulkan" in lines["engine libraries"]
        assert lines["engine process"].startswith(("CPU libggml-cpu-", "Vulkan"))


def test_both_programs_run_through_a_link(
    frozen: Path, tmp_path: Path, bare: dict[str, str]
) -> None:
    for name in ("lapis", "lapis-gui"):
        link = tmp_path / name
        link.symlink_to(frozen / name)

        assert _run(link, "--version", environment=bare).stdout == f"Lapis {desktop.__version__}\n"
        # Asked through PATH, as by somebody who types it.
        bare["PATH"] = f"{tmp_path}:/usr/bin:/bin"
        said = _run("sh", "-c", f"{name} --version", environment=bare, cwd=Path("/"))
        assert said.stdout == f"Lapis {desktop.__version__}\n"


def test_a_frozen_program_can_be_no_process_but_its_own(frozen: Path, bare: dict[str, str]) -> None:
    for target in ("os:_exit", "desktop.cli:main", "desktop.inference.high_level:main"):
        done = _run(frozen / "lapis", "--child", desktop.__version__, target, "7", environment=bare)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "lapis: not a process of Lapis\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's variable of Linux")
@pytest.mark.parametrize(
    "more",
    [
        {"LD_LIBRARY_PATH": "/opt/mine:/opt/yours"},
        {"LD_LIBRARY_PATH": "", "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"},
        {"QT_PLUGIN_PATH": "/nowhere", "QT_QPA_PLATFORM_PLUGIN_PATH": "/nowhere"},
        {"LLAMA_CPP_LIB_PATH": "/nowhere", "GGML_BACKEND_PATH": "/nowhere/evil.so"},
    ],
)
def test_what_an_account_has_set_for_other_programs_does_no_harm(
    more: dict[str, str], frozen: Path, bare: dict[str, str]
) -> None:
    for check in ("--selftest", "--selftest-engine"):
        done = _run(frozen / "lapis", check, environment=bare | more)

        failed = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
        assert (failed, done.returncode) == ([], 0)


def test_a_lapis_started_by_another_copy_runs_by_itself(
    frozen: Path, tmp_path: Path, bare: dict[str, str]
) -> None:
    """Also where that one has not cleared up: what its loader has set is there."""
    copy = tmp_path / "copy"
    shutil.copytree(frozen, copy, symlinks=True, copy_function=os.link)
    left = {
        "_PYI_ARCHIVE_FILE": str(frozen / "lapis"),
        "_PYI_APPLICATION_HOME_DIR": str(frozen / "_internal"),
        "_PYI_PARENT_PROCESS_LEVEL": "1",
        "LD_LIBRARY_PATH": str(frozen / "_internal"),
    }

    done = _run(copy / "lapis", "--selftest", environment=bare | left)

    assert "ok Lapis out of Lapis" in done.stdout.splitlines()
    assert done.returncode == 0, done.stdout


@pytest.fixture
def serving(frozen: Path, tmp_path: Path, bare: dict[str, str]) -> Iterator[psutil.Process]:
    """Start a Lapis that keeps its engine."""
    command = [str(frozen / "lapis"), "--data-dir", str(tmp_path / "data"), "chat"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=bare,
    ) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the closed pipe ends it")
def test_a_killed_lapis_takes_its_engine_along(serving: psutil.Process) -> None:
    def engine() -> psutil.Process | None:
        found = serving.children()
        return next((one for one in found if _ENGINE in one.cmdline()), None)

    child = wait_for(engine, 60)
    assert child is not None
    assert child.cmdline()[1:3] == ["--child", desktop.__version__]
    adjusted = Path(f"/proc/{child.pid}/oom_score_adj")
    wait_for(lambda: adjusted.read_text().strip() == "800", 30)

    serving.kill()

    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)


@pytest.mark.skipif(sys.platform != "linux", reason="on a screen of our own")
def test_the_window_is_there_within_a_second(frozen: Path, tmp_path: Path) -> None:
    usual = os.sched_getscheduler(0)
    with suppress(PermissionError):
        # Before whatever else the computer does; what is started from here inherits it.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    try:
        usable, _first = startup.measure(tmp_path, frozen / "lapis-gui")
    finally:
        os.sched_setscheduler(0, usual, os.sched_param(0))

    assert statistics.median(usable.values) <= _LIMIT_SECONDS, usable.values
