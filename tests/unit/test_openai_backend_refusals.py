"""What strict OpenAI-compatible servers refuse: left out, said in another way, or told in words."""

import email.utils
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desktop.backends.openai import OpenAIClient
from desktop.domain.chat import (
    Adapter,
    ChatRequest,
    Event,
    Grammar,
    GrammarKind,
    Message,
    Notice,
    Picture,
    Role,
    Sampling,
)
from desktop.domain.errors import (
    AccessDenied,
    ContextOverflow,
    LapisError,
    ModelNotServed,
    NetworkError,
    NotSupported,
    OddAnswer,
    ServerBusy,
    ServerFault,
    TooManyRequests,
)
from tests.harness.openai_server import fields_of, piece, refusal, stream, value
from tests.harness.scripted_server import Asked, ScriptedServer, answer
from tests.unit.openai_backend_room import asked, question, text_of, with_client

HELLO = question("Hello")
Say = Callable[[Asked], Iterable[bytes]]
LOOK = ChatRequest((Message(Role.USER, "Look", pictures=(Picture("image/png", b"x"),)),))
SCHEMA = Grammar(GrammarKind.JSON_SCHEMA, '{"type": "object"}')


def yes() -> Iterable[bytes]:
    """Answer."""
    return stream(piece("Yes"), piece(end="stop"))


def refusing(names: str, say: Callable[[str], Iterable[bytes]]) -> Say:
    """Return a server that refuses the first of `names` that comes, by `say`."""

    def reply(one: Asked) -> Iterable[bytes]:
        found = next((name for name in names.split() if name in fields_of(one)), None)
        return yes() if found is None else say(found)

    return reply


def sent_to(say: Say, *requests: ChatRequest) -> tuple[list[dict[str, Any]], list[Event]]:
    """Return the bodies that a server got, and the events of the last request."""
    with ScriptedServer(say) as server:
        events = asked(f"{server.address}/v1", *requests)
        return [fields_of(one) for one in server.asked], events


def failure_of(said: Iterable[bytes], request: ChatRequest = HELLO, key: str = "") -> LapisError:
    """Return the error that a server's refusal becomes."""
    kept = list(said)
    with ScriptedServer(lambda _: kept) as server, pytest.raises(LapisError) as failed:
        asked(f"{server.address}/v1", request, key=key)
    return failed.value


def notices(events: list[Event]) -> list[str]:
    """Return what was told to have been changed."""
    return [str(event.text) for event in events if isinstance(event, Notice)]


SAYS: dict[str, Callable[[str], Iterable[bytes]]] = {
    "openai": lambda name: refusal(
        400, f"Unsupported parameter: '{name}' is not supported with this model.", param=name
    ),
    "older openai": lambda name: refusal(400, f"Unrecognized request argument supplied: {name}"),
    "fastapi": lambda name: value(
        {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs"}]}, 422
    ),
    "google": lambda name: value(
        [{"error": {"code": 400, "message": f'Unknown name "{name}": Cannot find field.'}}], 400
    ),
    "plain": lambda name: answer_of(f"unknown parameter: {name}"),
}


def answer_of(text: str) -> Iterable[bytes]:
    """Say no in a plain text."""
    yield answer(text, status=400, kind="text/plain")


@pytest.mark.parametrize("style", SAYS)
@pytest.mark.parametrize("name", ["top_k", "min_p", "seed", "stop", "temperature", "logit_bias"])
def test_a_field_that_is_refused_is_left_out_told_and_remembered(style: str, name: str) -> None:
    sampling = Sampling(0.3, 20, 0.8, 0.2, seed=1, stop=("end",), logit_bias=((5, 1.0),))
    request = question("Hello", sampling)
    bodies, events = sent_to(refusing(name, SAYS[style]), request, request)

    assert [name in body for body in bodies] == [True, False, False]
    assert text_of(events) == "Yes"
    bodies, events = sent_to(refusing(name, SAYS[style]), request)
    assert len(notices(events)) == 1
    assert name in notices(events)[0]


def test_one_field_after_the_other_may_be_refused() -> None:
    request = question("Hello", Sampling(0.3, 20, 0.8, 0.2, 1.2, seed=1, presence_penalty=0.5))
    names = "top_k min_p repeat_penalty repetition_penalty presence_penalty seed stream_options"
    bodies, events = sent_to(refusing(names, SAYS["openai"]), request)

    assert len(bodies) == 8
    assert bodies[-1].keys() == {"model", "stream", "messages", "temperature", "top_p"}
    assert notices(events)[0].count(",") == 4  # what nobody misses is not told


def test_what_is_as_usual_is_not_sent() -> None:
    bodies, _ = sent_to(lambda _: yes(), ChatRequest((Message(Role.USER, "Hello"),)))

    standard = {"model", "stream", "stream_options", "messages", "temperature", "top_p"}
    assert bodies[0].keys() == standard


def test_the_newer_name_of_the_limit_is_used_where_the_older_is_refused() -> None:
    bodies, events = sent_to(refusing("max_tokens", SAYS["openai"]), HELLO, HELLO)

    assert [body.get("max_tokens") for body in bodies] == [12, None, None]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 12, 12]
    assert notices(events) == []


def test_a_limit_beyond_the_context_is_left_out_for_this_question_alone() -> None:
    def say(one: Asked) -> Iterable[bytes]:
        if fields_of(one).get("max_tokens", 0) > 100:
            return refusal(
                400,
                "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum"
                " context length is 4096 tokens and your request has 30 input tokens.",
            )
        return yes()

    large = question("Hello", Sampling(max_tokens=5000))
    bodies, events = sent_to(say, large, HELLO)

    assert [body.get("max_tokens") for body in bodies] == [5000, None, 12]
    assert "max_completion_tokens" not in bodies[1]
    assert text_of(events) == "Yes"


def test_each_model_of_a_server_is_strict_for_itself() -> None:
    def say(one: Asked) -> Iterable[bytes]:
        fields = fields_of(one)
        strict = fields["model"] == "strict" and "temperature" in fields
        return SAYS["openai"]("temperature") if strict else yes()

    with ScriptedServer(say) as server:

        async def both(client: OpenAIClient) -> None:
            for model in ("strict", "free", "strict"):
                async for _ in client.stream(model, HELLO, 0):
                    pass

        with_client(f"{server.address}/v1", both)
        bodies = [fields_of(one) for one in server.asked]

    assert [(body["model"], "temperature" in body) for body in bodies] == [
        ("strict", True),
        ("strict", False),
        ("free", True),
        ("strict", False),
    ]


@pytest.mark.parametrize(
    "message",
    ["System role not supported", "Only user and assistant roles are supported!"],
)
def test_a_model_without_a_system_role_reads_it_in_the_first_question(message: str) -> None:
    def say(one: Asked) -> Iterable[bytes]:
        roles = [turn["role"] for turn in fields_of(one)["messages"]]
        return refusal(400, message) if "system" in roles else yes()

    request = ChatRequest((Message(Role.SYSTEM, "Be kind"), Message(Role.USER, "Hello")))
    bodies, events = sent_to(say, request)

    assert bodies[-1]["messages"] == [{"role": "user", "content": "Be kind\n\nHello"}]
    assert (text_of(events), notices(events)) == ("Yes", [])


def test_turns_are_joined_where_roles_must_alternate() -> None:
    def say(one: Asked) -> Iterable[bytes]:
        joined = len(fields_of(one)["messages"]) == 1
        told = "Conversation roles must alternate user/assistant/user/assistant/..."
        return yes() if joined else refusal(400, told)

    turns = Message(Role.USER, "One"), Message(Role.USER, "Two")
    bodies, _ = sent_to(say, ChatRequest(turns))

    assert bodies[-1]["messages"] == [{"role": "user", "content": "One\n\nTwo"}]


def test_an_answer_is_gone_on_with_in_words_where_there_is_no_other_way() -> None:
    turns = Message(Role.USER, "Count"), Message(Role.ASSISTANT, "one two")
    request = ChatRequest(turns, continue_answer=True)
    names = "continue_final_message add_generation_prompt"
    bodies, events = sent_to(refusing(names, SAYS["openai"]), request)

    assert bodies[0]["continue_final_message"] is True
    assert bodies[0]["messages"][-1]["role"] == "assistant"
    assert [turn["role"] for turn in bodies[-1]["messages"]] == ["user", "assistant", "user"]
    assert notices(events) == []


def test_the_older_way_to_ask_for_json_is_tried() -> None:
    def say(one: Asked) -> Iterable[bytes]:
        if fields_of(one)["response_format"]["type"] == "json_schema":
            return refusal(500, "response_format.type: Input should be 'text' or 'json_object'")
        return yes()

    bodies, _ = sent_to(say, replace(HELLO, grammar=SCHEMA))

    assert bodies[-1]["response_format"] == {"type": "json_object", "schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("request_", "message", "title"),
    [
        (replace(HELLO, grammar=SCHEMA), "'response_format' is not supported", "shape"),
        (replace(HELLO, tools=("{}",)), '"auto" tool choice requires --enable-…', "tools"),
        (replace(HELLO, tools=("{}",)), "this model does not support tools", "tools"),
        (replace(HELLO, tools=("{}",)), "No endpoints found that support tool use", "tools"),
        (replace(HELLO, logprobs=2), "Unsupported parameter: 'logprobs'", "chances"),
        (LOOK, "image input is not supported - hint: provide the mmproj", "pictures"),
        (LOOK, "unknown variant `image_url`, expected `text`", "pictures"),
        (LOOK, "gemma is not a multimodal model", "pictures"),
        (LOOK, "At most 0 image(s) may be provided in one prompt.", "pictures"),
        (LOOK, "messages[0].content must be a string", "pictures"),
    ],
)
def test_what_would_be_missed_is_not_left_out(
    request_: ChatRequest, message: str, title: str
) -> None:
    error = failure_of(refusal(400, message), request_)

    assert isinstance(error, NotSupported)
    assert title in str(error.title)
    assert message[:20] in str(error.hint)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (HELLO, "image input is not supported"),
        (replace(HELLO, tools=("{}",)), "tool_call_id c1 was answered twice"),
        (replace(HELLO, logprobs=2), "the queue is full of questions"),
    ],
)
def test_other_refusals_are_not_taken_for_these(request_: ChatRequest, message: str) -> None:
    error = failure_of(refusal(400, message), request_)

    assert type(error) is NetworkError


def test_what_no_such_server_can_do_is_not_even_sent() -> None:
    grammar = replace(HELLO, grammar=Grammar(GrammarKind.GBNF, "root ::= x"))
    adapters = replace(HELLO, adapters=(Adapter(Path("a.gguf")),))
    broken = replace(HELLO, tools=("{",))
    with ScriptedServer(lambda _: value({"data": [{"id": "tiny", "owned_by": "vllm"}]})) as server:
        for request in (grammar, adapters, broken):
            with pytest.raises(NotSupported):
                asked(f"{server.address}/v1", request)
        assert {one.method for one in server.asked} == {"GET"}


OVERFLOWS = [
    refusal(400, "This model's maximum context length is 4096 tokens. However, you requested 9000"),
    refusal(400, "too long", code="context_length_exceeded"),
    refusal(
        400,
        "the request exceeds the available context size, try increasing it",
        type="exceed_context_size_error",
    ),
    value({"object": "error", "message": "prompt is too long: 9 tokens > 8 maximum"}, 400),
]


@pytest.mark.parametrize("said", [list(said) for said in OVERFLOWS])
def test_a_text_too_long_is_said_to_be_so(said: list[bytes]) -> None:
    assert isinstance(failure_of(said), ContextOverflow)


@pytest.mark.parametrize(
    ("status", "said", "kind", "title"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, AccessDenied, "accept the key"),
        (403, {"error": {"message": "not from your country"}}, AccessDenied, "allow"),
        (402, {"error": {"message": "Insufficient Balance"}}, NetworkError, "paid"),
        (404, {"detail": "Not Found"}, OddAnswer, "no such address"),
        (404, {"error": {"message": "x", "code": "model_not_found"}}, ModelNotServed, "tiny"),
        (404, {"message": "The model `tiny` does not exist."}, ModelNotServed, "tiny"),
        (400, {"error": "model 'tiny' not found"}, ModelNotServed, "tiny"),
        (400, {"error": {"message": "I do not like it"}}, NetworkError, "this question"),
        (400, "what", OddAnswer, "does not understand"),
        (413, {}, NotSupported, "so much"),
        (429, {"error": {"code": "insufficient_quota"}}, NetworkError, "paid"),
        (500, {"error": {"message": "CUDA"}}, ServerFault, "has a problem"),
        (502, [[[]]], ServerFault, "has a problem"),
        (503, {"error": {"message": "loading model"}}, ServerBusy, "busy"),
    ],
)
def test_every_refusal_has_words_of_its_own(
    status: int, said: object, kind: type[LapisError], title: str
) -> None:
    error = failure_of(value(said, status), key="sk-mine")

    assert type(error) is kind
    assert title in str(error.title)


def test_a_server_that_wants_a_key_says_so() -> None:
    error = failure_of(value({}, 401))

    assert isinstance(error, AccessDenied)
    assert "wants a key" in str(error.title)


@pytest.mark.parametrize(
    ("given", "seconds"), [("7", 7.0), ("nan", 1.0), ("inf", 1.0), ("-5", 1.0), ("soon", 1.0)]
)
def test_how_long_to_wait_is_what_the_server_says(given: str, seconds: float) -> None:
    error = failure_of(refusal(429, "slow down", f"Retry-After: {given}"))

    assert isinstance(error, TooManyRequests)
    assert error.seconds == seconds


def test_a_date_until_which_to_wait_is_understood() -> None:
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error = failure_of(refusal(429, "slow down", f"Retry-After: {later}"))

    assert isinstance(error, TooManyRequests)
    assert 3000 < error.seconds <= 3600


def test_what_a_server_repeats_of_a_key_is_not_shown() -> None:
    for status in (400, 401, 403, 500):
        error = failure_of(refusal(status, "No: a-secret-1 and sk-other"), key="a-secret-1")
        shown = f"{error.title} {error.hint} {error!r}"

        assert "a-secret-1" not in shown
        assert "sk-other" not in shown


def test_what_a_server_says_is_short_and_printable() -> None:
    error = failure_of(refusal(400, "bad\x1b[31m\u202e" + "x" * 10_000))

    assert str(error.hint).isprintable()
    assert len(str(error.hint)) < 300


def test_a_page_with_an_error_is_not_quoted() -> None:
    error = failure_of([answer("<html>nginx</html>", status=502, kind="text/html")])

    assert isinstance(error, ServerFault)
    assert "nginx" not in f"{error.title} {error.hint}"


def test_an_address_without_its_path_is_explained() -> None:
    error = failure_of(value({"detail": "Not Found"}, 404))

    assert "/v1" in str(error.hint)


def test_an_error_without_end_is_read_as_far_as_it_is_needed() -> None:
    nested = '{"error":' * 5000 + "1" + "}" * 5000
    error = failure_of([answer(nested, status=400)])

    assert isinstance(error, NetworkError)


def test_of_pictures_that_came_earlier_a_model_without_eyes_is_told_in_words() -> None:
    def say(one: Asked) -> Iterable[bytes]:
        if isinstance(fields_of(one)["messages"][0]["content"], list):
            return refusal(400, "gemma is not a multimodal model")
        return yes()

    later = (Message(Role.ASSISTANT, "A cat."), Message(Role.USER, "How old do they get?"))
    bodies, events = sent_to(say, replace(LOOK, messages=(*LOOK.messages, *later)))

    assert text_of(events) == "Yes"
    first = bodies[-1]["messages"][0]["content"]
    assert first == "[A picture is attached here. You cannot see it.]\n\nLook"
