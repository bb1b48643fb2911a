"""Requests that crash other servers, and many at once, through the API of the real program parts."""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from desktop.domain.chat import Sampling
from tests.gguf_files import write_llama
from tests.harness.api_room import KEY, ApiRoom
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, question
from tests.unit.openai_room import asked, joined, openai_room

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


def post(room: ApiRoom, body: bytes, path: str = "/v1/chat/completions") -> tuple[int, Any]:
    """Send `body` as it is; return the status and the answer."""
    connection = http.client.HTTPConnection(room.host, room.port, timeout=60)
    try:
        connection.request(
            "POST",
            path,
            body,
            {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
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
    refused = [
        *(with_grammar(grammar=grammar) for grammar in GRAMMARS),
        *(
            with_grammar(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
            for schema in SCHEMAS
        ),
        nested(40),
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
        with_grammar(response_format={"type": "json_object", "schema": {"properties": properties}}),
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


def test_many_at_once_each_get_their_own_answer(tmp_path: Path, babbler: Path) -> None:
    def options(seed: int) -> dict[str, Any]:
        return {
            "model": "babbler",
            "messages": asked(f"Question number {seed}"),
            "seed": seed,
            "max_tokens": 24,
            "temperature": 1.0,
        }

    def streamed(client: OpenAI, seed: int) -> str:
        return joined(list(client.chat.completions.create(**options(seed), stream=True)))

    with openai_room(tmp_path, babbler, n_ctx=8192) as (room, client):
        alone = [streamed(client, seed) for seed in range(8)]
        others = {
            name: question(name, Sampling(temperature=1.0, seed=70, max_tokens=24))
            for name in ("the window", "the popup", "a title")
        }
        others_alone = {}
        for name, request in others.items():
            answer = Answer()
            room.engine.ask(request, answer.take)
            others_alone[name] = answer.wait().text

        answers = {name: Answer() for name in others}
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(streamed, client, seed) for seed in range(8)]
            for name, request in others.items():
                room.engine.ask(request, answers[name].take)
            together = [future.result() for future in futures]
        beside = {name: answer.wait().text for name, answer in answers.items()}

    assert len(set(alone)) == 8
    assert together == alone
    assert beside == others_alone


def endless(client: OpenAI, stack: ExitStack) -> Iterator[Any]:
    stream = client.chat.completions.create(
        model="babbler", messages=asked(), max_tokens=100_000, stream=True
    )
    return iter(stack.enter_context(stream))


def test_more_than_can_wait_are_asked_to_come_again(tmp_path: Path, babbler: Path) -> None:
    with openai_room(tmp_path, babbler, n_ctx=8192) as (room, client), ExitStack() as gone:
        with ExitStack() as streams:
            running = [endless(client, streams) for _ in range(4)]
            for stream in running:
                next(stream)
            waiting = threading.Barrier(5)
            texts: list[str] = []

            def wait_for_a_slot() -> None:
                waiting.wait()
                with openai.OpenAI(
                    base_url=f"{room.address}/v1", api_key=KEY, max_retries=0
                ) as other:
                    answer = other.chat.completions.create(
                        model="babbler", messages=asked(), max_tokens=3
                    )
                texts.append(answer.choices[0].message.content or "")

            threads = [threading.Thread(target=wait_for_a_slot) for _ in range(4)]
            for thread in threads:
                thread.start()
                gone.callback(thread.join)
            waiting.wait()

            def refused() -> openai.RateLimitError | None:
                try:
                    client.with_options(timeout=5).chat.completions.create(
                        model="babbler", messages=asked(), max_tokens=1
                    )
                except openai.RateLimitError as error:
                    return error
                except openai.APITimeoutError:
                    return None
                return None

            error = wait_for(refused, 30)
            running_on = [next(stream) for stream in running]
        # The clients have gone, and those who waited get their answers.
        for thread in threads:
            thread.join(60)
        wait_for(lambda: not room.engine.is_busy)

    assert int(error.response.headers["retry-after"]) >= 1
    assert error.code == "rate_limit_exceeded"
    assert len(running_on) == 4
    assert len(texts) == 4


def test_a_client_that_leaves_in_the_middle_frees_its_slot(tmp_path: Path, babbler: Path) -> None:
    with openai_room(tmp_path, babbler, n_ctx=8192, slots=1) as (room, client):
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
    assert [access.status for access in room.accesses] == [200] * 6 + [499] or room.accesses
