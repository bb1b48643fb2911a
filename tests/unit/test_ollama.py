"""Ollama: answers in all their shapes, with a context that is never cut in silence."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.backends.ollama import OllamaClient
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import (
    Adapter,
    ChatRequest,
    Grammar,
    GrammarKind,
    Message,
    Picture,
    Role,
    Sampling,
    StopReason,
    TokenChosen,
    ToolCall,
    ToolCalled,
)
from desktop.domain.errors import NotSupported, UserFixable
from tests.harness.ollama import OllamaServer
from tests.unit.ollama_room import (
    CLOUD,
    CODER,
    EMBEDDER,
    GEMMA,
    SEER,
    SKY,
    THINKER,
    TOOL,
    ask,
    body,
    client_of,
)


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([GEMMA, THINKER, SEER, EMBEDDER, CODER, CLOUD]) as server:
        yield server


def test_an_answer_streams_and_is_accounted_for(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    heard = ask(loop, client)

    assert heard.text == GEMMA.reply
    assert heard.reason() is StopReason.STOP
    assert len(heard.events) == len(GEMMA.reply.split()) + 1
    usage = heard.usage()
    assert (usage.prompt_tokens, usage.completion_tokens) == (9, 14)
    assert (usage.prefill_tps, usage.decode_tps) == (18.0, 7.0)
    assert usage.ttft_ms > 0
    assert heard.notices == []
    assert body(ollama)["stream"] is True


def test_the_context_and_the_manner_go_with_every_question(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    sampling = Sampling(0.2, 30, 0.8, 0.01, 1.1, 42, 100, ("\n\n",), 0.3, 0.4, 1, 4.0, 0.2)

    ask(loop, client, ChatRequest((SKY,), sampling), n_ctx=6000)

    sent = body(ollama)
    assert sent["options"] == {
        "num_ctx": 6000,
        "num_predict": 100,
        "temperature": 0.2,
        "top_k": 30,
        "top_p": 0.8,
        "min_p": 0.01,
        "repeat_penalty": 1.1,
        "frequency_penalty": 0.3,
        "presence_penalty": 0.4,
        "seed": 42,
        "stop": ["\n\n"],
        "mirostat": 1,
        "mirostat_tau": 4.0,
        "mirostat_eta": 0.2,
    }
    assert (sent["truncate"], sent["shift"]) == (False, False)
    assert "keep_alive" not in sent
    assert "think" not in sent


def test_without_an_own_wish_nothing_needless_is_sent(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ask(loop, client)

    assert body(ollama)["options"].keys().isdisjoint({"seed", "stop", "mirostat"})
    assert body(ollama)["options"]["num_predict"] == 4096


@pytest.mark.parametrize(("minutes", "sent"), [(10, "10m"), (0, 0), (-1, -1)])
def test_a_model_is_kept_as_long_as_it_is_set(
    loop: ServerLoop, ollama: OllamaServer, minutes: int, sent: object
) -> None:
    client = client_of(ollama.address, minutes)

    ask(loop, client)

    assert body(ollama)["keep_alive"] == sent
    loop.run(client.close(), 10)


def test_details_are_asked_for_once(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ask(loop, client)
    ask(loop, client)

    assert [request.path for request in ollama.log] == ["/api/show", "/api/chat", "/api/chat"]


def test_thinking_comes_apart_from_the_answer(loop: ServerLoop, client: OllamaClient) -> None:
    heard = ask(loop, client, model="qwen3:8b")

    assert heard.thinking == THINKER.thinking
    assert heard.text == THINKER.reply


@pytest.mark.parametrize(
    ("model", "thinking", "sent"),
    [
        ("qwen3:8b", True, True),
        ("qwen3:8b", False, False),
        ("qwen3:8b", None, None),
        ("gemma2:9b", True, None),
        ("gemma2:9b", False, False),
    ],
)
def test_thinking_is_asked_for_where_the_model_can(
    loop: ServerLoop,
    client: OllamaClient,
    ollama: OllamaServer,
    model: str,
    thinking: bool | None,
    sent: bool | None,
) -> None:
    heard = ask(loop, client, ChatRequest((SKY,), thinking=thinking), model)

    assert heard.reason() is StopReason.STOP
    assert body(ollama).get("think") == sent
    assert bool(heard.thinking) is (model == "qwen3:8b" and thinking is not False)


def test_tools_are_told_of_as_a_whole_and_called_with_their_ids(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    heard = ask(loop, client, ChatRequest((SKY,), tools=(TOOL,), thinking=False), "qwen3:8b")

    assert [event for event in heard.events if isinstance(event, ToolCalled)] == [
        ToolCalled(
            ToolCall("call_00000000", "get_weather", '{"city": "Paris", "where": {"lat": 48.8}}')
        ),
        ToolCalled(ToolCall("call_00000001", "get_time", "{}")),
    ]
    assert heard.reason() is StopReason.TOOL_CALLS
    assert body(ollama)["tools"] == [json.loads(TOOL)]


def test_a_conversation_goes_with_calls_results_thoughts_and_pictures(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    picture = Picture("image/png", b"\x89PNG\r\n")
    call = ToolCall("call_1", "get_weather", '{"city": "Paris"}')
    turns = (
        Message(Role.SYSTEM, "Be short."),
        Message(Role.USER, "What is this?", pictures=(picture,)),
        Message(Role.ASSISTANT, "", reasoning="I look.", tool_calls=(call,)),
        Message(Role.TOOL, "sunny", tool_call_id="call_1", name="get_weather"),
    )

    ask(loop, client, ChatRequest(turns), "llava")

    assert body(ollama)["messages"] == [
        {"role": "system", "content": "Be short."},
        {
            "role": "user",
            "content": "What is this?",
            "images": [base64.b64encode(picture.data).decode()],
        },
        {
            "role": "assistant",
            "content": "",
            "thinking": "I look.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "function": {"name": "get_weather", "arguments": {"city": "Paris"}},
                }
            ],
        },
        {"role": "tool", "content": "sunny", "tool_name": "get_weather", "tool_call_id": "call_1"},
    ]


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "object", "properties": {"age": {"type": "integer"}}}, None),
        ({}, "json"),
    ],
)
def test_an_answer_takes_the_shape_of_a_schema(
    loop: ServerLoop,
    client: OllamaClient,
    ollama: OllamaServer,
    schema: Mapping[str, Any],
    sent: object,
) -> None:
    grammar = Grammar(GrammarKind.JSON_SCHEMA, json.dumps(schema))

    heard = ask(loop, client, ChatRequest((SKY,), grammar=grammar))

    assert json.loads(heard.text) == ({"age": 22} if schema else {})
    assert body(ollama)["format"] == (sent or schema)


def test_chances_of_tokens_come_with_them(loop: ServerLoop, client: OllamaClient) -> None:
    heard = ask(loop, client, ChatRequest((SKY,), logprobs=2))

    chosen = [event for event in heard.events if isinstance(event, TokenChosen)]
    assert "".join(one.chosen.text for one in chosen) == GEMMA.reply
    assert chosen[0].chosen.logprob == -0.25
    assert [(other.text, other.logprob) for other in chosen[0].top] == [
        ("other0", -1.0),
        ("other1", -2.0),
    ]


def test_a_length_ends_an_answer(loop: ServerLoop, client: OllamaClient) -> None:
    heard = ask(loop, client, ChatRequest((SKY,), Sampling(max_tokens=3)))

    assert heard.text == "The sky is"
    assert heard.reason() is StopReason.LENGTH


def test_a_text_is_gone_on_with_as_it_stands(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    heard = ask(loop, client, ChatRequest(prompt="The sky is"))

    assert heard.text == GEMMA.reply
    sent = body(ollama, "/api/generate")
    assert (sent["prompt"], sent["raw"]) == ("The sky is", True)
    assert sent["options"]["num_ctx"] == 4096
    assert "messages" not in sent


def test_what_lies_between_two_texts_is_written(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    request = ChatRequest(prompt="def gcd(a, b):", suffix="\n\nprint(gcd(4, 6))")

    heard = ask(loop, client, request, "codellama:code")

    assert heard.text == " return b"
    sent = body(ollama, "/api/generate")
    assert (sent["suffix"], "raw" in sent) == ("\n\nprint(gcd(4, 6))", False)


@pytest.mark.parametrize(
    ("request_", "model", "title"),
    [
        (
            ChatRequest((SKY,), grammar=Grammar(GrammarKind.GBNF, "root ::= x")),
            "gemma2:9b",
            "Ollama cannot keep an answer to a grammar",
        ),
        (
            ChatRequest((SKY,), adapters=(Adapter(Path("a.gguf")),)),
            "gemma2:9b",
            "Ollama cannot use LoRA files of this computer",
        ),
        (
            ChatRequest((replace(SKY, pictures=(Picture("image/png", b"x"),)),)),
            "gemma2:9b",
            "gemma2:9b cannot look at pictures",
        ),
        (ChatRequest((SKY,), tools=(TOOL,)), "gemma2:9b", "gemma2:9b cannot call tools"),
        (
            ChatRequest(prompt="a", suffix="b"),
            "gemma2:9b",
            "gemma2:9b cannot write what lies between two texts",
        ),
    ],
)
def test_what_the_model_cannot_do_is_said(
    loop: ServerLoop, client: OllamaClient, request_: ChatRequest, model: str, title: str
) -> None:
    error = ask(loop, client, request_, model).error()

    assert isinstance(error, NotSupported)
    assert str(error.title) == title


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest((SKY,), tools=("[]",)),
        ChatRequest((SKY,), tools=("{",)),
        ChatRequest((SKY,), grammar=Grammar(GrammarKind.JSON_SCHEMA, "{")),
        ChatRequest((SKY,), grammar=Grammar(GrammarKind.JSON_SCHEMA, "[" * 100_000)),
    ],
)
def test_a_tool_or_schema_that_is_none_is_refused(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, request_: ChatRequest
) -> None:
    assert isinstance(ask(loop, client, request_).error(), UserFixable)
    assert ollama.asked("/api/chat") == []


def test_settings_that_ollama_does_not_know_are_named(
    loop: ServerLoop, client: OllamaClient
) -> None:
    sampling = Sampling(dry_multiplier=0.8, xtc_probability=0.5, logit_bias=((3, 1.0),))

    heard = ask(loop, client, ChatRequest((SKY,), sampling))

    assert heard.notices == [
        "Ollama does not know these settings, they were left out: DRY, XTC, logit bias"
    ]
