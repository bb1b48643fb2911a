"""Requests that crash other servers, and many at once, through the API of the real program parts."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from desktop.domain.chat import Sampling
from desktop.domain.model import InstalledModel
from tests.gguf_files import write_llama
from tests.harness.api_room import KEY, ApiRoom
from tests.harness.silent_backend import SilentBackend
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, question
from tests.unit.openai_room import ROUTE, asked, openai_room

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
ENDLESS = Sampling(temperature=1.0, max_tokens=100_000)

GRAMMARS = [
    'root ::= root "a" | "b"',
    'root ::= x\nx ::= root "a"',
    "root ::= foo",
    'x ::= "a"',
    "root ::= (",
    "root ::= " + "(" * 20_000 + '"a"' + ")" * 20_000,
    'root ::= "a"{1,1000000}',
    'root ::= "\0" foo',
]
SCHEMAS: list[Any] = [
    {"$ref": "#/nowhere"},
    {"$ref": "#"},
    {"$ref": "https://127.0.0.1/schema.json"},
    {"type": "string", "pattern": "("},
    {"type": "nonsense"},
]


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "babbler.gguf", context_length=8192)


def post(room: ApiRoom, body: bytes) -> tuple[int, Any]:
    """Send `body` as it is; return the status and the answer."""
    connection = http.client.HTTPConnection(room.host, room.port, timeout=60)
    try:
        connection.request("POST", ROUTE, body, HEADERS)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def with_grammar(**fields: Any) -> bytes:
    return json.dumps({"model": "babbler", "messages": asked(), "max_tokens": 5} | fields).encode()


def nested(depth: int) -> bytes:
    schema = '{"type":"array","items":' * depth + "{}" + "}" * depth
    body = with_grammar(response_format={"type": "json_object", "schema": {"x": 0}})
    return body.replace(b'{"x": 0}', schema.encode())


def test_what_would_crash_llama_is_refused_and_nobody_notices(
    tmp_path: Path, babbler: Path
) -> None:
    large = "root ::= " + " | ".join(f'"{number}"' for number in range(120_000))
    properties = {f"p{number}": {"type": "integer"} for number in range(100_000)}
    fewer = dict(list(properties.items())[:40_000])
    refused = [
        *(with_grammar(grammar=grammar) for grammar in GRAMMARS),
        *(
            with_grammar(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
            for schema in SCHEMAS
        ),
        with_grammar(response_format={"type": "json_object", "schema": {"properties": properties}}),
        nested(60),
        nested(10_000),
        with_grammar(grammar="root ::= x").replace(b"::= x", b'::= \\"\\ud800\\"'),
        with_grammar(stop=["\udcff"]).replace(b"\xed", b"\xff"),
        b'{"model":"babbler","messages":[],"seed":1e400}',
        b'{"model":"babbler","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
        b"[" * 100_000,
        b"{",
    ]
    too_large = [
        with_grammar(grammar=large),
        with_grammar(response_format={"type": "json_object", "schema": {"properties": fewer}}),
    ]
    with openai_room(tmp_path, babbler, n_ctx=8192) as (room, client):
        client.chat.completions.create(model="babbler", messages=asked(), max_tokens=1)
        pid = room.engine.engine_pid()
        window = Answer()
        number = room.engine.ask(question("Tell me everything.", ENDLESS), window.take)
        wait_for(lambda: window.text)

        for body in refused:
            status, answer = post(room, body)
            assert status == 400, (body[:200], answer)
            assert answer["error"]["message"], body[:200]
        for body in too_large:
            status, answer = post(room, body)
            assert status == 413, answer
        as_stream = json.loads(refused[0]) | {"stream": True}
        status, answer = post(room, json.dumps(as_stream).encode())

        before = len(window.text)
        wait_for(lambda: len(window.text) > before)
        room.engine.cancel(number)
        window.wait()
        same = room.engine.engine_pid()

    assert status == 400
    assert "defined" in answer["error"]["message"] or answer["error"]["message"]
    assert same == pid
    assert window.finished.usage.completion_tokens > 0


def test_deep_tools_are_refused_too(tmp_path: Path, babbler: Path) -> None:
    tool = {"type": "function", "function": {"name": "a", "parameters": {"x": 0}}}
    body = with_grammar(tools=[tool], tool_choice="required")
    schema = b'{"type":"array","items":' * 10_000 + b"{}" + b"}" * 10_000
    with openai_room(tmp_path, babbler) as (room, _):
        status, answer = post(room, body.replace(b'{"x": 0}', schema))

    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")


def apart_only_by_rounding(one: Any, other: Any) -> bool:
    """Whether two answers are the same up to a place where two tokens were as good as equal."""
    for token, its_twin in zip(one, other, strict=False):
        if token.token != its_twin.token:
            first, second = token.top_logprobs
            return bool(first.logprob - second.logprob < 0.01)
    return len(one) == len(other)


def test_many_at_once_each_get_their_own_answer(tmp_path: Path, babbler: Path) -> None:
    def streamed(client: OpenAI, number: int) -> Any:
        with client.chat.completions.create(
            model="babbler",
            messages=asked(f"Question number {number * 37}"),
            max_tokens=20 + number,
            temperature=0,
            logprobs=True,
            top_logprobs=2,
            stream=True,
        ) as stream:
            told = [choice.logprobs for chunk in stream for choice in chunk.choices]
        return [token for each in told if each is not None for token in each.content or ()]

    def held(client: OpenAI, number: int) -> Any:
        answer = client.chat.completions.create(
            model="babbler",
            messages=asked(),
            max_tokens=100,
            n=2,
            seed=number,
            stop=[" end"],
            extra_body={"grammar": f'root ::= "{number} " {{9}} "end"'},
        )
        return [choice.message.content for choice in answer.choices]

    others = ("the window", "the popup", "a title")
    requests = [question(name, Sampling(temperature=0, max_tokens=24)) for name in others]
    with openai_room(tmp_path, babbler, n_ctx=8192) as (room, client):
        alone = [streamed(client, number) for number in range(6)]
        answers = [Answer() for _ in others]
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(streamed, client, number) for number in range(6)]
            shapes = [pool.submit(held, client, number) for number in (71, 72)]
            for answer, request in zip(answers, requests, strict=True):
                room.engine.ask(request, answer.take)
            together = [future.result() for future in futures]
            written = [future.result() for future in shapes]
        counts = [answer.wait().finished.usage.completion_tokens for answer in answers]

    for number, (one, other) in enumerate(zip(together, alone, strict=True)):
        assert len(one) == 20 + number
        assert apart_only_by_rounding(one, other)
    assert written == [["71 " * 8 + "71"] * 2, ["72 " * 8 + "72"] * 2]
    assert counts == [24, 24, 24]


def endless(client: OpenAI, stack: ExitStack) -> Iterator[Any]:
    stream = client.chat.completions.create(
        model="babbler", messages=asked(), max_tokens=100_000, stream=True
    )
    return iter(stack.enter_context(stream))


def test_more_than_can_wait_are_asked_to_come_again(tmp_path: Path, babbler: Path) -> None:
    name = "openai:desk/silent"
    silent = SilentBackend()
    served = InstalledModel(name, "silent", Path(name), 0, server="desk")
    body = json.dumps({"model": name, "messages": asked(), "stream": True}).encode()
    with openai_room(tmp_path, babbler, more=[served], backend=lambda _model, _n_ctx: silent) as (
        room,
        client,
    ):
        with ExitStack() as clients:
            for _ in range(8):
                waiting = http.client.HTTPConnection(room.host, room.port)
                clients.callback(waiting.close)
                waiting.request("POST", ROUTE, body, HEADERS)
            wait_for(lambda: len(silent.requests) == 8)
            with pytest.raises(openai.RateLimitError) as refused:
                client.chat.completions.create(model="babbler", messages=asked(), max_tokens=1)
        wait_for(lambda: len(silent.cancelled) == 8)
        wait_for(lambda: len(room.accesses) == 9)
        after = client.chat.completions.create(model="babbler", messages=asked(), max_tokens=1)

    assert len(silent.requests) == 8
    assert int(refused.value.response.headers["retry-after"]) >= 1
    assert refused.value.code == "rate_limit_exceeded"
    assert after.usage is not None


def test_a_client_that_leaves_in_the_middle_frees_its_slot(tmp_path: Path, babbler: Path) -> None:
    written: list[int] = []
    with openai_room(tmp_path, babbler, n_ctx=8192, slots=1) as (room, client):
        room.engine.watch_answers(lambda usage: written.append(usage.completion_tokens))
        for _ in range(3):
            with ExitStack() as streams:
                stream = endless(client, streams)
                next(stream)
                next(stream)
            # One slot: this waits until the one before has ended.
            after = client.chat.completions.create(model="babbler", messages=asked(), max_tokens=2)
            assert after.usage is not None
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.5).chat.completions.create(
                model="babbler", messages=asked(), max_tokens=100_000, n=3
            )
        wait_for(lambda: not room.engine.is_busy)
        pid = room.engine.engine_pid()

    assert pid is not None
    # Whatever was begun for who had gone was stopped long before the context was full.
    assert len(written) == 9
    assert max(written) < 4_000
