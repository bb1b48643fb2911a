"""`/v1/chat/completions`, through the real `openai` library, from real models."""

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

from desktop.domain.chat import Sampling, TextDelta
from desktop.domain.settings import Settings
from desktop.services.conversation import Conversations
from desktop.services.manner import nothing_set, settings_for
from tests.gguf_files import CHATML, write_llama
from tests.harness.api_room import installed
from tests.harness.waiting import wait_for
from tests.unit.openai_room import GUIDE, ROUTE, SAYS, asked, joined, openai_room
from tests.unit.store_room import opened


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "talker.gguf", answer=SAYS, stops=True)


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("models") / "babbler.gguf")


def test_an_answer_and_the_same_in_pieces(tmp_path: Path, talker: Path) -> None:
    with openai_room(tmp_path, talker) as (room, client):
        whole = client.chat.completions.create(model="talker", messages=asked())
        with client.chat.completions.create(
            model="talker",
            messages=asked(),
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            chunks = list(stream)
        wait_for(lambda: len(room.accesses) == 2)

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
    for access in room.accesses:
        assert (access.route, access.model, access.status) == (ROUTE, "talker", 200)
        assert access.prompt_tokens == whole.usage.prompt_tokens
        assert access.completion_tokens == whole.usage.completion_tokens


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


def test_minus_one_is_no_limit(tmp_path: Path, talker: Path, babbler: Path) -> None:
    settings = replace(Settings(), sampling=Sampling(max_tokens=2))
    with openai_room(tmp_path, talker, babbler, settings=settings, n_ctx=64) as (_, client):
        usual = client.chat.completions.create(model="talker", messages=asked())
        free = client.chat.completions.create(
            model="talker", messages=asked(), max_tokens=-1, extra_body={"top_k": -1}
        )
        text = client.completions.create(model="babbler", prompt="The", max_tokens=-1)

    assert usual.choices[0].finish_reason == "length"
    assert free.choices[0].finish_reason == "stop"
    assert free.choices[0].message.content == SAYS
    assert text.usage is not None
    assert text.usage.completion_tokens > 16


def test_minus_one_is_no_seed(tmp_path: Path, babbler: Path) -> None:
    settings = replace(Settings(), sampling=Sampling(temperature=1.0, seed=5))
    with openai_room(tmp_path, babbler, settings=settings) as (_, client):
        said = {
            seed: {
                client.completions.create(
                    model="babbler", prompt="The", max_tokens=24, extra_body={"seed": seed}
                )
                .choices[0]
                .text
                for _ in range(3)
            }
            for seed in (None, 7, -1)
        }

    assert {seed: len(texts) for seed, texts in said.items()} == {None: 1, 7: 1, -1: 3}


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
    assert tokens_of(chunks) == [token.token for token in told.content]
    assert without.choices[0].logprobs is None


def test_no_chances_are_told_of_what_ended_the_answer(tmp_path: Path, talker: Path) -> None:
    options: dict[str, Any] = {"logprobs": True, "stop": [" lamps"]}
    with openai_room(tmp_path, talker) as (_, client):
        whole = client.chat.completions.create(model="talker", messages=asked(), **options)
        chunks = list(
            client.chat.completions.create(model="talker", messages=asked(), stream=True, **options)
        )

    told = whole.choices[0].logprobs
    assert told is not None
    tokens = [token.token for token in told.content or ()]
    assert whole.choices[0].message.content == "The harbour has nine"
    # The last token may reach into the text that ended the answer, and none comes after it.
    assert "".join(tokens[:-1]).strip() in "The harbour has nine" in "".join(tokens)
    assert tokens_of(chunks) == tokens


def tokens_of(chunks: Sequence[Any]) -> list[str]:
    return [
        token.token
        for chunk in chunks
        for choice in chunk.choices
        if choice.logprobs is not None
        for token in choice.logprobs.content or ()
    ]


def test_sampling_is_the_clients_where_it_says_so_and_the_models_where_not(
    tmp_path: Path, babbler: Path
) -> None:
    with openai_room(tmp_path, babbler) as (_, client):

        def say(**options: Any) -> str | None:
            limited = {"max_tokens": 8} | options
            answer = client.chat.completions.create(model="babbler", messages=asked(), **limited)
            text: str | None = answer.choices[0].message.content
            return text

        greedy = say(temperature=0)
        first = say(temperature=1, top_p=1, seed=3)
        others = [
            say(temperature=1, top_p=1, seed=4),
            say(temperature=1, top_p=0.05, seed=3),
            say(temperature=1, top_p=1, seed=3, extra_body={"top_k": 1}),
            say(temperature=1, top_p=1, seed=3, extra_body={"min_p": 0.9}),
            say(temperature=0, extra_body={"repeat_penalty": 3.0}),
        ]
        # Longer, for a word has to come again before it is held against it.
        long = {"temperature": 0, "max_tokens": 48}
        by_penalties = {
            say(**long),
            say(**long, frequency_penalty=2),
            say(**long, presence_penalty=1.5),
        }
        by_bias = say(temperature=0, logit_bias={"300": 100})
        again = say(temperature=1, top_p=1, seed=3)

    assert first == again
    assert greedy == others[2]
    assert first not in others[:4]
    assert by_bias != greedy
    assert len(by_penalties) == 3


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


def test_thinking_comes_beside_the_answer_and_goes_back_with_it(tmp_path: Path) -> None:
    said = f"<think>Nine of them, I count.</think>{SAYS}"
    thinker = write_llama(tmp_path / "thinker.gguf", answer=said, stops=True)
    with openai_room(tmp_path, thinker) as (_, client):
        whole = client.chat.completions.create(model="thinker", messages=asked(), logprobs=True)
        chunks = list(
            client.chat.completions.create(
                model="thinker", messages=asked(), stream=True, logprobs=True
            )
        )

    message = whole.choices[0].message
    assert message.content == SAYS
    assert message.model_dump()["reasoning_content"] == "Nine of them, I count."
    thought = [c.choices[0].delta.model_dump().get("reasoning_content") or "" for c in chunks]
    assert "".join(thought) == "Nine of them, I count."
    assert joined(chunks) == SAYS
    # Chances are told of what was said, and of nothing before it.
    told = whole.choices[0].logprobs
    assert told is not None
    tokens = [token.token for token in told.content or ()]
    assert "".join(tokens).strip().endswith(SAYS)
    assert "count" not in "".join(tokens)
    assert tokens_of(chunks) == tokens


def test_a_model_that_thinks_first_gives_a_shape_at_once(tmp_path: Path) -> None:
    opens = "{{ '<|im_start|>assistant\n<think>\n' }}"
    template = CHATML.replace("{{ '<|im_start|>assistant\n' }}", opens)
    thinker = write_llama(tmp_path / "thinker.gguf", template=template)
    schema = {"type": "object", "properties": {"lit": {"type": "boolean"}}, "required": ["lit"]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "lamp", "schema": schema}}
    with openai_room(tmp_path, thinker) as (_, client):
        shaped = client.chat.completions.create(
            model="thinker",
            messages=asked(),
            max_tokens=200,
            response_format=form,
        )
        free = client.chat.completions.create(model="thinker", messages=asked(), max_tokens=8)

    assert opens in template
    assert isinstance(json.loads(shaped.choices[0].message.content or "")["lit"], bool)
    assert free.choices[0].message.model_dump()["reasoning_content"]
