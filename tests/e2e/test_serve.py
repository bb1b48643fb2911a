"""`lapis serve` as a person runs it: a port that is taken, strangers at the door, and its end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import AuthenticationError, OpenAI

from desktop.api.sockets import listen
from tests.harness.api_house import RawClient, question, request
from tests.harness.leftovers import Marker
from tests.harness.program import Program, run_lapis
from tests.harness.waiting import wait_for

KEY = "a-key-for-this-test"


def free_port() -> int:
    sockets = listen("127.0.0.1", 0)
    port: int = sockets[0].getsockname()[1]
    for each in sockets:
        each.close()
    return port


@pytest.fixture(name="port")
def _port() -> int:
    return free_port()


@pytest.fixture(name="program")
def _program(lapis_home: Path, tmp_path: Path, marker: Marker, port: int) -> Iterator[Program]:
    words = ["--data-dir", str(lapis_home), "serve", "--port", str(port)]
    environment = {**os.environ, **marker.environment, "LAPIS_API_KEY": KEY}
    program = Program(words, tmp_path / "serve", environment)
    wait_for(lambda: "Key:" in program.output, 30, lambda: program.noise)
    yield program
    program.end()
    assert program.network_attempts == ""


def test_a_taken_port_is_said_with_one_that_is_free(lapis_home: Path, tmp_path: Path) -> None:
    taken = listen("127.0.0.1", 0)
    try:
        port: int = taken[0].getsockname()[1]
        words = ["--data-dir", str(lapis_home), "serve", "--port", str(port), "--api-key", "k"]
        done = run_lapis(words, folder=tmp_path)
    finally:
        for each in taken:
            each.close()
    assert done.returncode == 1
    assert f"Another program listens at port {port}" in done.stderr
    assert "which is free" in done.stderr
    assert "Traceback" not in done.stderr


def test_strangers_change_nothing_for_who_has_the_key(program: Program, port: int) -> None:
    engine = program.engine()
    for data, status in (
        (request(host="evil.com", key=KEY), 403),
        (request(headers=[("Origin", "https://evil.com")], key=KEY), 403),
        (request(kind="text/plain", key=KEY), 415),
        (request(key="wrong"), 401),
        (request(body=b"[" * 100_000, key=KEY), 400),
        (request(path="/v1/../../etc/passwd", key=KEY), 404),
        (request(body=question(model="../../etc/passwd"), key=KEY), 404),
        (request(headers=[(f"X-{n}", "x") for n in range(10_000)], key=KEY), 431),
    ):
        with RawClient(port) as client:
            client.send(data)
            assert client.answer().status == status
    for host in ("127.0.0.1", "localhost", "[::1]"):
        with OpenAI(base_url=f"http://{host}:{port}/v1", api_key=KEY, max_retries=0) as openai:
            answer = openai.chat.completions.create(
                model="local-model", messages=[{"role": "user", "content": "Hello"}]
            )
        assert answer.choices[0].message.content
    with (
        OpenAI(base_url=f"http://localhost:{port}/v1", api_key="no", max_retries=0) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.models.list()
    assert engine.is_running()
    assert program.engine().pid == engine.pid
    words = program.output + program.noise
    assert KEY not in words
    assert "Traceback" not in words


@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_a_service_manager_ends_server_and_engine(
    program: Program, port: int, asked_by: signal.Signals
) -> None:
    engine = program.engine()
    os.kill(program.pid, asked_by)
    assert program.wait(15) == 0
    assert "The local server has ended." in program.noise
    wait_for(lambda: not engine.is_running())
    with pytest.raises(ConnectionError):
        RawClient(port)
