"""Programs beside somebody in front of the window, on one engine: the person is not kept waiting."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from desktop.domain.chat import ChatRequest, Sampling
from tests.gguf_files import write_llama
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, question
from tests.unit.openai_room import asked, openai_room

CLIENTS = 4


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("models") / "endless.gguf", context_length=65_536)


@contextmanager
def programs(client: OpenAI) -> Iterator[list[str]]:
    """Have programs ask for answers without end until the block ends; give what they read."""
    read: list[str] = []

    def ask(number: int) -> None:
        stream = client.chat.completions.create(
            model="endless", messages=asked(f"Number {number}"), max_tokens=60_000, stream=True
        )
        with stream:
            for chunk in stream:
                read.extend(choice.delta.content or "" for choice in chunk.choices)
                if ended.is_set():
                    return

    ended = threading.Event()
    with ExitStack() as stack:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(ended.set)
        yield read


def test_a_person_is_answered_while_programs_are_and_others_of_them_wait(
    tmp_path: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[ChatRequest] = []
    with (
        openai_room(tmp_path, endless, slots=2, n_ctx=65_536, is_shared=True) as (room, client),
        monkeypatch.context() as patched,
    ):
        ask = room.engine.ask

        def counted(request: ChatRequest, *rest: Any) -> int:
            came.append(request)
            return ask(request, *rest)

        patched.setattr(room.engine, "ask", counted)
        with programs(client) as read:
            wait_for(lambda: read and len(came) == CLIENTS, 30, "words of programs")
            answer = Answer()
            ask(question("Hello", Sampling(max_tokens=20)), answer.take)
            assert answer.wait().text
            assert not room.accesses, "a program's answer has ended"
