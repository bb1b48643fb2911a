"""Counted is what is read: prompts counted beforehand, by the engine's own hands."""

import queue
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.chat import ChatRequest, Message, Role, Sampling, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import ContextOverflow, Defect, LapisError, TemplateError
from desktop.inference.counting import Counting
from desktop.inference.messages import Count, Counted, Generate, Turn
from desktop.services.engine import Engine
from tests import gguf_files
from tests.chat_templates import GEMMA3, GPT_OSS, LLAMA3, MISTRAL11, QWEN3
from tests.unit.engine_child import GREEDY as SAMPLING
from tests.unit.engine_room import WAIT_SECONDS, engine_room, model_at, question
from tests.unit.engine_stubs import play

Outcome = tuple[int, ...] | LapisError | None

BRIEF = Sampling(temperature=0, max_tokens=1)
SAID = (
    Message(Role.SYSTEM, "Answer in one word. 请简短回答。"),
    Message(Role.USER, "Where does the sun rise?"),
    Message(Role.ASSISTANT, "In the east, <|im_end|> as they say.", reasoning="It turns."),
    Message(Role.USER, "notes.txt:\n\n```\n一二三\tdef f():\n    return 1\n```\n\n那么月亮呢？🌙"),
)


def counted(engine: Engine, requests: Sequence[ChatRequest]) -> Outcome:
    heard: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    engine.count(requests, heard.put)
    return heard.get(timeout=WAIT_SECONDS)


@pytest.mark.parametrize("template", [gguf_files.CHATML, QWEN3, LLAMA3, MISTRAL11, GEMMA3, GPT_OSS])
@pytest.mark.parametrize("vocabulary", ["llama", "gpt2"])
def test_a_count_is_what_the_answer_says_was_read(
    tmp_path: Path, template: str, vocabulary: str
) -> None:
    model = gguf_files.write_llama(
        tmp_path / "m.gguf",
        template=template,
        vocabulary="gpt2" if vocabulary == "gpt2" else "llama",
        context_length=4096,
    )
    requests = [ChatRequest(SAID, BRIEF), question("月亮 and the moon", BRIEF)]
    requests += [replace(requests[0], thinking=False), replace(requests[0], messages=SAID[1:])]
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        told = counted(room.engine, requests)
        read = [room.ask(each).wait().finished.usage.prompt_tokens for each in requests]
    assert told == tuple(read)


def test_a_model_without_a_template_and_gemma_are_counted_alike(tmp_path: Path) -> None:
    for model in (
        gguf_files.write_gemma2(tmp_path / "gemma.gguf"),
        gguf_files.write_llama(tmp_path / "base.gguf", template=None),
        gguf_files.write_recurrent(tmp_path / "mamba.gguf"),
    ):
        with engine_room(tmp_path, model) as room:
            room.until(Phase.READY)
            told = counted(room.engine, [ChatRequest(SAID, BRIEF)])
            answer = room.ask(ChatRequest(SAID, BRIEF)).wait()
        assert told == (answer.finished.usage.prompt_tokens,)


def test_what_does_not_fit_is_counted_and_what_is_absurd_is_not(tmp_path: Path) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", context_length=512)
    with engine_room(tmp_path, model, n_ctx=512) as room:
        room.until(Phase.READY)
        (told,) = counted(room.engine, [question("word " * 600, BRIEF)])  # type: ignore[misc]
        refused = room.ask(question("word " * 600, BRIEF)).wait().failed.error
        assert f"{told:,}" in str(refused.title)
        assert isinstance(counted(room.engine, [question("x" * 40_000)]), ContextOverflow)


def test_nothing_is_loaded_to_be_counted(tmp_path: Path) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf")
    with engine_room(tmp_path) as room:
        assert counted(room.engine, [question("a")]) is None
        assert room.engine.engine_pid() is None
        room.engine.choose(model_at(model))
        room.until(Phase.READY)
        room.engine.unload()
        room.until(Phase.IDLE)
        assert counted(room.engine, [question("a")]) is None
        assert room.engine.engine_pid() is None
    assert counted(room.engine, [question("a")]) is None


def test_counts_come_while_an_answer_is_written_and_change_nothing_in_it(tmp_path: Path) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", context_length=4096)
    long = question("Go on", Sampling(temperature=0, max_tokens=400))
    with engine_room(tmp_path, model) as room:
        alone = room.ask(long).wait()
        heard: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        asked = 0

        def count_some(event: object) -> None:
            nonlocal asked
            if isinstance(event, TextDelta) and asked < 20:
                room.engine.count([ChatRequest(SAID)], heard.put, purpose=asked)
                asked += 1

        beside = room.ask(long, count_some).wait()
        outcomes = [heard.get(timeout=WAIT_SECONDS) for _ in range(asked)]
    assert beside.text == alone.text
    assert asked
    assert len(set(outcomes)) == 1
    assert isinstance(outcomes[0], tuple)


def test_a_newer_count_takes_the_place_of_one_that_waits(tmp_path: Path) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf")
    heard: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()
    with engine_room(tmp_path, model) as room:
        room.stand_still()
        room.engine.count([question("a")], lambda told: heard.put(("older", told)))
        room.engine.count([question("b")], lambda told: heard.put(("other", told)), purpose=1)
        room.engine.count([question("c d e")], lambda told: heard.put(("newer", told)))
        assert heard.get(timeout=WAIT_SECONDS) == ("older", None)
        room.engine.unload()
        rest = {heard.get(timeout=WAIT_SECONDS) for _ in range(2)}
    assert rest == {("other", None), ("newer", None)}


def test_a_template_that_refuses_says_so(tmp_path: Path) -> None:
    broken = "{{ raise_exception('not today') }}"
    model = gguf_files.write_llama(tmp_path / "m.gguf", template=broken)
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        assert isinstance(counted(room.engine, [question("a")]), TemplateError)


def test_a_model_that_a_count_brought_down_is_not_asked_for_counts_again(tmp_path: Path) -> None:
    hanging = (
        "{% if messages[0]['content'] == 'hang' %}"
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"
        + gguf_files.CHATML
    )
    model = gguf_files.write_llama(tmp_path / "m.gguf", template=hanging)
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        assert counted(room.engine, [question("hang")]) is None
        room.until(Phase.IDLE)
        room.ask(question("good", BRIEF)).wait()
        assert counted(room.engine, [question("good")]) is None
        room.engine.choose(model_at(model))
        room.until(Phase.READY)
        assert isinstance(counted(room.engine, [question("good")]), tuple)


def test_between_two_steps_one_prompt_is_counted_and_no_more() -> None:
    seen: list[int] = []

    def count(order: Generate) -> int:
        seen.append(order.id)
        return len(order.turns[0].content)

    def ordered(number: int, purpose: int, *texts: str) -> Count:
        orders = [Generate(number, [Turn("user", text)], SAMPLING, 0, []) for text in texts]
        return Count(number, purpose, orders)

    counting = Counting(count)
    counting.take(ordered(1, 0, "a", "bb"))
    assert counting.step() is None
    counting.take(ordered(2, 0, "a", "bb", "ccc"))
    counting.take(ordered(3, 1, "dddd"))
    assert [counting.step() for _ in range(4)] == [
        None,
        None,
        Counted(2, [1, 2, 3]),
        Counted(3, [4]),
    ]
    assert seen == [1, 2, 2, 2, 3]
    assert not counting


@pytest.mark.parametrize("tokens", [[], [1, 2], [-1], [2**40]])
def test_a_child_that_lies_about_counts_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokens: list[int]
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    play(
        monkeypatch,
        f"""
        ready(CPU)
        load()
        loaded()
        count = serve()
        out(Counted(id=count.id + 7, tokens=[3]), Counted(id=count.id, tokens={tokens}))
        out(Counted(id=count.id, tokens=[5]))
        wait_for_ever()
        """,
    )
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        assert isinstance(counted(room.engine, [question("a")]), Defect)
