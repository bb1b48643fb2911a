"""What a hostile or broken Ollama says: read as far as it goes, refused in words beyond that."""

import json
from typing import Any

import pytest

from desktop.backends.ollama import OllamaClient, reading
from desktop.backends.server_backend import Patience
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Message, Role, StopReason, ToolCall, ToolCalled
from desktop.domain.errors import (
    AccessDenied,
    ContextOverflow,
    LapisError,
    ModelNotServed,
    NotSupported,
    OddAnswer,
    OutOfMemory,
    ServerBusy,
    ServerFault,
    TooManyRequests,
)
from tests.harness.ollama import OllamaServer
from tests.harness.ollama.faults import told
from tests.unit.ollama_room import GEMMA, ask, body

QUICK = Patience(first=0.5, between=0.3, backoff=0.01)


@pytest.mark.parametrize("garbage", [b"{", b"[]", b"null", b"42", b"\xff", b"<html>", b'{"a": NaN'])
def test_garbage_in_an_answer_ends_it_and_what_came_stays(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, garbage: bytes
) -> None:
    ollama.faults.garbage_after, ollama.faults.garbage = 2, garbage

    heard = ask(loop, client, patience=QUICK)

    assert heard.text == "The sky"
    assert isinstance(heard.error(), OddAnswer)


@pytest.mark.parametrize(
    "part",
    [
        {"message": 5},
        {"message": {"content": 5}},
        {"message": {"content": ["a"]}},
        {"message": {"thinking": {}}},
        {"message": {"tool_calls": "all"}},
        {"message": {"tool_calls": [5]}},
        {"message": {"tool_calls": [{"function": {"name": 5}}]}},
        {"message": {"tool_calls": [{"function": {"name": "x" * 1000}}]}},
        {"message": {"tool_calls": [{"function": {"name": "x"}}] * 200}},
    ],
)
def test_a_part_of_wrong_types_ends_an_answer(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, part: dict[str, Any]
) -> None:
    ollama.faults.garbage_after, ollama.faults.garbage = 2, json.dumps(part).encode()

    heard = ask(loop, client, patience=QUICK)

    assert isinstance(heard.error(), OddAnswer)


@pytest.mark.parametrize(
    "counts",
    [
        {"prompt_eval_count": "26", "eval_count": None, "eval_duration": []},
        {"prompt_eval_count": -1, "eval_count": 1e300, "eval_duration": -5},
        {"prompt_eval_count": True, "eval_count": {}, "prompt_eval_duration": 0},
    ],
)
def test_counts_that_are_none_count_nothing(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, counts: dict[str, Any]
) -> None:
    end = {"message": {"content": ""}, "done": True, "done_reason": 5, **counts}
    ollama.faults.garbage_after, ollama.faults.garbage = 2, json.dumps(end).encode()

    heard = ask(loop, client)

    usage = heard.usage()
    assert (usage.prompt_tokens, usage.completion_tokens) == (0, 0)
    assert (usage.prefill_tps, usage.decode_tps) == (0.0, 0.0)


def test_odd_calls_of_tools_get_ids_and_no_arguments(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    calls = [
        {"id": 5, "function": {"name": "a", "arguments": [1]}},
        {"id": "x" * 999, "function": {"name": "b", "arguments": '{"c": 1}'}},
    ]
    part = {"message": {"tool_calls": calls}}
    ollama.faults.garbage_after, ollama.faults.garbage = 2, json.dumps(part).encode()

    heard = ask(loop, client)

    told_of = [event.call for event in heard.events if isinstance(event, ToolCalled)]
    assert [(call.id, call.name, call.arguments) for call in told_of] == [
        ("call_1", "a", "{}"),
        ("call_2", "b", '{"c": 1}'),
    ]
    assert heard.reason() is StopReason.TOOL_CALLS


def test_half_signs_become_readable(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    calls = [{"function": {"name": "a\ud83d", "arguments": {"b": "\udc00"}}}]
    part = {"message": {"content": " \ud83d", "thinking": "\ud83d", "tool_calls": calls}}
    ollama.faults.garbage_after, ollama.faults.garbage = 1, json.dumps(part).encode()

    heard = ask(loop, client)

    assert heard.text.startswith("The \ufffd sky")
    assert heard.thinking == "\ufffd"
    [called] = [event.call for event in heard.events if isinstance(event, ToolCalled)]
    assert (called.name, called.arguments) == ("a\ufffd", '{"b": "\ufffd"}')


def test_halves_of_signs_and_endless_arguments_keep_no_question_from_being_asked(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    calls = (ToolCall("1", "a\ud83d", '{"b": "c"}'), ToolCall("2", "d", "[" * 100_000))
    turns = (
        Message(Role.USER, "half \ud83d, whole \ud83d\ude00"),
        Message(Role.ASSISTANT, "", tool_calls=calls),
        Message(Role.TOOL, "x\udfff", name="a"),
    )

    assert ask(loop, client, ChatRequest(turns)).reason() is StopReason.STOP

    question, answer, result = body(ollama)["messages"]
    assert question["content"] == "half \ufffd, whole \U0001f600"
    asked = [call["function"] for call in answer["tool_calls"]]
    assert asked == [{"name": "a\ufffd", "arguments": {"b": "c"}}, {"name": "d", "arguments": {}}]
    assert result["content"] == "x\ufffd"


@pytest.mark.parametrize("sign", ["\u0085", "\u2028", "\u2029", "\x0b", "\x1c", "\r", "\n"])
def test_signs_that_end_lines_elsewhere_are_part_of_an_answer(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, sign: str
) -> None:
    part = json.dumps({"message": {"content": f" a{sign}b"}}, ensure_ascii=False)
    ollama.faults.garbage_after, ollama.faults.garbage = 1, part.encode()

    assert ask(loop, client).text.startswith(f"The a{sign}b sky")


@pytest.mark.parametrize(
    ("status", "reason", "kind", "title"),
    [
        (400, "the input length exceeds the context length", ContextOverflow, "too long"),
        (500, "the request exceeds the available context size, try increasing it",
         ContextOverflow, "too long"),
        (413, "the input length exceeds the context length", ContextOverflow, "too long"),
        (500, "model requires more system memory (5.6 GiB) than is available (1.2 GiB)",
         OutOfMemory, "gemma2:9b does not fit into the memory"),
        (401, "unauthorized", AccessDenied, "wants to know who asks"),
        (403, "this model requires a subscription", AccessDenied,
         "Ollama does not allow this: this model requires a subscription"),
        (403, "", AccessDenied, "wants to know who asks"),
        (404, "model \"x\" not found, try pulling it first", ModelNotServed, "has no model"),
        (404, "404 page not found", OddAnswer, "not Ollama"),
        (405, "405 method not allowed", OddAnswer, "not Ollama"),
        (400, '"gemma2:9b" does not support chat', NotSupported, "not made for conversations"),
        (400, "registry.ollama.ai/library/x does not support thinking", NotSupported, "think"),
        (400, "invalid options: \x1b[31mnum_ctx\u202e", NotSupported,
         "Ollama refuses this: invalid options: \ufffd[31mnum_ctx\ufffd"),
        (400, "x" * 9000, NotSupported, "Ollama refuses this: xxx"),
        (400, "model " * 50_000 + "not found", NotSupported, "Ollama refuses this: model model"),
        (500, "llama runner process has terminated: exit status 2", ServerFault,
         "Ollama has a problem of its own: llama runner process has terminated: exit status 2"),
    ],
)  # fmt: skip
def test_refusals_are_said_in_words(
    loop: ServerLoop,
    client: OllamaClient,
    ollama: OllamaServer,
    status: int,
    reason: str,
    kind: type[LapisError],
    title: str,
) -> None:
    ollama.faults.refuse(status, reason)

    error = ask(loop, client, patience=QUICK).error()

    assert type(error) is kind
    assert title in str(error.title)
    assert len(str(error.title)) < 300
    assert str(error.hint)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("an error was encountered while running the model", ServerFault),
        ("model requires more system memory", OutOfMemory),
        ({"code": 5}, OddAnswer),
        (["a"], OddAnswer),
    ],
)
def test_an_error_in_the_middle_ends_an_answer_and_what_came_stays(
    loop: ServerLoop,
    client: OllamaClient,
    ollama: OllamaServer,
    reason: object,
    kind: type[LapisError],
) -> None:
    ollama.faults.error_after, ollama.faults.error = 2, reason

    heard = ask(loop, client, patience=QUICK)

    assert heard.text == "The sky"
    assert type(heard.error()) is kind


@pytest.mark.parametrize(("status", "kind"), [(429, TooManyRequests), (503, ServerBusy)])
def test_a_busy_ollama_is_asked_again(
    loop: ServerLoop,
    client: OllamaClient,
    ollama: OllamaServer,
    status: int,
    kind: type[LapisError],
) -> None:
    ollama.faults.refuse(status, times=2)

    heard = ask(loop, client, patience=QUICK)

    assert heard.text == GEMMA.reply
    assert len(heard.notices) == 2
    ollama.faults.refuse(status, times=1, headers={"Retry-After": "3600"})
    error = ask(loop, client, patience=QUICK).error()
    assert isinstance(error, kind)
    assert isinstance(error, (TooManyRequests, ServerBusy))
    assert error.seconds == 3600.0


NAMES = (
    "../../etc/passwd",
    "<img src=x onerror=alert(1)>",
    "C:\\windows",
    "a\u202eb",
    "a\x1b[31m",
    "a\nb",
    "",
    "x" * 999,
    "hf.co/owner/repo-GGUF:Q4_K_M",
)


def test_names_are_shown_as_they_are_or_not_at_all(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    entries: list[object] = [{"name": name, "model": name} for name in NAMES]
    entries += [5, {"name": 5}, {"model": None}, {"name": NAMES[0]}]
    ollama.faults.instead["/api/tags"] = told({"models": entries})

    found = [model.id for model in loop.run(client.models(), 10)]

    assert found == [NAMES[0], NAMES[1], NAMES[2], NAMES[8]]


def test_a_list_of_wrong_types_is_read_as_far_as_it_goes(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    entry = {
        "name": "odd",
        "size": "big",
        "modified_at": "yesterday",
        "details": {
            "parameter_size": "9" * 99,
            "family": ["a"],
            "quantization_level": "\x00" * 500,
        },
        "capabilities": {"vision": True},
        "remote_host": 5,
    }
    ollama.faults.instead["/api/tags"] = told({"models": [entry]})
    ollama.faults.instead["/api/ps"] = told({"models": [{"name": "odd", "size": -5}]})

    [model] = loop.run(client.models(), 10)

    assert (model.size, model.parameters, model.family, model.memory) == (0, 0, "", 0)
    assert (model.modified, model.sees, model.passes_to) == (0.0, None, "")
    assert len(model.quantisation) <= 80
    assert model.quantisation.isprintable()


def test_numbers_without_end_are_no_vectors_and_no_chances(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    endless = 10**400
    with pytest.raises(OddAnswer):
        reading.embedded({"embeddings": [[endless]]})
    part = {"message": {"content": "x"}, "logprobs": [{"token": "x", "logprob": endless}]}
    ollama.faults.garbage_after, ollama.faults.garbage = 2, json.dumps(part).encode()

    heard = ask(loop, client, patience=QUICK)

    assert heard.text.startswith("The skyx is")
