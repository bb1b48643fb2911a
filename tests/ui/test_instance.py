"""One Lapis for each data folder, and the line on which later starts speak to it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLockFile
from pytestqt.qtbot import QtBot

from desktop.base.paths import Paths, paths_under
from desktop.domain.errors import AlreadyRunning, StorageError
from desktop.system.instance import MAX_LINE, is_private, send_command
from desktop.ui.instance_server import InstanceServer, take_lock
from tests.harness.leftovers import Marker
from tests.harness.waiting import wait_for

_ROOT = Path(__file__).resolve().parents[2]

# A start, reduced to what decides who runs: it takes the place or hands its command over.
_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop.base.paths import paths_under
from desktop.ui.instance_server import InstanceServer, take_lock

paths = paths_under(Path(sys.argv[1]))
lock = take_lock(paths, "show")
if lock is None:
    print("handed over", flush=True)
    raise SystemExit(0)
app = QCoreApplication([])
server = InstanceServer()
assert server.listen(paths.socket)
heard = []

def hear(command, token, argument):
    heard.append(command)
    if command == "quit":
        print("heard", len(heard), flush=True)
        app.quit()

server.command_received.connect(hear)
print("running", flush=True)
app.exec()
server.close()
lock.unlock()
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = paths_under(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def server(paths: Paths, qtbot: QtBot) -> Iterator[InstanceServer]:
    one = InstanceServer()
    assert one.listen(paths.socket)
    yield one
    one.close()


def _start(paths: Paths) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", _START, str(paths.data)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_of_ten_starts_at_once_one_runs_and_hears_the_nine_others(
    paths: Paths, marker: Marker
) -> None:
    starts = [_start(paths) for _ in range(10)]
    said = [_first_line(start) for start in starts]

    assert sorted(said) == ["handed over"] * 9 + ["running"]
    survivor = starts[said.index("running")]
    assert send_command(paths.socket, "quit")
    assert _first_line(survivor) == "heard 10"
    assert [start.wait(10) for start in starts] == [0] * 10
    for start in starts:
        assert start.stdout is not None
        start.stdout.close()


def test_after_a_kill_the_next_start_takes_over(paths: Paths, marker: Marker) -> None:
    with _start(paths) as first:
        assert _first_line(first) == "running"
        first.kill()
        first.wait(10)
    assert paths.lock.exists(), "a killed program leaves its lock behind"

    lock = take_lock(paths, "show")
    assert lock is not None
    lock.unlock()


@pytest.mark.alone
def test_a_lock_with_the_number_of_a_living_stranger_is_taken_over(paths: Paths) -> None:
    # After a crash and a restart of the computer, some other Python may have the old number.
    own = QLockFile(str(paths.lock))
    assert own.tryLock(0)
    content = paths.lock.read_bytes()
    own.unlock()
    paths.lock.write_bytes(content)

    before = time.monotonic()
    lock = take_lock(paths, "show")
    assert lock is not None
    assert time.monotonic() - before < 2
    assert lock.isLocked()
    lock.unlock()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no lock that is in use")
def test_a_lock_that_another_start_is_about_to_take_is_not_taken_from_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.ui.instance_server._PATIENCE_SECONDS", 0.5)
    # As Qt has it for a moment: made, not yet locked, nothing written.
    paths.lock.touch()
    future = time.time() + 60
    os.utime(paths.lock, (future, future))
    asked: list[int] = []
    monkeypatch.setattr("fcntl.flock", lambda handle, _operation: asked.append(handle))

    with pytest.raises(AlreadyRunning):
        take_lock(paths, "show")

    assert not asked, "Qt goes on without its lock on the file if somebody else has it"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no lock that is in use")
def test_an_empty_lock_that_a_killed_start_left_is_taken_over(paths: Paths) -> None:
    paths.lock.touch()
    long_ago = time.time() - 60
    os.utime(paths.lock, (long_ago, long_ago))

    lock = take_lock(paths, "show")
    assert lock is not None
    assert lock.isLocked()
    lock.unlock()


def test_two_data_folders_run_side_by_side(tmp_path: Path) -> None:
    both = [paths_under(tmp_path / name) for name in ("one", "two")]
    for each in both:
        each.create()
    locks = [take_lock(each, "show") for each in both]

    assert all(lock is not None for lock in locks)
    assert both[0].socket != both[1].socket
    for lock in locks:
        if lock is not None:
            lock.unlock()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is unwritable for root"
)
def test_a_folder_that_cannot_be_written_is_said_in_words(paths: Paths) -> None:
    paths.data.chmod(0o500)
    try:
        with pytest.raises(StorageError) as failed:
            take_lock(paths, "show")
    finally:
        paths.data.chmod(0o700)

    assert str(paths.data) in str(failed.value.hint)


# A start on a disk of a few pages, all of them taken.
_FULL = """
import sys
from pathlib import Path
from desktop.base.paths import paths_under
from desktop.domain.errors import StorageError
from desktop.ui.instance_server import take_lock

paths = paths_under(Path(sys.argv[1]))
paths.create()
try:
    with (paths.data / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
except OSError:
    pass
try:
    take_lock(paths, "show")
except StorageError as error:
    print(error.title, error.hint)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs namespaces")
def test_a_full_disk_is_not_taken_for_a_folder_of_others(tmp_path: Path) -> None:
    apart = ["unshare", "-Urm", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=64k none {tmp_path}"
    if subprocess.run([*apart, mount], check=False, capture_output=True).returncode:
        pytest.skip("this account may not mount")
    done = subprocess.run(
        [*apart, f'{mount} && exec "$0" "$@"', sys.executable, "-c", _FULL, str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert "The disk is full" in done.stdout, done.stderr
    assert str(tmp_path) in done.stdout


def test_a_command_arrives_with_token_and_argument(
    server: InstanceServer, paths: Paths, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(server.command_received) as heard:
        answer = _talk(paths, {"cmd": "open-model", "token": "t-1", "argument": "/a/b.gguf"}, qtbot)

    assert answer == b"ok\n"
    assert heard.args == ["open-model", "t-1", "/a/b.gguf"]


@pytest.mark.alone
@pytest.mark.parametrize(
    "line",
    [
        b'{"cmd": "format-disk"}\n',
        b'{"cmd": 7}\n',
        b'["show"]\n',
        b'{"cmd": "show", "token": 5}\n',
        b"not json\n",
        b"\xff\xfe\n",
        b"\n",
        b"x" * (MAX_LINE + 2),
    ],
)
def test_what_is_no_command_gets_no_answer(
    line: bytes, server: InstanceServer, paths: Paths, qtbot: QtBot
) -> None:
    heard: list[str] = []
    server.command_received.connect(lambda command, _token, _argument: heard.append(command))

    # Sooner than a client that only says nothing.
    assert _talk_raw(paths, line, qtbot, seconds=1) == b""
    assert heard == []


def test_a_client_that_says_nothing_is_dropped(
    server: InstanceServer, paths: Paths, qtbot: QtBot
) -> None:
    assert _talk_raw(paths, b"", qtbot) == b""


def test_without_an_instance_nobody_takes_a_command(paths: Paths) -> None:
    assert not send_command(paths.socket, "show")


@pytest.mark.alone
def test_a_hung_instance_is_noticed_after_a_second(paths: Paths) -> None:
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(paths.socket)
        hung.listen()
        before = time.monotonic()

        assert not send_command(paths.socket, "show")
        assert 0.5 < time.monotonic() - before < 3


def test_a_socket_in_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(private)

    assert is_private(private)
    assert not is_private(shared)
    assert not is_private(link)
    assert not is_private(tmp_path / "absent")


def _talk(paths: Paths, message: dict[str, str], qtbot: QtBot) -> bytes:
    return _talk_raw(paths, json.dumps(message).encode() + b"\n", qtbot)


def _talk_raw(paths: Paths, line: bytes, qtbot: QtBot, seconds: float = 10) -> bytes:
    """Send `line` and return all that comes back until the server hangs up."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(paths.socket)
        client.sendall(line)
        client.setblocking(False)
        got: list[bytes] = []

        def hung_up() -> bool:
            qtbot.wait(1)
            try:
                piece = client.recv(100)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            got.append(piece)
            return not piece

        wait_for(hung_up, seconds)
        return b"".join(got)
