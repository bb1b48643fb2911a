"""Streams that begin late, break off, or are stopped: what the real `openai` library sees of them."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from desktop.api import openai_chat, openai_responses
from desktop.api.openai_streams import streamed
from desktop.domain.chat import Failed, Finished, StopReason, TextDelta
from desktop.domain.errors import EngineDied, UserFixable
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from tests.gguf_files import write_llama
from tests.harness.api_room import KEY, ApiRoom
from tests.harness.silent_backend import NOTHING, SilentBackend
from tests.harness.waiting import wait_for
from tests.unit.openai_room import ROUTE, SAYS, asked, joined, openai_room

NAME = "openai:desk/silent"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
STOP = Finished(StopReason.STOP, NOTHING)
DIED = Failed(EngineDied(Text("The engine failed and was ended"), Text("Ask again.")))


@contextmanager
def silent_room(folder: Path) -> Iterator[tuple[SilentBackend, ApiRoom, OpenAI]]:
    """Give a server whose model says what the test has it say."""
    silent = SilentBackend()
    served = InstalledModel(NAME, "silent", Path(NAME), 0, server="desk")
    with openai_room(folder, more=[served], backend=lambda _model, _n_ctx: silent) as (
        room,
        client,
    ):
        yield silent, room, client


@contextmanager
def raw_stream(room: ApiRoom, **fields: Any) -> Iterator[http.client.HTTPConnection]:
    """Ask for a stream and leave what comes to the test."""
    connection = http.client.HTTPConnection(room.host, room.port, timeout=60)
    body = {"model": NAME, "messages": asked(), "stream": True} | fields
    try:
        connection.request("POST", ROUTE, json.dumps(body), HEADERS)
        yield connection
    finally:
        connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have streams opened at once, as they are after a while."""
    for module in (openai_chat, openai_responses):
        monkeypatch.setattr(module, "streamed", partial(streamed, patience=0.02))


@pytest.mark.usefixtures("impatient")
def test_comments_come_until_there_is_something_to_say(tmp_path: Path) -> None:
    with silent_room(tmp_path) as (silent, room, _), raw_stream(room) as connection:
        response = connection.getresponse()
        lines = [response.readline() for _ in range(4)]
        silent.say(1, TextDelta("Nine."), STOP)
        rest = [line for line in response if line.startswith(b"data: ")]

    assert response.status == 200
    assert response.getheader("content-type", "").startswith("text/event-stream")
    assert lines == [b": still reading\n", b"\n"] * 2
    assert json.loads(rest[1][6:])["choices"][0]["delta"]["content"] == "Nine."
    assert rest[-1] == b"data: [DONE]\n"


@pytest.mark.usefixtures("impatient")
def test_a_client_that_leaves_while_it_waits_is_not_answered(tmp_path: Path) -> None:
    with silent_room(tmp_path) as (silent, room, _):
        with raw_stream(room) as connection:
            connection.getresponse().readline()
        wait_for(lambda: silent.cancelled == [1])


def test_a_failure_before_the_first_word_is_a_status(tmp_path: Path) -> None:
    refused = Failed(UserFixable(Text("This cannot be said"), Text("Say something else.")))
    with silent_room(tmp_path) as (silent, room, _), raw_stream(room) as connection:
        wait_for(lambda: silent.requests)
        silent.say(1, refused)
        response = connection.getresponse()
        answer = json.loads(response.read())

    assert response.status == 400
    assert answer["error"]["message"] == "This cannot be said. Say something else"


@pytest.mark.usefixtures("impatient")
def test_a_failure_later_is_an_event_and_no_end(tmp_path: Path) -> None:
    with silent_room(tmp_path) as (silent, room, _), raw_stream(room) as connection:
        response = connection.getresponse()
        response.readline()
        silent.say(1, TextDelta("Nine"), DIED)
        lines = [line for line in response if line.startswith(b"data: ")]

    assert b"The engine failed" in lines[-1]
    assert json.loads(lines[-1][6:])["error"]["type"] == "server_error"
    assert not any(b"[DONE]" in line for line in lines)


def test_one_answer_that_fails_stops_the_others(tmp_path: Path) -> None:
    with silent_room(tmp_path) as (silent, room, _), raw_stream(room, n=3) as connection:
        wait_for(lambda: len(silent.requests) == 3)
        for number in (1, 2, 3):
            silent.say(number, TextDelta("Nine"))
        response = connection.getresponse()
        silent.say(2, DIED)
        lines = [line for line in response if line.startswith(b"data: ")]
        wait_for(lambda: sorted(silent.cancelled) == [1, 3])

    assert b"error" in lines[-1]


@pytest.mark.parametrize("stream", [False, True])
def test_a_stopped_answer_is_never_given_as_the_whole(tmp_path: Path, stream: bool) -> None:
    stopped = Finished(StopReason.STOPPED, NOTHING)
    with silent_room(tmp_path) as (silent, room, _), raw_stream(room, stream=stream) as connection:
        wait_for(lambda: silent.requests)
        silent.say(1, TextDelta("Nine"))
        silent.say(1, stopped)
        response = connection.getresponse()
        text = response.read()

    assert response.status == (200 if stream else 503)
    assert b"was stopped before its end" in text
    assert b"[DONE]" not in text


@pytest.mark.usefixtures("impatient")
def test_a_response_that_fails_in_the_middle_says_so(tmp_path: Path) -> None:
    with silent_room(tmp_path) as (silent, _, client):
        stream = client.responses.create(model=NAME, input="How many?", stream=True)
        silent.say(1, TextDelta("Nine"))
        events = [next(stream) for _ in range(5)]
        silent.say(1, DIED)
        events += list(stream)

    last = events[-1]
    assert last.type == "response.failed"
    assert last.response.status == "failed"
    assert last.response.error is not None
    assert "The engine failed" in last.response.error.message


def test_an_engine_that_is_killed_ends_the_stream_with_an_error_and_comes_back(
    tmp_path: Path,
) -> None:
    babbler = write_llama(tmp_path / "babbler.gguf", context_length=8192)
    talker = write_llama(tmp_path / "talker.gguf", answer=SAYS, stops=True)
    with openai_room(tmp_path, babbler, talker, n_ctx=8192) as (room, client):
        stream = client.chat.completions.create(
            model="babbler", messages=asked(), stream=True, max_tokens=100_000
        )
        chunks = [next(stream) for _ in range(3)]
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(openai.APIError) as told:
            chunks.extend(stream)
        again = client.chat.completions.create(model="talker", messages=asked())

    assert joined(chunks)
    assert "engine" in str(told.value)
    assert again.choices[0].message.content == SAYS
