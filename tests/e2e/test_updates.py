"""The real program and news of versions: nothing is asked while it is off, and once a week while on.

A copy of Lapis, packed as an AppImage would be, with an address and a key of the test. Two of its
lines differ: it asks as soon as it has started, and takes a test's loopback for a network.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from desktop.base.paths import paths_under, resources
from installers.release.sign_update import public_of
from tests.harness.hub.certificates import Authority, new_authority, new_certificate
from tests.harness.leftovers import Marker
from tests.harness.program import Program, guarded
from tests.harness.screen import Screen
from tests.harness.update_server import NewsServer
from tests.harness.waiting import wait_for
from tests.unit.updates_room import HOST, SECRET, signed

_ROOT = Path(__file__).resolve().parents[2]
_CHANGED = {
    "ui/update_desk.py": ("_SOONEST_MS: Final = 20_000", "_SOONEST_MS: Final = 0"),
    "services/updates.py": ("lambda: not is_offline()", "lambda: True"),
}
_QUICK = ("_SPREAD_MS: Final = 40_000", "_SPREAD_MS: Final = 1")

StartPacked = Callable[..., Program]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewsServer]:
    certificate = new_certificate(tmp_path_factory.mktemp("server"), [HOST], authority)
    with NewsServer(certificate) as one:
        one.content = signed(version="99.0.0", expires="2027-12-01")
        yield one


@pytest.fixture(scope="module")
def packed(server: NewsServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Lapis as somebody packed it."""
    root = tmp_path_factory.mktemp("packed")
    shutil.copytree(
        _ROOT / "desktop", root / "desktop", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, (old, new) in _CHANGED.items():
        file = root / "desktop" / name
        text = file.read_text(encoding="utf-8")
        assert old in text, name
        file.write_text(text.replace(old, new).replace(*_QUICK), encoding="utf-8")
    (root / "resources").mkdir()
    for entry in resources().iterdir():
        if entry.name != "distribution.json":
            (root / "resources" / entry.name).symlink_to(entry)
    said = {
        "kind": "appimage",
        "update_address": server.address,
        "update_keys": [public_of(SECRET)],
    }
    (root / "resources" / "distribution.json").write_text(json.dumps(said), encoding="utf-8")
    return root


@pytest.fixture
def start(
    packed: Path, screen: Screen, lapis_home: Path, tmp_path: Path, marker: Marker
) -> Iterator[StartPacked]:
    """Return a function that starts the packed Lapis; what still runs at the end is ended."""
    programs: list[Program] = []

    def begin(*arguments: str, before: tuple[str, ...] = ()) -> Program:
        program = Program(
            ["--data-dir", str(lapis_home), *arguments],
            tmp_path / f"run-{len(programs) + 1}",
            {**screen.environment, **marker.environment},
            working=packed,
            before=(*before, sys.executable, "-m", "desktop"),
            root=packed,
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        program.end()


def _set(home: Path, authority: Authority, *, check: bool) -> None:
    said = {
        "welcomed": True,
        "updates": {"check": check},
        "library": {"certificates": str(authority.file)},
    }
    path = paths_under(home).settings
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said), encoding="utf-8")


def _has_checked_a_signature(pid: int) -> bool:
    """Return whether the process has loaded the library for signatures."""
    return any("cryptography" in place.path for place in psutil.Process(pid).memory_maps())


def _wait_until_started(program: Program, home: Path) -> None:
    """Wait until all parts are there: keys come after what would ask, the engine takes longer."""
    wait_for(paths_under(home).hotkeys.exists, 60, "keys")
    program.engine(60)


def _quit(program: Program, screen: Screen) -> None:
    screen.window("Lapis$", program.pid).focus()
    screen.key("ctrl+q")
    assert program.wait(30) == 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_while_it_is_off_no_connection_is_made_and_nothing_for_it_is_loaded(
    start: StartPacked,
    screen: Screen,
    lapis_home: Path,
    authority: Authority,
    server: NewsServer,
    tmp_path: Path,
) -> None:
    before, trace = server.connections, tmp_path / "trace.txt"
    _set(lapis_home, authority, check=False)
    strace = ("strace", "-f", "-qq", "-s", "200", "-e", "trace=connect", "-o", str(trace))
    lapis = start("--show", before=strace)
    screen.window("^Lapis$").focus()
    _wait_until_started(lapis, lapis_home)
    screen.key("ctrl+comma")
    screen.window("^Settings – Lapis$")
    (inner,) = psutil.Process(lapis.pid).children()
    assert not _has_checked_a_signature(inner.pid)
    screen.key("ctrl+q")
    assert lapis.wait(60) == 0

    assert server.connections == before
    assert not re.findall(r"connect\([^)]*AF_INET6?[^)]*\)", trace.read_text(encoding="utf-8"))
    assert not paths_under(lapis_home).updates.exists()


def test_while_it_is_on_one_question_is_asked_in_a_week(
    start: StartPacked,
    screen: Screen,
    lapis_home: Path,
    authority: Authority,
    server: NewsServer,
) -> None:
    before = len(server.log)
    _set(lapis_home, authority, check=True)
    first = start("--show")
    wait_for(lambda: len(server.log) > before, 60, "the question")
    kept = paths_under(lapis_home).updates
    wait_for(lambda: kept.exists() and json.loads(kept.read_bytes()).get("content"), 20)
    _quit(first, screen)
    second = start("--show")
    screen.window("^Lapis$", second.pid)
    wait_for(lambda: _has_checked_a_signature(second.pid), 60, "what is known to be read")
    _quit(second, screen)

    assert len(server.log) == before + 1


def test_a_switch_of_the_command_line_forbids_it(
    start: StartPacked,
    screen: Screen,
    lapis_home: Path,
    authority: Authority,
    server: NewsServer,
) -> None:
    before = server.connections
    _set(lapis_home, authority, check=True)
    lapis = start("--show", "--no-update-check")
    screen.window("^Lapis$", lapis.pid).focus()
    _wait_until_started(lapis, lapis_home)
    screen.key("ctrl+comma")
    screen.window("^Settings – Lapis$", lapis.pid)
    _quit(lapis, screen)

    assert server.connections == before


def test_the_terminal_asks_at_once_and_prints_what_is_known(
    packed: Path,
    lapis_home: Path,
    authority: Authority,
    server: NewsServer,
    tmp_path: Path,
    marker: Marker,
) -> None:
    _set(lapis_home, authority, check=False)

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "desktop", "--data-dir", str(lapis_home), *arguments]
        environment = {**os.environ, **marker.environment, **variables}
        return subprocess.run(
            words,
            capture_output=True,
            encoding="utf-8",
            env=guarded(environment, tmp_path / "attempts.txt", packed),
            cwd=packed,
            timeout=60,
            check=False,
        )

    told = run("updates")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Lapis 99.0.0 is available; this is ")
    assert f"https://{HOST}/lapis/download" in told.stdout
    found = json.loads(run("updates", "--json").stdout)
    assert found["newer"] is True
    assert found["newest"]["files"][0]["kind"] == "appimage"
    asked = len(server.log)
    forbidden = run("updates", LAPIS_NO_UPDATE_CHECK="1")
    assert (forbidden.returncode, "turned off" in forbidden.stdout) == (0, True)
    assert len(server.log) == asked
