"""`/v1/chat/completions`, through the real `openai` library, from real models."""

import itertools
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

from desktop.api.openai_streams import PATIENCE_SECONDS
from desktop.domain.chat import (
    Finished,
    Message,
    ReasoningDelta,
    Role,
    StopReason,
    TextDelta,
)
from desktop.domain.connection import ServedModel
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.conversation import Conversations
from desktop.services.manner import nothing_set, settings_for
from tests.gguf_files import write_llama
from tests.harness.api_room import installed
from tests.harness.silent_backend import NOTHING, SilentBackend
from tests.unit.openai_room import GUIDE, SAYS, asked, joined, openai_room, weather_tools
from tests.unit.store_room import opened

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "talker.gguf", answer=SAYS, stops=True)


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("models") / "babbler.gguf")


def test_an_answer_and_the_same_in_pieces(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        whole = client.chat.completions.create(model="talker", messages=asked())
        with client.chat.completions.create(
            model="talker",
            messages=asked(),
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            chunks = list(stream)

    (choice,) = whole.choices
    assert choice.message.content == SAYS
    assert choice.finish_reason == "stop"
    assert whole.usage is not None
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    assert joined(chunks) == SAYS
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    last = chunks[-1]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == whole.usage.completion_tokens
    assert {chunk.id for chunk in chunks} == {last.id}
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_stream_tells_no_usage_unless_it_is_wanted(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        stream = client.chat.completions.create(model="talker", messages=asked(), stream=True)
        chunks = list(stream)

    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("name", ["", "local-model", "default", "talker", "TALKER", "talker.gguf"])
def test_names_of_the_current_model(tmp_path: Path, talker: Path, name: str) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        answer = client.chat.completions.create(model=name, messages=asked())

    assert answer.model == "talker"
    assert answer.choices[0].message.content == SAYS


def test_a_model_that_is_not_loaded_is_loaded_and_stays_the_current_one(
    tmp_path: Path, talker: Path, babbler: Path
) -> None:
    with openai_room(tmp_path, babbler, talker) as (room, client):
        first = client.chat.completions.create(model="local-model", messages=asked(), max_tokens=2)
        second = client.chat.completions.create(model="talker", messages=asked())
        state = room.engine.state

    assert first.model == "babbler"
    assert second.choices[0].message.content == SAYS
    assert state.model is not None
    assert state.model.name == "talker"


def test_an_unknown_model_is_not_found(tmp_path: Path, talker: Path) -> None:
    names = ["nobody", "../talker.gguf", "talk", "gpt-4o", "a\u202eb", "%00", str(talker)]
    with openai_room(tmp_path, talker) as (_, client):
        for name, stream in itertools.product(names, (False, True)):
            with pytest.raises(openai.NotFoundError) as refused:
                client.chat.completions.create(model=name, messages=asked(), stream=stream)

            assert refused.value.code == "model_not_found", name
            assert refused.value.param == "model"
            assert str(talker.parent) not in str(refused.value)


def test_several_answers_come_side_by_side_and_again_with_their_seed(
    tmp_path: Path, babbler: Path
) -> None:
    options: dict[str, Any] = {"n": 3, "seed": 11, "max_tokens": 8, "temperature": 1.0}
    with openai_room(tmp_path, babbler) as (_, client):
        first = client.chat.completions.create(model="babbler", messages=asked(), **options)
        chunks = list(
            client.chat.completions.create(
                model="babbler",
                messages=asked(),
                stream=True,
                stream_options={"include_usage": True},
                **options,
            )
        )
        alone = client.chat.completions.create(
            model="babbler", messages=asked(), **(options | {"n": 1})
        )

    texts = [choice.message.content for choice in first.choices]
    assert [choice.index for choice in first.choices] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert [joined(chunks, number) for number in range(3)] == texts
    assert alone.choices[0].message.content == texts[0]
    assert first.usage is not None
    assert first.usage.completion_tokens == 24
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 24
    assert chunks[-1].usage.prompt_tokens == first.usage.prompt_tokens


def test_limits_and_stop_texts_are_kept(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        cut = client.chat.completions.create(model="talker", messages=asked(), max_tokens=3)
        cut_too = client.chat.completions.create(
            model="talker", messages=asked(), max_completion_tokens=3
        )
        stopped = client.chat.completions.create(model="talker", messages=asked(), stop=" nine")
        stopped_too = client.chat.completions.create(
            model="talker", messages=asked(), stop=["§", " harbour"]
        )

    for answer in (cut, cut_too):
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 3
    assert stopped.choices[0].message.content == "The harbour has"
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped_too.choices[0].message.content == "The"


def test_chances_of_tokens_are_told_with_their_text(tmp_path: Path, talker: Path) -> None:
    options: dict[str, Any] = {"logprobs": True, "top_logprobs": 3}
    with openai_room(tmp_path, talker) as (_, client):
        whole = client.chat.completions.create(model="talker", messages=asked(), **options)
        chunks = list(
            client.chat.completions.create(model="talker", messages=asked(), stream=True, **options)
        )
        without = client.chat.completions.create(model="talker", messages=asked())

    told = whole.choices[0].logprobs
    assert told is not None
    assert told.content is not None
    assert "".join(token.token for token in told.content).strip() == SAYS
    for token in told.content:
        assert len(token.top_logprobs) == 3
        assert token.logprob <= token.top_logprobs[0].logprob <= 0
        assert bytes(token.bytes or ()).decode() == token.token
    streamed = [
        token.token
        for chunk in chunks
        for choice in chunk.choices
        if choice.logprobs is not None
        for token in choice.logprobs.content or ()
    ]
    assert streamed == [token.token for token in told.content]
    assert without.choices[0].logprobs is None


def test_sampling_is_the_clients_where_it_says_so_and_the_models_where_not(
    tmp_path: Path, babbler: Path
) -> None:
    with openai_room(tmp_path, babbler) as (_, client):

        def say(**options: Any) -> str | None:
            answer = client.chat.completions.create(
                model="babbler", messages=asked(), max_tokens=8, **options
            )
            return answer.choices[0].message.content

        greedy = say(temperature=0)
        first = say(temperature=1, top_p=1, seed=3)
        others = [
            say(temperature=1, top_p=1, seed=4),
            say(temperature=1, top_p=0.05, seed=3),
            say(temperature=1, top_p=1, seed=3, extra_body={"top_k": 1}),
            say(temperature=1, top_p=1, seed=3, extra_body={"min_p": 0.9}),
            say(temperature=1, top_p=1, seed=3, frequency_penalty=2, presence_penalty=2),
            say(temperature=0, extra_body={"repeat_penalty": 3.0}),
        ]
        by_bias = say(temperature=0, logit_bias={"300": 100})
        again = say(temperature=1, top_p=1, seed=3)

    assert first == again
    assert greedy == others[2]
    assert first not in others[:4]
    assert by_bias != greedy


def test_the_same_seed_gives_the_answer_of_the_window(tmp_path: Path) -> None:
    settings = Settings()
    model = installed(GUIDE, is_guide=True)
    in_force = settings_for(model, settings, nothing_set(model))
    with openai_room(tmp_path, guide=True) as (room, client):
        texts = []
        for temperature in (0.0, 1.0):
            given = client.chat.completions.create(
                model="guide",
                messages=asked("How do I choose a model?"),
                seed=7,
                temperature=temperature,
            )
            texts.append(given.choices[0].message.content)
        usual = client.chat.completions.create(
            model="guide", messages=asked("How do I choose a model?")
        )
        shown = [
            window_answer(tmp_path / f"{number}.db", room.engine, in_force, temperature)
            for number, temperature in enumerate((0.0, 1.0))
        ]

    assert shown == texts
    assert len(shown[0]) > 20
    # The guide is asked for the likeliest words, here as in the window.
    assert usual.choices[0].message.content == texts[0]


def window_answer(path: Path, engine: Any, settings: Settings, temperature: float) -> str:
    """Return what a chat of the window gets for the same question."""
    sampling = replace(settings.sampling, seed=7, temperature=temperature)
    with opened(path) as store:
        chat = store.create()
        conversations = Conversations(store)
        exchange = conversations.begin(chat.id, "How do I choose a model?", "guide")
        request = conversations.request(exchange, replace(settings, sampling=sampling))
        return "".join(
            event.text
            for event in engine.stream(request, threading.Event())
            if isinstance(event, TextDelta)
        )


def test_an_answer_has_the_shape_that_is_asked_for(tmp_path: Path, babbler: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "lit": {"type": "boolean"}},
        "required": ["count", "lit"],
        "additionalProperties": False,
    }
    forms: list[Any] = [
        {"type": "json_schema", "json_schema": {"name": "lamps", "schema": schema}},
        {"type": "json_object", "schema": schema},
    ]
    with openai_room(tmp_path, babbler) as (_, client):
        held = [
            client.chat.completions.create(
                model="babbler", messages=asked(), max_tokens=300, response_format=form
            )
            for form in forms
        ]
        free = client.chat.completions.create(
            model="babbler",
            messages=asked(),
            max_tokens=600,
            seed=1,
            response_format={"type": "json_object"},
        )
        by_grammar = client.chat.completions.create(
            model="babbler",
            messages=asked(),
            max_tokens=50,
            extra_body={"grammar": 'root ::= "lit" | "dark"'},
        )

    for answer in held:
        value = json.loads(answer.choices[0].message.content or "")
        assert set(value) == {"count", "lit"}
        assert isinstance(value["lit"], bool)
    if free.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(free.choices[0].message.content or ""), dict)
    assert (free.choices[0].message.content or "").startswith("{")
    assert by_grammar.choices[0].message.content in {"lit", "dark"}


def test_a_model_that_calls_a_tool_is_heard_and_told_the_result(tmp_path: Path) -> None:
    call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
    caller = write_llama(tmp_path / "caller.gguf", answer=call, stops=True)
    tools = weather_tools("weather", "time")
    with openai_room(tmp_path, caller) as (_, client):
        whole = client.chat.completions.create(model="caller", messages=asked(), tools=tools)
        chunks = list(
            client.chat.completions.create(
                model="caller", messages=asked(), tools=tools, stream=True
            )
        )
        (asked_for,) = whole.choices[0].message.tool_calls or ()
        told = [
            *asked(),
            whole.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": asked_for.id, "content": "9 degrees"},
        ]
        after = client.chat.completions.create(model="caller", messages=told, tools=tools)
        silent = client.chat.completions.create(
            model="caller", messages=asked(), tools=tools, tool_choice="none"
        )

    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.content is None
    assert asked_for.type == "function"
    assert (asked_for.function.name, json.loads(asked_for.function.arguments)) == (
        "weather",
        {"city": "Oslo"},
    )
    streamed = [c.choices[0].delta.tool_calls for c in chunks if c.choices[0].delta.tool_calls]
    assert streamed[0] is not None
    assert streamed[0][0].function is not None
    assert streamed[0][0].function.name == "weather"
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert after.usage is not None
    assert whole.usage is not None
    assert after.usage.prompt_tokens > whole.usage.prompt_tokens
    assert silent.choices[0].message.tool_calls is None
    assert "<tool_call>" in (silent.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("required", {"weather", "time"}),
        ({"type": "function", "function": {"name": "time"}}, {"time"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "weather"}}],
                },
            },
            {"weather"},
        ),
    ],
)
def test_any_model_calls_a_tool_if_it_has_to(
    tmp_path: Path, babbler: Path, choice: Any, names: set[str]
) -> None:
    options: dict[str, Any] = {
        "model": "babbler",
        "messages": asked(),
        "tools": weather_tools("weather", "time"),
        "tool_choice": choice,
        "max_tokens": 400,
        "seed": 2,
    }
    with openai_room(tmp_path, babbler) as (_, client):
        whole = client.chat.completions.create(**options)
        chunks = list(client.chat.completions.create(**options, stream=True))

    (call,) = whole.choices[0].message.tool_calls or ()
    assert whole.choices[0].finish_reason == "tool_calls"
    assert call.type == "function"
    assert call.function.name in names
    assert json.loads(call.function.arguments)["city"] in {"Oslo", "Rome"}
    pieces = [piece for c in chunks for piece in c.choices[0].delta.tool_calls or ()]
    assert "".join(p.function.arguments or "" for p in pieces if p.function) == (
        call.function.arguments
    )
    assert pieces[0].function is not None
    assert pieces[0].function.name == call.function.name
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert joined(chunks) == ""


def test_thinking_comes_beside_the_answer_and_goes_back_with_it(tmp_path: Path) -> None:
    said = f"<think>Nine of them, I count.</think>{SAYS}"
    thinker = write_llama(tmp_path / "thinker.gguf", answer=said, stops=True)
    with openai_room(tmp_path, thinker) as (_, client):
        whole = client.chat.completions.create(model="thinker", messages=asked())
        chunks = list(
            client.chat.completions.create(model="thinker", messages=asked(), stream=True)
        )

    message = whole.choices[0].message
    assert message.content == SAYS
    assert message.model_dump()["reasoning_content"] == "Nine of them, I count."
    thought = [c.choices[0].delta.model_dump().get("reasoning_content") or "" for c in chunks]
    assert "".join(thought) == "Nine of them, I count."
    assert joined(chunks) == SAYS


def test_an_answer_is_gone_on_with_where_that_is_wanted(tmp_path: Path, talker: Path) -> None:
    begun = [*asked(), {"role": "assistant", "content": "The harbour"}]
    with openai_room(tmp_path, talker) as (_, client):
        client.chat.completions.create(
            model="talker",
            messages=begun,
            max_tokens=4,
            extra_body={"continue_final_message": True},
        )
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(
                model="talker", messages=asked(), extra_body={"continue_final_message": True}
            )

    assert refused.value.param == "continue_final_message"


OUT_OF_RANGE: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    ({"messages": asked("x") * 2001}, "messages"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 2**40}, "max_tokens"),
    ({"max_tokens": 3.5}, "max_tokens"),
    ({"temperature": -0.1}, "temperature"),
    ({"temperature": 5.1}, "temperature"),
    ({"temperature": "warm"}, "temperature"),
    ({"top_p": 1.5}, "top_p"),
    ({"min_p": -1}, "min_p"),
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


def test_the_wait_for_a_first_word_is_shorter_than_clients_are_patient() -> None:
    assert PATIENCE_SECONDS <= 30
