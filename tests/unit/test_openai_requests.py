"""What clients of `/v1/chat/completions` say: taken as it is meant, or refused by its name."""

from pathlib import Path
from typing import Any

import openai
import pytest

from desktop.domain.chat import (
    Finished,
    Message,
    ReasoningDelta,
    Role,
    StopReason,
    TextDelta,
    ToolCall,
)
from desktop.domain.connection import ServedModel
from desktop.domain.model import InstalledModel
from tests.gguf_files import write_llama
from tests.harness.silent_backend import NOTHING, SilentBackend
from tests.unit.openai_room import SAYS, asked, openai_room, weather_tools

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
OUT_OF_RANGE: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    ({"messages": asked("x") * 2001}, "messages"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": -2}, "max_tokens"),
    ({"max_tokens": 2**40}, "max_tokens"),
    ({"max_tokens": 3.5}, "max_tokens"),
    ({"temperature": -0.1}, "temperature"),
    ({"temperature": 5.1}, "temperature"),
    ({"temperature": "warm"}, "temperature"),
    ({"top_p": 1.5}, "top_p"),
    ({"min_p": -1}, "min_p"),
    ({"top_k": -2}, "top_k"),
    ({"top_k": 1001}, "top_k"),
    ({"frequency_penalty": 3}, "frequency_penalty"),
    ({"presence_penalty": -3}, "presence_penalty"),
    ({"n": 0}, "n"),
    ({"n": 9}, "n"),
    ({"stop": ["x"] * 17}, "stop"),
    ({"stop": ["x" * 257]}, "stop"),
    ({"logit_bias": {str(number): 1 for number in range(1025)}}, "logit_bias"),
    ({"logit_bias": {"one": 1}}, "logit_bias"),
    ({"logit_bias": {"1": 200}}, "logit_bias[...]"),
    ({"top_logprobs": 21}, "top_logprobs"),
    ({"reasoning_effort": "heroic"}, "reasoning_effort"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": weather_tools("a b")}, "tools[0].function.name"),
    ({"tools": weather_tools("one", "one")}, "tools"),
    ({"functions": []}, "functions"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
    ({"model": "x" * 257}, "model"),
]


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "talker.gguf", answer=SAYS, stops=True)


def test_what_is_out_of_range_is_refused_by_its_name(tmp_path: Path, talker: Path) -> None:
    named = []
    with openai_room(tmp_path, talker) as (room, client):
        for changes, _ in OUT_OF_RANGE:
            body = {"model": "talker", "messages": asked()} | changes
            with pytest.raises(openai.BadRequestError) as refused:
                client.post("/chat/completions", body=body, cast_to=object)
            assert refused.value.type == "invalid_request_error"
            named.append((changes, refused.value.param))
        model = room.engine.state.model

    assert named == OUT_OF_RANGE
    # Nothing was loaded for any of them.
    assert model is None


def test_who_offers_functions_is_told_of_tools(tmp_path: Path, talker: Path) -> None:
    body = {"model": "talker", "messages": asked(), "functions": [{"name": "now"}]}
    with (
        openai_room(tmp_path, talker) as (_, client),
        pytest.raises(openai.BadRequestError, match="Functions are offered as tools"),
    ):
        client.post("/chat/completions", body=body, cast_to=object)


def test_what_a_client_says_reaches_the_engine_as_it_is_meant(tmp_path: Path) -> None:
    name = "openai:desk/listener"
    listener = InstalledModel(name, "listener", Path(name), 0, server="desk")
    heard = SilentBackend(Finished(StopReason.STOP, NOTHING))
    call = {
        "id": "call_7",
        "type": "function",
        "function": {"name": "time", "arguments": '{"city":"Oslo"}'},
    }
    turns: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Hm."},
        {"role": "tool", "tool_call_id": "call_7", "content": "Noon"},
        {"role": "assistant", "content": "It is"},
    ]
    with openai_room(tmp_path, more=[listener], backend=lambda _model, _n_ctx: heard) as (
        _,
        client,
    ):
        for extra in (
            {"continue_final_message": True},
            {"reasoning_effort": "none"},
            {"reasoning_effort": "high"},
            {"chat_template_kwargs": {"enable_thinking": False}},
            {"stop": "", "seed": -1},
            {"response_format": {"type": "json_object"}, "reasoning_effort": "high"},
        ):
            client.chat.completions.create(model=name, messages=turns, extra_body=extra)
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(
                model=name, messages=asked(), extra_body={"continue_final_message": True}
            )

    first = heard.requests[0]
    assert first.messages == (
        Message(Role.SYSTEM, "Be brief.\n\nBe kind."),
        Message(Role.USER, "One\ntwo"),
        Message(
            Role.ASSISTANT,
            "",
            reasoning="Hm.",
            tool_calls=(ToolCall("call_7", "time", '{"city":"Oslo"}'),),
        ),
        Message(Role.TOOL, "Noon", tool_call_id="call_7"),
        Message(Role.ASSISTANT, "It is"),
    )
    assert [request.continue_answer for request in heard.requests] == [True] + 5 * [False]
    assert [request.thinking for request in heard.requests] == [
        None,
        False,
        True,
        False,
        None,
        False,
    ]
    assert not any(request.keep_state for request in heard.requests)
    assert heard.requests[4].sampling.seed is None
    assert heard.requests[4].sampling.stop == ()
    assert refused.value.param == "continue_final_message"


def test_keys_that_nobody_knows_are_left_out(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        answer = client.chat.completions.create(
            model="talker",
            messages=asked(),
            user="somebody",
            metadata={"a": "b"},
            extra_body={"n_ctx": 10**9, "n_discard": -1, "cache_prompt": True},
        )

    assert answer.choices[0].message.content == SAYS


def test_pictures_reach_models_that_see_and_no_others(tmp_path: Path, talker: Path) -> None:
    name = "openai:desk/looker"
    looker = InstalledModel(name, "looker", Path(name), 0, server="desk")
    dark = "openai:desk/blind"
    blind = InstalledModel(dark, "blind", Path(dark), 0, server="desk")
    question: list[Any] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            ],
        }
    ]
    far: Any = {"type": "image_url", "image_url": {"url": "https://127.0.0.1/x.png"}}
    seeing = SilentBackend(
        ReasoningDelta("Hm."), TextDelta("A lamp."), Finished(StopReason.STOP, NOTHING)
    )
    with openai_room(
        tmp_path,
        talker,
        more=[looker, blind],
        served={
            name: ServedModel("desk", "looker"),
            dark: ServedModel("desk", "blind", sees=False),
        },
        backend=lambda _model, _n_ctx: seeing,
    ) as (_, client):
        seen = client.chat.completions.create(model=name, messages=question)
        with pytest.raises(openai.BadRequestError) as told:
            client.chat.completions.create(model=dark, messages=question)
        with pytest.raises(openai.BadRequestError, match="does not see"):
            client.chat.completions.create(model="talker", messages=question)
        with pytest.raises(openai.BadRequestError, match="data:"):
            client.chat.completions.create(
                model=name, messages=[{"role": "user", "content": [far]}]
            )

    assert seen.choices[0].message.content == "A lamp."
    assert seen.choices[0].message.model_dump()["reasoning_content"] == "Hm."
    assert "does not see" in str(told.value)
    (request,) = seeing.requests
    assert request.messages == (
        Message(Role.USER, "What is this?", pictures=request.messages[0].pictures),
    )
    assert request.messages[0].pictures[0].media_type == "image/png"
