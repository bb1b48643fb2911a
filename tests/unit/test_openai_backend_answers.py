"""Answers of OpenAI-compatible servers, as many ways as there are servers: what becomes of them."""

import json
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from desktop.backends.server_backend import Patience, ServerBackend
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Message,
    Notice,
    Picture,
    Role,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
)
from desktop.domain.errors import LapisError, OddAnswer, ServerFault, Unreachable
from tests.harness.openai_server import (
    event,
    fields_of,
    piece,
    refusal,
    stream,
    then_silence,
    usage,
    value,
)
from tests.harness.scripted_server import ScriptedServer, answer
from tests.unit.openai_backend_room import (
    asked,
    client_of,
    collected,
    end_of,
    question,
    text_of,
    thoughts_of,
    with_client,
)

HELLO = question("Hello")


def events_of(*parts: bytes | dict[str, Any], request: ChatRequest = HELLO) -> list[Event]:
    """Return the events of a streamed answer."""
    with ScriptedServer(lambda _: stream(*parts)) as server:
        return asked(f"{server.address}/v1", request)


def failure_of(said: Iterable[bytes]) -> tuple[LapisError, list[Event]]:
    """Return why an answer failed, and what came before."""
    heard: list[Event] = []
    with ScriptedServer(lambda _: said) as server, pytest.raises(LapisError) as failed:
        with_client(f"{server.address}/v1", lambda client: collected(client, HELLO, into=heard))
    return failed.value, heard


def test_text_usage_and_reason_are_told() -> None:
    events = events_of(piece("Hel"), piece("lo"), piece(end="length"), usage(20, 9, 12))

    assert [one.text for one in events if isinstance(one, TextDelta)] == ["Hel", "lo"]
    end = end_of(events)
    assert end.reason is StopReason.LENGTH
    told = end.usage
    assert (told.prompt_tokens, told.cached_tokens, told.completion_tokens) == (20, 12, 9)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_is_told_by_either_name(name: str) -> None:
    events = events_of(piece(**{name: "Hm"}), piece("Yes"), piece(end="stop"))

    assert (thoughts_of(events), text_of(events)) == ("Hm", "Yes")


def test_thinking_written_into_the_text_is_told_from_it() -> None:
    events = events_of(piece("<thi"), piece("nk>Hm"), piece("</think>\n\nYes"), piece(end="stop"))

    assert (thoughts_of(events), text_of(events)) == ("Hm", "Yes")


def test_calls_are_put_together_by_their_index() -> None:
    def part(index: int, **function: str) -> dict[str, Any]:
        names = {"id": f"c{index}"} if "name" in function else {}
        return {"index": index, **names, "function": function}

    events = events_of(
        piece(tool_calls=[part(0, name="add", arguments="")]),
        piece(tool_calls=[part(1, name="sub", arguments='{"a"')]),
        piece(tool_calls=[part(0, arguments='{"b":1}'), part(1, arguments=": 2}")]),
        piece(end="tool_calls"),
    )

    assert [one.call for one in events if isinstance(one, ToolCalled)] == [
        ToolCall("c0", "add", '{"b":1}'),
        ToolCall("c1", "sub", '{"a": 2}'),
    ]
    assert end_of(events).reason is StopReason.TOOL_CALLS


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    calls = [
        {"index": 0, "id": name, "function": {"name": name, "arguments": {"n": 1}}}
        for name in ("one", "two")
    ]
    events = events_of(*(piece(tool_calls=[call]) for call in calls), piece(end="stop"))

    assert [one.call for one in events if isinstance(one, ToolCalled)] == [
        ToolCall("one", "one", '{"n": 1}'),
        ToolCall("two", "two", '{"n": 1}'),
    ]
    assert end_of(events).reason is StopReason.TOOL_CALLS


def test_chances_come_before_the_text_they_belong_to() -> None:
    told = {"token": "A", "logprob": -0.5, "top_logprobs": [{"token": "B", "logprob": -1}]}
    part = piece("A")
    part["choices"][0]["logprobs"] = {"content": [told, {"token": 3, "logprob": "x"}]}
    events = events_of(part, piece(end="stop"))

    assert events[:2] == [
        TokenChosen(TokenChance("A", -0.5), (TokenChance("B", -1.0),)),
        TextDelta("A"),
    ]


def test_an_answer_said_once_more_while_going_on_is_not_doubled() -> None:
    turns = (Message(Role.USER, "Count"), Message(Role.ASSISTANT, "one two"))
    request = ChatRequest(turns, continue_answer=True)

    parts = [piece("one "), piece("two"), piece(" three"), piece(end="stop")]
    assert text_of(events_of(*parts, request=request)) == " three"
    # What only begins alike is an answer of its own.
    parts = [piece("one "), piece("three"), piece(end="stop")]
    assert text_of(events_of(*parts, request=request)) == "one three"


def test_a_server_that_does_not_write_bit_by_bit_is_understood() -> None:
    whole = {"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}]}
    with ScriptedServer(lambda _: value({**whole, **usage(3, 1)} | whole)) as server:
        events = asked(f"{server.address}/v1", HELLO)

    assert text_of(events) == "Yes"
    assert end_of(events).reason is StopReason.STOP


def test_what_is_held_back_by_the_server_is_said_to_be() -> None:
    events = events_of(piece("Well"), piece(end="content_filter"))

    assert any(isinstance(one, Notice) for one in events)
    assert end_of(events).reason is StopReason.STOP


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": 5},
        {"choices": [7, None, {"delta": []}]},
        {"choices": [{"delta": {"content": {"a": 1}, "reasoning_content": 4}}]},
        {"choices": [{"delta": {"tool_calls": {"0": "x"}}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": "x", "function": "y"}]}}]},
        {"choices": [{"delta": {"content": "other"}, "index": 1}]},
        {"choices": [{"logprobs": {"content": "x", "tokens": [1], "token_logprobs": [None]}}]},
        {"usage": {"prompt_tokens": -5, "completion_tokens": "many"}},
        {"usage": {"prompt_tokens": 1e300, "prompt_tokens_details": [1]}},
        {"timings": {"prompt_per_second": "fast"}},
        {},
    ],
)
def test_what_has_not_its_type_counts_as_absent(odd: dict[str, Any]) -> None:
    events = events_of(odd, event([1]), event(None), piece("Yes"), piece(end="stop"))

    assert text_of(events) == "Yes"
    assert end_of(events).usage.prompt_tokens == 0


def test_half_a_surrogate_pair_is_replaced() -> None:
    events = events_of(
        b'data: {"choices":[{"delta":{"content":"a\\ud800"}}]}\n\n', piece(end="stop")
    )

    assert text_of(events) == "a\ufffd"


@pytest.mark.parametrize(
    "parts",
    [
        (b"data: {nothing}\n\n",),
        (b"data: \xff\xfe\n\n",),
        (b"data: " + b"[" * 200_000 + b"\n\n",),
        (b"data: " + b"x" * 1_100_000,),
        (b"data: xxxxxxxxxxxxxxxx\n" * 100_000,),
        (b"no events at all\n\n",) * 3,
    ],
)
def test_garbage_is_called_so_and_what_came_stays(parts: tuple[bytes, ...]) -> None:
    error, heard = failure_of(stream(piece("Hello"), *parts, done=False))

    assert isinstance(error, OddAnswer | Unreachable)
    assert text_of(heard) == "Hello"


def test_a_page_in_the_place_of_an_answer_is_called_so() -> None:
    error, _ = failure_of([answer("<html>Log in</html>", kind="text/html")])

    assert "web page" in str(error.title)


def test_text_that_is_no_stream_is_called_odd() -> None:
    error, _ = failure_of([answer("hello there", kind="text/plain")])

    assert isinstance(error, OddAnswer)


def test_a_line_that_dies_in_the_middle_keeps_what_came() -> None:
    # What may be the beginning of a mark is held back; the end brings it out.
    error, heard = failure_of(stream(piece("<thi"), done=False))

    assert isinstance(error, Unreachable)
    assert text_of(heard) == "<thi"


@pytest.mark.parametrize(
    "part",
    [
        piece("word " * 10),
        piece(reasoning="word " * 10),
        piece(tool_calls=[{"index": 0, "function": {"name": "add", "arguments": "1" * 50}}]),
    ],
)
def test_an_answer_without_end_is_given_up(
    part: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.openai_answer.MOST_TEXT", 1000)
    error, _ = failure_of(stream(piece("Hello"), *[part] * 30, piece(end="stop")))

    assert isinstance(error, OddAnswer)
    assert "more than an answer can be" in str(error.title)


def test_calls_without_end_are_given_up() -> None:
    calls = [{"index": at, "function": {"name": "add"}} for at in range(1000)]
    error, _ = failure_of(stream(piece(tool_calls=calls), piece(end="stop")))

    assert isinstance(error, OddAnswer)


@pytest.mark.parametrize("done", [False, True])
def test_a_stream_of_nothing_is_said_to_be_no_answer(done: bool) -> None:
    error, _ = failure_of(stream(done=done))

    assert isinstance(error, ServerFault)
    assert "without an answer" in str(error.title)


@pytest.mark.parametrize(
    "said", [[1, 2], "hello", {"status": "ok"}, None, {"choices": "none"}, {"choices": []}]
)
def test_json_that_is_no_answer_is_not_taken_for_an_empty_one(said: object) -> None:
    error, _ = failure_of(value(said))

    assert isinstance(error, OddAnswer)


def test_an_error_in_the_middle_is_told_in_the_servers_words() -> None:
    error, heard = failure_of(
        stream(piece("Hello"), {"error": {"message": "CUDA out of memory", "code": 500}})
    )

    assert isinstance(error, ServerFault)
    assert "CUDA out of memory" in str(error.hint)
    assert text_of(heard) == "Hello"


@pytest.mark.parametrize("end", [(piece(end="stop"),), (piece(end="stop"), usage(2, 1))])
def test_a_server_that_keeps_the_line_open_after_its_end_holds_nobody_up(
    end: tuple[dict[str, Any], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.openai_line._REST_SECONDS", 0.05)
    said = then_silence(stream(piece("Yes"), *end, done=False))
    with ScriptedServer(lambda _: said) as server:
        events = asked(f"{server.address}/v1", HELLO)

    assert text_of(events) == "Yes"
    assert end_of(events).reason is StopReason.STOP


def test_a_stopped_answer_closes_its_line() -> None:
    loop = ServerLoop()
    said = then_silence(stream(piece("Yes"), done=False))
    begun, ended = threading.Event(), threading.Event()
    heard: list[Event] = []

    def listen(one: Event) -> None:
        heard.append(one)
        if isinstance(one, TextDelta):
            begun.set()
        if isinstance(one, Finished | Failed):
            ended.set()

    with ScriptedServer(lambda _: said) as server:
        client = client_of(f"{server.address}/v1")
        backend = ServerBackend(loop, client, "tiny")
        number = backend.submit(HELLO, listen)
        assert begun.wait(30)
        backend.cancel(number)
        assert ended.wait(30)
        assert server.gone.wait(30)
        loop.run(client.close(), 10)
    loop.close()
    assert end_of(heard).reason is StopReason.STOPPED


def test_a_busy_server_is_asked_again_and_this_is_told() -> None:
    loop = ServerLoop()
    turns = iter([refusal(503, "loading model"), refusal(429, "slow down", "Retry-After: 0")])
    heard: list[Event] = []
    ended = threading.Event()

    def listen(one: Event) -> None:
        heard.append(one)
        if isinstance(one, Finished | Failed):
            ended.set()

    with ScriptedServer(lambda _: next(turns, stream(piece("Yes"), piece(end="stop")))) as server:
        client = client_of(f"{server.address}/v1")
        backend = ServerBackend(loop, client, "tiny", patience=lambda: Patience(backoff=0.01))
        backend.submit(HELLO, listen)
        assert ended.wait(30)
        loop.run(client.close(), 10)
    loop.close()
    assert [type(one) for one in heard] == [Notice, Notice, TextDelta, Finished]


def test_pictures_tools_and_earlier_calls_go_along() -> None:
    call = ToolCall("c1", "add", '{"a": 1}')
    turns = (
        Message(Role.SYSTEM, "Be kind"),
        Message(Role.USER, "Look", pictures=(Picture("image/png", b"\x89PNG"),)),
        Message(Role.ASSISTANT, "", reasoning="Hm", tool_calls=(call,)),
        Message(Role.TOOL, "3", tool_call_id="c1", name="add"),
    )
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    request = ChatRequest(turns, tools=(json.dumps(tool),), thinking=False)
    with ScriptedServer(lambda _: stream(piece("Yes"), piece(end="stop"))) as server:
        asked(f"{server.address}/v1", request)
    sent = fields_of(server.asked[0])

    assert sent["messages"] == [
        {"role": "system", "content": "Be kind"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "text", "text": "Look"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Hm",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "content": "3", "tool_call_id": "c1", "name": "add"},
    ]
    assert sent["tools"] == [tool]
    assert sent["chat_template_kwargs"]["enable_thinking"] is False
    assert sent["stream_options"] == {"include_usage": True}


def test_nothing_of_this_computer_or_its_environment_goes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "canary")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Canary: canary")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://canary.invalid")
    with ScriptedServer(lambda _: stream(piece("Yes"), piece(end="stop"))) as server:
        asked(f"{server.address}/v1", HELLO)
        asked(f"{server.address}/v1", HELLO, key="mine")
    without, with_key = server.asked

    assert "authorization" not in without.headers
    assert with_key.headers["authorization"] == "Bearer mine"
    for one in server.asked:
        assert "canary" not in repr(one)
        assert not any(name.startswith(("x-", "openai-")) for name in one.headers)
