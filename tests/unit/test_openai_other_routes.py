"""`/v1/models`, `/v1/completions` and `/v1/embeddings`, through the real `openai` library."""

import base64
from array import array
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.gguf_files import write_bert, write_llama
from tests.unit.openai_room import SAYS, asked, openai_room


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "talker.gguf", answer=SAYS, stops=True)


def test_models_are_listed_by_the_names_that_requests_take(tmp_path: Path, talker: Path) -> None:
    bert = write_bert(tmp_path / "vectors.gguf")
    with openai_room(tmp_path, talker, bert, guide=True, n_ctx=512) as (_, client):
        listed = {model.id: model for model in client.models.list()}
        slashed: Any = client.get("/models/", cast_to=object)
        one = client.models.retrieve("vectors")
        with pytest.raises(openai.NotFoundError) as refused:
            client.models.retrieve("nobody")
        client.chat.completions.create(model="talker", messages=asked())
        loaded = client.models.retrieve("talker")

    assert set(listed) == {"guide", "talker", "vectors"}
    assert [model["id"] for model in slashed["data"]] == list(listed)
    assert one == listed["vectors"]
    assert one.owned_by == "lapis"
    assert one.created == int(bert.stat().st_mtime)
    assert refused.value.code == "model_not_found"
    assert "max_model_len" not in one.model_dump()
    assert loaded.model_dump()["max_model_len"] == 512


def test_a_text_is_continued_as_it_stands(tmp_path: Path, talker: Path) -> None:
    prompt = "The harbour has"
    with openai_room(tmp_path, talker) as (_, client):
        whole = client.completions.create(model="talker", prompt=prompt, max_tokens=4, seed=1)
        echoed = client.completions.create(
            model="talker", prompt=prompt, max_tokens=4, seed=1, echo=True
        )
        chunks = list(
            client.completions.create(
                model="talker",
                prompt=prompt,
                max_tokens=4,
                seed=1,
                echo=True,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        usual = client.completions.create(model="talker", prompt=prompt, stop="§")
        mark = client.completions.create(model="talker", prompt="<|im_start|>", max_tokens=1)
        no_mark = client.completions.create(model="talker", prompt="<|im_stark|>", max_tokens=1)

    text = whole.choices[0].text
    assert whole.object == "text_completion"
    assert whole.choices[0].finish_reason == "length"
    assert text
    assert echoed.choices[0].text == prompt + text
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == prompt + text
    assert chunks[-1].usage == whole.usage or chunks[-1].usage is not None
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 4
    assert usual.usage is not None
    assert usual.usage.completion_tokens <= 16
    assert mark.usage is not None
    assert no_mark.usage is not None
    assert mark.usage.prompt_tokens < no_mark.usage.prompt_tokens


def test_several_texts_are_continued_side_by_side(tmp_path: Path, talker: Path) -> None:
    options: dict[str, Any] = {"max_tokens": 5, "seed": 4, "temperature": 1.0}
    with openai_room(tmp_path, talker) as (_, client):
        both = client.completions.create(
            model="talker", prompt=["one two", "three"], n=2, **options
        )
        chunks = list(
            client.completions.create(
                model="talker", prompt=["one two", "three"], n=2, stream=True, **options
            )
        )
        alone = client.completions.create(model="talker", prompt="three", **options)

    assert [choice.index for choice in both.choices] == [0, 1, 2, 3]
    assert both.choices[2].text == alone.choices[0].text
    for choice in both.choices:
        pieces = [
            one.text for chunk in chunks for one in chunk.choices if one.index == choice.index
        ]
        assert "".join(pieces) == choice.text
    assert both.usage is not None
    assert both.usage.completion_tokens == 20


def test_chances_of_a_continued_text_stand_side_by_side(tmp_path: Path, talker: Path) -> None:
    options: dict[str, Any] = {"model": "talker", "prompt": "The", "max_tokens": 4, "logprobs": 2}
    with openai_room(tmp_path, talker) as (_, client):
        whole = client.completions.create(**options, seed=1)
        chunks = list(client.completions.create(**options, seed=1, stream=True))

    told = whole.choices[0].logprobs
    assert told is not None
    assert "".join(told.tokens or ()) == whole.choices[0].text
    assert [len(top) for top in told.top_logprobs or ()] == [2, 2, 2, 2]
    assert len(told.token_logprobs or ()) == 4
    assert (told.text_offset or [])[:2] == [0, len((told.tokens or [])[0])]
    streamed = [c.choices[0].logprobs for c in chunks if c.choices[0].logprobs]
    assert [token for part in streamed for token in part.tokens or ()] == told.tokens
    assert [at for part in streamed for at in part.text_offset or ()] == told.text_offset


def test_the_middle_of_a_text_is_filled_in_by_models_that_can(tmp_path: Path, talker: Path) -> None:
    marks = {f"tokenizer.ggml.fim_{name}_token_id": 3 for name in ("pre", "suf", "mid")}
    coder = write_llama(tmp_path / "coder.gguf", extra=marks)
    with openai_room(tmp_path, coder, talker) as (_, client):
        filled = client.completions.create(
            model="coder", prompt="def f(", suffix="    return 1", max_tokens=4
        )
        plain = client.completions.create(model="coder", prompt="def f(", max_tokens=4)
        with pytest.raises(openai.BadRequestError, match="middle of a text"):
            client.completions.create(model="talker", prompt="def f(", suffix="return")

    assert filled.usage is not None
    assert plain.usage is not None
    assert filled.usage.prompt_tokens > plain.usage.prompt_tokens


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1, 2], [3]]}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a"] * 9}, "prompt"),
        ({"prompt": ["a"] * 3, "n": 3}, "prompt"),
        ({"best_of": 3}, "best_of"),
        ({"logprobs": 21}, "logprobs"),
        ({"echo": True, "logprobs": 1}, "logprobs"),
        ({"echo": True, "suffix": "b"}, "echo"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_texts_that_cannot_be_continued_are_refused(
    tmp_path: Path, talker: Path, changes: dict[str, Any], field: str
) -> None:
    body = {"model": "talker", "prompt": "a"} | changes
    with (
        openai_room(tmp_path, talker) as (_, client),
        pytest.raises(openai.BadRequestError) as refused,
    ):
        client.post("/completions", body=body, cast_to=object)

    assert refused.value.param == field


def test_texts_become_vectors_as_numbers_and_in_base64(tmp_path: Path, talker: Path) -> None:
    bert = write_bert(tmp_path / "vectors.gguf")
    texts = ["hello there", "how are you", "hello there"]
    with openai_room(tmp_path, talker, bert) as (room, client):
        # The library asks for base64 where nothing is said, and reads it itself.
        usual = client.embeddings.create(model="vectors", input=texts)
        plain = client.embeddings.create(model="vectors", input=texts, encoding_format="float")
        packed = client.embeddings.create(model="vectors", input=texts[1], encoding_format="base64")
        short = client.embeddings.create(
            model="vectors", input=texts[0], dimensions=16, encoding_format="float"
        )
        alone = client.embeddings.create(model="vectors", input=texts[1])
        direct = room.engine.embed(texts)

    vectors = [entry.embedding for entry in plain.data]
    assert [entry.index for entry in plain.data] == [0, 1, 2]
    assert vectors[0] == vectors[2] != vectors[1]
    assert vectors == [list(vector) for vector in direct.rows]
    assert [entry.embedding for entry in usual.data] == vectors
    assert alone.data[0].embedding == vectors[1]
    numbers = array("f")
    numbers.frombytes(base64.b64decode(str(packed.data[0].embedding)))
    assert list(numbers) == vectors[1]
    assert len(short.data[0].embedding) == 16
    assert plain.usage.prompt_tokens == plain.usage.total_tokens == direct.tokens
    assert direct.tokens > alone.usage.prompt_tokens > 0
    assert sum(x * x for x in short.data[0].embedding) == pytest.approx(1.0, abs=1e-5)


def test_what_cannot_become_a_vector_is_refused(tmp_path: Path, talker: Path) -> None:
    bert = write_bert(tmp_path / "vectors.gguf")
    bodies: list[tuple[dict[str, Any], str | None]] = [
        ({"model": "vectors", "input": [1, 2]}, "input"),
        ({"model": "vectors", "input": []}, "input"),
        ({"model": "vectors", "input": ["a"] * 2049}, "input"),
        ({"model": "vectors", "input": {"a": 1}}, "input"),
        ({"model": "vectors", "input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"model": "vectors", "input": "a", "dimensions": 65}, "dimensions"),
        ({"model": "talker", "input": "a"}, None),
    ]
    named = []
    with openai_room(tmp_path, talker, bert) as (_, client):
        for body, _field in bodies:
            with pytest.raises(openai.BadRequestError) as refused:
                client.post("/embeddings", body=body, cast_to=object)
            named.append((body, refused.value.param))

    assert named == bodies
