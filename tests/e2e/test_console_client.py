"""Programs that people wrote against another server talk to `lapis serve`, unchanged."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.leftovers import Marker
from tests.harness.program import Program, guarded
from tests.harness.waiting import wait_for

_HERE = Path(__file__).parent
# Of the tutorials that Lapis grew from, where they are at hand; its address is written into it.
_TUTORIAL = _HERE.parents[2] / "shared" / "data" / "console_client.py"
_TUTORIAL_PORT = 8000
_TYPED = "How do I choose a model?\nWhat is a context window?\nbye\n"
_ROUTE = "POST /v1/chat/completions"

Serve = Callable[[int], Program]


@pytest.fixture
def serve(lapis_home: Path, tmp_path: Path, marker: Marker) -> Iterator[Serve]:
    """Return a function that starts `lapis serve` at a port and waits until it listens."""
    programs: list[Program] = []

    def begin(port: int) -> Program:
        program = Program(
            [
                "--data-dir",
                str(lapis_home),
                "serve",
                "--api-key",
                "not-needed",
                "--port",
                str(port),
            ],
            tmp_path / "serve",
            {**os.environ, **marker.environment},
        )
        programs.append(program)
        wait_for(lambda: f":{port}/v1" in program.output, 30, lambda: program.noise)
        return program

    yield begin
    for program in programs:
        program.end()
        assert program.network_attempts == ""


def free_port(wanted: int = 0) -> int:
    """Return a port that was free just now: `wanted`, or any; 0 where `wanted` is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        port = probe.getsockname()[1]
        return int(port)


def talk(folder: Path, *command: str) -> str:
    log = folder / "attempts-of-the-client.txt"
    done = subprocess.run(
        [sys.executable, *command],
        input=_TYPED,
        capture_output=True,
        encoding="utf-8",
        env=guarded({**os.environ, "PYTHONIOENCODING": "utf-8"}, log),
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not log.exists()
    return done.stdout


def check_talk(program: Program, said: str, farewell: str) -> None:
    """Fail unless three answers came, and the server has written down just that."""
    parts = said.split("> ")
    assert len(parts) == 4
    assert all(len(part) > 20 for part in parts[:3])
    # What the guide knows of choosing a model.
    assert "model" in parts[1] + parts[2]
    assert farewell in parts[3]
    wait_for(lambda: program.noise.count(_ROUTE) == 3, what=lambda: program.noise)
    assert program.noise.count(" 200 ") >= 3
    assert "context window" not in program.noise
    assert "not-needed" not in program.noise + program.output
    os.kill(program.pid, signal.SIGINT)
    assert program.wait(15) == 0


def test_a_console_chat_talks_for_three_turns(serve: Serve, tmp_path: Path) -> None:
    port = free_port()
    program = serve(port)
    said = talk(
        tmp_path, str(_HERE / "console_talk.py"), f"http://localhost:{port}/v1", "not-needed"
    )

    check_talk(program, said, "Goodbye!")


@pytest.mark.skipif(not _TUTORIAL.exists(), reason="the tutorial's client is not at hand")
def test_the_client_of_the_tutorials_talks_for_three_turns(serve: Serve, tmp_path: Path) -> None:
    if not free_port(_TUTORIAL_PORT):
        pytest.skip(f"port {_TUTORIAL_PORT} is taken")
    program = serve(_TUTORIAL_PORT)
    said = talk(tmp_path, str(_TUTORIAL))

    check_talk(program, said, "BYE BYE!")
