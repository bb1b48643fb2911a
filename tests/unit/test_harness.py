"""The harness catches what it is there to catch: each rule is broken on purpose here."""

import errno
import importlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.harness import offline
from tests.harness.leftovers import Marker, none_left
from tests.harness.loopback import LoopbackGuard, NetworkRefusedError, is_local
from tests.harness.program import guarded

# Set aside for documentation: nobody is there.
_FAR = ("192.0.2.1", 9)
_WAITING = [sys.executable, "-c", "input()"]


def test_connecting_beyond_loopback_is_refused_and_remembered(
    loopback_guard: LoopbackGuard,
) -> None:
    with socket.socket() as client, pytest.raises(NetworkRefusedError):
        client.connect(_FAR)
    with pytest.raises(NetworkRefusedError):
        socket.getaddrinfo("models.invalid", 443)

    assert loopback_guard.taken() == [
        "socket.connect to 192.0.2.1",
        "socket.getaddrinfo to models.invalid",
    ]


def test_loopback_itself_works(loopback_guard: LoopbackGuard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                client.sendall(b"here")
                assert accepted.recv(4) == b"here"

    assert loopback_guard.taken() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.invalid"])  # noqa: S104
def test_only_loopback_is_local(host: str) -> None:
    assert not is_local(host)


def test_programs_started_by_tests_carry_the_guard(tmp_path: Path) -> None:
    log = tmp_path / "attempts.txt"
    code = f"import socket; socket.socket().connect({_FAR!r})"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=guarded(os.environ, log),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert "NetworkRefusedError" in done.stderr
    assert log.read_text(encoding="utf-8") == "socket.connect to 192.0.2.1\n"


def test_the_system_itself_has_no_way_out() -> None:
    if not os.environ.get(offline.VARIABLE):
        pytest.skip("not started by tests.harness.offline, or the system allows no namespaces")
    code = f"import socket; print(socket.socket().connect_ex({_FAR!r}))"

    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, encoding="utf-8", check=True
    )

    assert int(done.stdout) == errno.ENETUNREACH


def test_a_thread_that_is_left_behind_fails() -> None:
    end = threading.Event()
    try:
        with pytest.raises(AssertionError, match="thread forgotten"), none_left(0.1):
            threading.Thread(target=end.wait, name="forgotten").start()
    finally:
        end.set()


def test_a_process_that_is_left_behind_fails_and_is_ended() -> None:
    with pytest.raises(AssertionError, match=r"process \d+"), none_left(0.1):
        child = subprocess.Popen(_WAITING, stdin=subprocess.PIPE)

    with child:
        assert not psutil.pid_exists(child.pid)


def test_a_marked_process_is_found_though_its_parent_is_gone() -> None:
    mark = Marker()
    # The middle process ends at once, so the last one is nobody's child.
    code = (
        "import subprocess, sys;"
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'],"
        " stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    )
    environment = {**os.environ, **mark.environment}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, check=True)

    assert len(mark.processes()) == 1
    with pytest.raises(AssertionError, match="still running"):
        mark.wait_until_gone(seconds=0.1)
    assert mark.processes() == []


def test_qt_is_hidden_from_the_unit_tests(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.pluginmanager.hasplugin("tests.harness.no_qt"):
        pytest.skip("the plugin that hides Qt is not loaded (make test loads it)")

    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("PySide6")
