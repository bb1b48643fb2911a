"""Tools through `/v1/chat/completions`: models that call them, and models that have to."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gguf_files import write_llama
from tests.unit.openai_room import asked, joined, openai_room, weather_tools


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "babbler.gguf")


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
        (asked_for,) = list(whole.choices[0].message.tool_calls or [])
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

    (call,) = list(whole.choices[0].message.tool_calls or [])
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


@pytest.mark.parametrize("stream", [False, True])
def test_one_call_at_a_time_where_a_client_can_take_no_more(tmp_path: Path, stream: bool) -> None:
    calls = [
        f'<tool_call>\n{{"name": "weather", "arguments": {{"city": "{city}"}}}}\n</tool_call>'
        for city in ("Oslo", "Rome")
    ]
    caller = write_llama(tmp_path / "caller.gguf", answer="\n".join(calls), stops=True)
    options: dict[str, Any] = {
        "model": "caller",
        "messages": asked(),
        "tools": weather_tools("weather"),
        "stream": stream,
    }

    def cities(answer: Any) -> list[str]:
        parts = (
            [chunk.choices[0].delta for chunk in answer] if stream else [answer.choices[0].message]
        )
        made = [call for part in parts for call in part.tool_calls or ()]
        return [json.loads(call.function.arguments)["city"] for call in made]

    with openai_room(tmp_path, caller) as (_, client):
        several = cities(client.chat.completions.create(**options))
        one = cities(client.chat.completions.create(**options, parallel_tool_calls=False))

    assert several == ["Oslo", "Rome"]
    assert one == ["Oslo"]
