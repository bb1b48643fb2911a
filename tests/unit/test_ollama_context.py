"""Ollama's context window: asked for with every question, and never cut in silence."""

from dataclasses import replace

import pytest

from desktop.backends.ollama import OllamaClient
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.errors import ContextOverflow
from tests.harness.ollama import OllamaServer
from tests.unit.ollama_room import GEMMA, LONG, SKY, ask, body, client_of


@pytest.mark.parametrize(
    ("wanted", "trained", "set_there", "sent"),
    [
        (6000, 131_072, 0, 6000),
        (200_000, 131_072, 0, 131_072),
        (0, 131_072, 0, 8192),
        (0, 2048, 0, 2048),
        (0, 131_072, 16_384, 16_384),
        (6000, 131_072, 16_384, 6000),
    ],
)
def test_the_context_is_the_one_wanted_or_set_there_or_what_lapis_takes(
    loop: ServerLoop, wanted: int, trained: int, set_there: int, sent: int
) -> None:
    model = replace(GEMMA, context=trained, own_context=set_there)
    with OllamaServer([model]) as ollama:
        client = client_of(ollama.address)

        ask(loop, client, n_ctx=wanted)

        assert body(ollama)["options"]["num_ctx"] == sent
        assert ollama.loaded == {model: sent}
        loop.run(client.close(), 10)


def test_a_conversation_that_does_not_fit_is_refused_and_not_cut(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    error = ask(loop, client, ChatRequest((*LONG, SKY)), n_ctx=512).error()

    assert isinstance(error, ContextOverflow)
    assert str(error.title) == "The text is too long for the context of this model at Ollama"


@pytest.mark.parametrize(
    "request_", [ChatRequest((*LONG, SKY)), ChatRequest(prompt="word " * 2000)]
)
def test_where_an_older_ollama_cuts_it_is_said(loop: ServerLoop, request_: ChatRequest) -> None:
    with OllamaServer([GEMMA], version="0.5.1", always_cuts=True) as ollama:
        client = client_of(ollama.address)

        heard = ask(loop, client, request_, n_ctx=512)

        assert heard.text
        [notice] = heard.notices
        assert "left out the beginning of the conversation" in notice
        assert "512 tokens" in notice
        assert f"read {heard.usage().prompt_tokens}" in notice
        loop.run(client.close(), 10)


def test_what_fits_is_not_said_to_be_cut(loop: ServerLoop) -> None:
    with OllamaServer([GEMMA], version="0.12.3", always_cuts=True) as ollama:
        client = client_of(ollama.address)
        thoughtful = [replace(turn, reasoning="thought " * 500) for turn in LONG]

        heard = ask(loop, client, ChatRequest((*thoughtful, SKY)), n_ctx=4096)

        assert heard.notices == []
        loop.run(client.close(), 10)


def test_chinese_that_was_cut_is_noticed(loop: ServerLoop) -> None:
    with OllamaServer([GEMMA], version="0.12.3", always_cuts=True) as ollama:
        client = client_of(ollama.address)

        # One piece without spaces, which the stand-in counts as a single token.
        heard = ask(loop, client, ChatRequest((Message(Role.USER, "天空为什么是蓝色的" * 400),)))

        assert len(heard.notices) == 1
        loop.run(client.close(), 10)


FULL = ChatRequest((Message(Role.USER, "word " * 508),))


def test_a_prompt_that_fills_the_context_is_said_to_be_cut(loop: ServerLoop) -> None:
    with OllamaServer([GEMMA], version="0.12.3", always_cuts=True) as ollama:
        client = client_of(ollama.address)

        assert len(ask(loop, client, FULL, n_ctx=512).notices) == 1
        assert ask(loop, client, FULL, n_ctx=513).notices == []
        assert ollama.asked("/api/version") == []
        loop.run(client.close(), 10)


@pytest.mark.parametrize("version", ["0.3.14", "0.30.1", "0.33.3", "strange"])
def test_a_count_without_what_was_cached_proves_nothing(loop: ServerLoop, version: str) -> None:
    with OllamaServer([GEMMA], version=version, cached=500, counts_new_only=True) as ollama:
        client = client_of(ollama.address)

        heard = ask(loop, client, FULL, n_ctx=4096)

        assert heard.usage().prompt_tokens == 12
        assert heard.notices == []
        loop.run(client.close(), 10)


@pytest.mark.parametrize("version", ["0.3.14", "0.30.1", "0.33.3"])
def test_what_cannot_have_fitted_was_cut_whatever_is_counted(
    loop: ServerLoop, version: str
) -> None:
    cuts = OllamaServer(
        [GEMMA], version=version, always_cuts=True, cached=100, counts_new_only=True
    )
    with cuts as ollama:
        client = client_of(ollama.address)

        assert len(ask(loop, client, ChatRequest((*LONG, SKY)), n_ctx=512).notices) == 1
        loop.run(client.close(), 10)


def test_tokens_from_the_cache_are_counted_apart(loop: ServerLoop) -> None:
    with OllamaServer([GEMMA], cached=500) as ollama:
        client = client_of(ollama.address)

        heard = ask(loop, client, FULL, n_ctx=4096)

        usage = heard.usage()
        assert (usage.prompt_tokens, usage.cached_tokens) == (512, 500)
        assert usage.prefill_tps == 24.0
        assert heard.notices == []
        loop.run(client.close(), 10)


def test_a_count_with_what_was_cached_is_believed(loop: ServerLoop) -> None:
    # Cut to 105 tokens, which is far less than half of the context.
    turns = (Message(Role.USER, "word " * 420), Message(Role.ASSISTANT, "word " * 101), SKY)
    with OllamaServer([GEMMA], always_cuts=True, cached=0) as ollama:
        client = client_of(ollama.address)

        heard = ask(loop, client, ChatRequest(turns), n_ctx=512)

        assert heard.usage().prompt_tokens == 114
        assert len(heard.notices) == 1
        loop.run(client.close(), 10)
