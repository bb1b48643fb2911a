"""What OpenAI-compatible servers tell of their models, what they make of texts, and who they are."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from desktop.backends.openai import OpenAIClient
from desktop.backends.openai_models import MOST_MODELS, is_lm_studio, listed
from desktop.domain.chat import Event
from desktop.domain.connection import ServedModel
from desktop.domain.errors import (
    ConnectionRefused,
    LapisError,
    ModelNotServed,
    NotTrusted,
    OddAnswer,
    Unreachable,
)
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.openai_server import fields_of, piece, stream, value
from tests.harness.scripted_server import Asked, ScriptedServer
from tests.unit.openai_backend_room import collected, question, text_of, with_client


def of_list(*rows: Any) -> tuple[ServedModel, ...]:
    """Return the models of a list."""
    found = listed("tests", {"object": "list", "data": list(rows)})
    assert found is not None
    return found


def test_what_vllm_tells_is_known() -> None:
    row = {"id": "google/gemma", "created": 1700000000, "owned_by": "vllm", "max_model_len": 8192}

    assert of_list(row) == (
        ServedModel("tests", "google/gemma", context=8192, modified=1700000000.0),
    )


def test_what_llama_server_tells_is_known() -> None:
    meta = {"n_ctx_train": 32768, "n_params": 2614341888, "size": 1700000000, "vocab_type": 1}
    (model,) = of_list({"id": "gemma.gguf", "owned_by": "llamacpp", "meta": meta})

    assert (model.context, model.parameters, model.size) == (32768, 2614341888, 1700000000)


def test_what_gateways_tell_is_known() -> None:
    routed = {
        "id": "a/b",
        "context_length": 131072,
        "architecture": {"input_modalities": ["text", "image"]},
        "supported_parameters": ["tools", "temperature"],
    }
    mistral = {
        "id": "c",
        "max_context_length": 32768,
        "capabilities": {"function_calling": True, "vision": False},
    }
    first, second, third, fourth = of_list(
        routed, mistral, {"id": "text-embedding-3"}, {"id": "d", "type": "chat"}
    )

    assert (first.context, first.sees, first.thinks, first.calls_tools) == (
        131072,
        True,
        False,
        True,
    )
    assert (second.context, second.sees, second.thinks) == (32768, False, None)
    assert second.calls_tools is True
    assert [one.embeds for one in (first, third, fourth)] == [None, True, False]


def test_a_list_may_stand_alone() -> None:
    assert listed("tests", [{"id": "a"}]) == (ServedModel("tests", "a"),)


@pytest.mark.parametrize("answer", [{}, {"data": {}}, None, "models", 5, {"error": "no"}])
def test_what_is_no_list_is_none(answer: object) -> None:
    assert listed("tests", answer) is None


@pytest.mark.parametrize(
    "row",
    [
        None,
        "a",
        {},
        {"id": 5},
        {"id": ""},
        {"id": "x" * 1000},
        {"id": "a\nb"},
        {"id": "a\u202eb"},
    ],
)
def test_models_without_a_name_to_speak_of_are_left_out(row: object) -> None:
    assert of_list(row, {"id": "<b>../../a</b>"}) == (ServedModel("tests", "<b>../../a</b>"),)


def test_numbers_and_words_of_the_wrong_kind_count_as_absent() -> None:
    row = {
        "id": "a",
        "created": "yesterday",
        "max_model_len": -5,
        "context_length": 1e300,
        "meta": {"size": True, "n_params": [], "n_ctx_train": float("inf")},
        "architecture": [],
        "capabilities": "all",
        "supported_parameters": 3,
        "type": 7,
        "owned_by": [],
    }

    assert not is_lm_studio({"data": [row]})
    assert of_list(row) == (ServedModel("tests", "a"),)


def test_a_model_is_listed_once_and_not_without_end() -> None:
    rows = [{"id": f"m{number}"} for number in range(MOST_MODELS + 10)]

    assert len(of_list({"id": "m0"}, *rows)) == MOST_MODELS


def test_lm_studio_is_asked_in_its_own_words_too() -> None:
    told = {
        "id": "qwen",
        "type": "vlm",
        "arch": "qwen2_vl",
        "quantization": "Q4_K_M",
        "state": "loaded",
        "max_context_length": 32768,
        "loaded_context_length": 4096,
        "capabilities": ["tool_use"],
    }

    def say(one: Asked) -> Iterable[bytes]:
        if one.path == "/api/v0/models":
            bert = {"id": "bert", "type": "embeddings", "state": "x"}
            return value({"data": [told, {"id": {}}, bert]})
        rows = [{"id": name, "owned_by": "organization_owner"} for name in ("qwen", "bert", "new")]
        return value({"data": rows})

    with ScriptedServer(say) as server:
        qwen, bert, new = with_client(f"{server.address}/v1", OpenAIClient.models)

    assert (qwen.context, qwen.family, qwen.quantisation) == (4096, "qwen2_vl", "Q4_K_M")
    assert (qwen.sees, qwen.calls_tools, qwen.embeds) == (True, True, False)
    assert (bert.embeds, bert.memory) == (True, 0)
    assert new == ServedModel("tests", "new")


@pytest.mark.parametrize("props", [200, 404])
def test_llama_server_is_asked_for_its_real_context(props: int) -> None:
    told = {
        "default_generation_settings": {"n_ctx": 4096},
        "modalities": {"vision": True},
        "chat_template": "{% if tools %}…",
    }

    def say(one: Asked) -> Iterable[bytes]:
        if one.path == "/props":
            return value(told, props)
        return value({"data": [{"id": "a", "owned_by": "llamacpp", "meta": {"n_ctx_train": 9000}}]})

    with ScriptedServer(say) as server:
        model = with_client(f"{server.address}/v1", lambda client: client.details("a"))

    known = (4096, True, True) if props == 200 else (9000, None, None)
    assert (model.context, model.sees, model.calls_tools) == known


def test_a_model_that_is_not_listed_is_not_served() -> None:
    with (
        ScriptedServer(lambda _: value({"data": [{"id": "a"}]})) as server,
        pytest.raises(ModelNotServed, match="gemma"),
    ):
        with_client(f"{server.address}/v1", lambda client: client.details("gemma"))


@pytest.mark.parametrize("said", [{"hello": 1}, [], "no", 5])
def test_an_answer_that_is_no_list_is_odd(said: object) -> None:
    with ScriptedServer(lambda _: value({"data": said})) as server:
        address = f"{server.address}/v1"
        if isinstance(said, list):
            assert with_client(address, OpenAIClient.models) == ()
            return
        with pytest.raises(OddAnswer):
            with_client(address, OpenAIClient.models)


def test_vectors_are_put_in_the_order_of_their_texts() -> None:
    rows = [{"index": 1, "embedding": [2, 0.5]}, {"index": 0, "embedding": [1, 0]}]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    with ScriptedServer(lambda _: value({"data": rows, "usage": usage})) as server:
        told = with_client(f"{server.address}/v1", lambda client: client.embed("m", ["one", "two"]))
        sent = fields_of(server.asked[0])

    assert [vector.tolist() for vector in told.vectors] == [[1.0, 0.0], [2.0, 0.5]]
    assert told.tokens == 7
    assert sent == {"model": "m", "input": ["one", "two"], "encoding_format": "float"}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"index": 0, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": [1]}],
        [{"index": 0, "embedding": ["x"]}, {"index": 1, "embedding": [1]}],
        [{"index": 0, "embedding": [[1]]}, {"index": 1, "embedding": [1]}],
        [{"index": "a", "embedding": [1]}, {"index": 1, "embedding": [1]}],
        [{"index": 0, "embedding": "AAAA"}, 5],
        {"0": [1]},
    ],
)
def test_what_are_no_vectors_is_said_to_be_none(rows: object) -> None:
    with (
        ScriptedServer(lambda _: value({"data": rows})) as server,
        pytest.raises(OddAnswer, match="vectors"),
    ):
        with_client(f"{server.address}/v1", lambda client: client.embed("m", ["one", "two"]))


def tls_failure(certificate: Path) -> LapisError:
    """Return why a server with that certificate is not asked for its models."""
    with ScriptedServer(lambda _: value({"data": []}), certificate) as server:
        with pytest.raises(LapisError) as failed:
            with_client(f"{server.address}/v1", OpenAIClient.models, key="sk-mine")
        assert server.asked == []
    return failed.value


def test_a_server_that_vouches_for_itself_is_not_trusted(tmp_path: Path) -> None:
    error = tls_failure(new_certificate(tmp_path, ["127.0.0.1"]))

    assert isinstance(error, NotTrusted)
    assert "somebody unknown" in str(error.title)


def test_a_server_is_trusted_with_the_certificate_of_the_settings(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["127.0.0.1"], authority)
    with ScriptedServer(lambda _: value({"data": [{"id": "a"}]}), certificate) as server:
        models = with_client(f"{server.address}/v1", OpenAIClient.models, "sk-mine", authority.file)

    assert [model.id for model in models] == ["a"]
    assert server.asked[0].headers["authorization"] == "Bearer sk-mine"


def test_a_secure_line_that_is_cut_in_the_middle_keeps_what_came(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["127.0.0.1"], authority)
    heard: list[Event] = []
    with (
        ScriptedServer(lambda _: stream(piece("Hello"), done=False), certificate) as server,
        pytest.raises(Unreachable),
    ):
        with_client(
            f"{server.address}/v1",
            lambda client: collected(client, question("Hi"), into=heard),
            certificates=authority.file,
        )

    assert text_of(heard) == "Hello"


def test_a_port_without_a_server_refuses() -> None:
    with ScriptedServer(lambda _: ()) as server:
        address = server.address
    with pytest.raises(ConnectionRefused):
        with_client(f"{address}/v1", OpenAIClient.models)
