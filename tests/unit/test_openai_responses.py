"""`/v1/responses`, through the real `openai` library: items, streams, and going back."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from desktop.api.kept_responses import KeptResponses
from desktop.domain.chat import Message, Picture, Role
from tests.gguf_files import write_llama
from tests.unit.openai_room import SAYS, openai_room

CALL = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
QUESTION = "How many lamps has the harbour?"


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "talker.gguf", answer=SAYS, stops=True)


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    said = f"<think>Nine, I count.</think>{SAYS}"
    return write_llama(folder / "thinker.gguf", answer=said, stops=True)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "caller.gguf", answer=CALL, stops=True)


def weather() -> list[Any]:
    city = {"type": "string", "enum": ["Oslo", "Rome"]}
    parameters = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return [{"type": "function", "name": "weather", "parameters": parameters, "strict": True}]


def test_a_question_as_text_and_the_same_as_items(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        plain = client.responses.create(model="talker", input=QUESTION)
        items = client.responses.create(
            model="talker",
            input=[
                {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
            ],
        )
        instructed = client.responses.create(
            model="talker", input=QUESTION, instructions="Be short."
        )

    for answer in (plain, items, instructed):
        assert answer.output_text == SAYS
        assert answer.status == "completed"
        assert answer.error is None
    assert plain.usage is not None
    assert items.usage is not None
    assert instructed.usage is not None
    assert plain.usage.input_tokens == items.usage.input_tokens < instructed.usage.input_tokens
    assert instructed.instructions == "Be short."
    (message,) = plain.output
    assert message.type == "message"
    assert message.role == "assistant"


def test_the_events_of_a_stream_come_in_their_order(tmp_path: Path, thinker: Path) -> None:
    with openai_room(tmp_path, thinker) as (_, client):
        events = list(client.responses.create(model="thinker", input=QUESTION, stream=True))

    kinds = [event.type for event in events]
    order = [kind for number, kind in enumerate(kinds) if kinds.index(kind) == number]
    assert order == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.completed",
    ]
    assert kinds.count("response.output_item.added") == 2
    assert [event.sequence_number for event in events] == list(range(len(events)))
    done = events[-1]
    assert done.type == "response.completed"
    assert done.response.output_text == SAYS
    thought, message = done.response.output
    assert thought.type == "reasoning"
    assert [part.text for part in thought.content or ()] == ["Nine, I count."]
    deltas = [e for e in events if e.type == "response.output_text.delta"]
    assert "".join(event.delta for event in deltas) == SAYS
    assert {(event.item_id, event.output_index) for event in deltas} == {(message.id, 1)}


def test_the_librarys_own_reader_of_streams_follows(tmp_path: Path, talker: Path) -> None:
    with (
        openai_room(tmp_path, talker) as (_, client),
        client.responses.stream(model="talker", input=QUESTION) as stream,
    ):
        final = stream.get_final_response()

    assert final.output_text == SAYS


def test_an_answer_that_was_cut_off_says_so(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        cut = client.responses.create(model="talker", input=QUESTION, max_output_tokens=2)
        events = list(
            client.responses.create(
                model="talker", input=QUESTION, max_output_tokens=2, stream=True
            )
        )

    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    assert cut.output[0].type == "message"
    assert cut.output[0].status == "incomplete"
    assert events[-1].type == "response.incomplete"


def test_a_conversation_goes_on_from_an_earlier_answer(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        first = client.responses.create(
            model="talker", input=QUESTION, instructions="Count the lamps of the harbour."
        )
        second = client.responses.create(
            model="talker", input="Are you sure?", previous_response_id=first.id
        )
        by_hand = client.responses.create(
            model="talker",
            input=[
                {"role": "user", "content": QUESTION},
                {"role": "assistant", "content": SAYS},
                {"role": "user", "content": "Are you sure?"},
            ],
        )
        streamed = list(
            client.responses.create(
                model="talker", input="And now?", previous_response_id=second.id, stream=True
            )
        )
        last = streamed[-1]
        assert last.type == "response.completed"
        after = client.responses.create(
            model="talker", input="Still?", previous_response_id=last.response.id
        )

    assert second.previous_response_id == first.id
    assert second.usage is not None
    assert by_hand.usage is not None
    # The instructions of the first question are not those of the second.
    assert second.usage.input_tokens == by_hand.usage.input_tokens
    assert last.response.usage is not None
    assert after.usage is not None
    assert second.usage.input_tokens < last.response.usage.input_tokens < after.usage.input_tokens


def test_earlier_answers_are_read_and_forgotten(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        kept = client.responses.create(model="talker", input=QUESTION)
        unkept = client.responses.create(model="talker", input=QUESTION, store=False)
        again = client.responses.retrieve(kept.id)
        client.responses.delete(kept.id)
        for name in (kept.id, unkept.id, "resp_nobody"):
            with pytest.raises(openai.NotFoundError):
                client.responses.retrieve(name)
            with pytest.raises(openai.BadRequestError) as refused:
                client.responses.create(model="talker", input="And?", previous_response_id=name)
            assert refused.value.code == "previous_response_not_found"

    assert again == kept


def test_a_tool_is_called_and_its_result_told(tmp_path: Path, caller: Path) -> None:
    with openai_room(tmp_path, caller) as (_, client):
        first = client.responses.create(model="caller", input=QUESTION, tools=weather())
        events = list(
            client.responses.create(model="caller", input=QUESTION, tools=weather(), stream=True)
        )
        (call,) = first.output
        assert call.type == "function_call"
        result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "9"}
        second = client.responses.create(
            model="caller", input=[result], previous_response_id=first.id, tools=weather()
        )
        by_hand = client.responses.create(
            model="caller",
            input=[
                {"role": "user", "content": QUESTION},
                {
                    "type": "function_call",
                    "call_id": call.call_id,
                    "name": call.name,
                    "arguments": call.arguments,
                },
                result,
            ],
            tools=weather(),
        )

    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    kinds = [event.type for event in events]
    assert kinds[2:] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert second.usage is not None
    assert by_hand.usage is not None
    assert second.usage.input_tokens == by_hand.usage.input_tokens


def test_shapes_and_calls_are_held_to(tmp_path: Path) -> None:
    babbler = write_llama(tmp_path / "babbler.gguf")
    schema = {
        "type": "object",
        "properties": {"lit": {"type": "boolean"}},
        "required": ["lit"],
        "additionalProperties": False,
    }
    form: Any = {"format": {"type": "json_schema", "name": "lamp", "schema": schema}}
    with openai_room(tmp_path, babbler) as (_, client):
        shaped = client.responses.create(
            model="babbler", input=QUESTION, text=form, max_output_tokens=100
        )
        forced = client.responses.create(
            model="babbler",
            input=QUESTION,
            tools=weather(),
            tool_choice={"type": "function", "name": "weather"},
            max_output_tokens=200,
        )

    assert set(json.loads(shaped.output_text)) == {"lit"}
    (call,) = forced.output
    assert call.type == "function_call"
    assert json.loads(call.arguments)["city"] in {"Oslo", "Rome"}


def test_chances_of_tokens_are_told_where_they_are_wanted(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (_, client):
        told = client.responses.create(
            model="talker",
            input=QUESTION,
            top_logprobs=2,
            include=["message.output_text.logprobs"],
        )
        without = client.responses.create(model="talker", input=QUESTION)

    for answer, most in ((told, 2), (without, 0)):
        (message,) = answer.output
        assert message.type == "message"
        (part,) = message.content
        assert part.type == "output_text"
        tokens = part.logprobs or []
        assert [len(token.top_logprobs) for token in tokens] == [most] * len(tokens)
        assert bool(tokens) is bool(most)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "name": "a"}]}, "input[0]"),
        ({"input": [{"type": "function_call_output", "output": "a"}]}, "input[0].call_id"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            "input[0].content[0].type",
        ),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"metadata": {"a": "b" * 513}}, "metadata[...]"),
        ({"reasoning": {"effort": "heroic"}}, "reasoning.effort"),
    ],
)
def test_what_is_not_here_is_refused_by_its_name(
    tmp_path: Path, talker: Path, changes: dict[str, Any], field: str
) -> None:
    body = {"model": "talker", "input": QUESTION} | changes
    with (
        openai_room(tmp_path, talker) as (_, client),
        pytest.raises(openai.BadRequestError) as refused,
    ):
        client.post("/responses", body=body, cast_to=object)

    assert refused.value.param == field


def test_who_names_a_conversation_is_told_how_to_go_on(tmp_path: Path, talker: Path) -> None:
    body = {"model": "talker", "input": QUESTION, "conversation": "conv_1"}
    with (
        openai_room(tmp_path, talker) as (_, client),
        pytest.raises(openai.BadRequestError, match="Use previous_response_id"),
    ):
        client.post("/responses", body=body, cast_to=object)


def test_only_the_latest_answers_are_kept() -> None:
    kept = KeptResponses(most=3, most_bytes=10_000)
    turn = Message(Role.USER, "x" * 100)
    for number in range(4):
        kept.add(str(number), b"{}", [turn])
    kept.find("1")
    kept.add("4", b"{}", [turn])

    assert [name for name in "01234" if kept.find(name)] == ["1", "3", "4"]

    large = Message(Role.USER, "", pictures=(Picture("image/png", bytes(9_500)),))
    kept.add("large", b"{}", [large])
    assert [name for name in ("1", "3", "4", "large") if kept.find(name)] == ["large"]

    kept.add("too large", b"{}", [large, large])
    assert kept.find("too large") is None
    assert kept.find("large") is None
    kept.add("5", b"{}", [turn])
    assert kept.forget("5")
    assert not kept.forget("5")
