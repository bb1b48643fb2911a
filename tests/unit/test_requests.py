"""What a request may ask for, answered by real llama.cpp."""

import json
import math
import os
from array import array
from collections.abc import Callable
from pathlib import Path

import gguf
import msgspec
import numpy as np
import pytest

from desktop.backends.process import Death
from desktop.backends.wire import generate_command
from desktop.domain.chat import ChatRequest, Message, Role, Sampling, alternatives
from desktop.inference import messages
from desktop.inference.messages import (
    Adapter,
    Embed,
    Embedded,
    Logprobs,
    RawLoop,
    RawLooped,
    Refused,
)
from tests.gguf_files import (
    write_adapter,
    write_bert,
    write_gemma2,
    write_llama,
    write_recurrent,
)
from tests.unit.engine_child import GREEDY, Child, engine_child

ANSWER = "The harbour lights were counted twice, and nobody could say which was right."
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "done": {"type": "boolean"}},
        "required": ["count", "done"],
        "additionalProperties": False,
    }
)


def sampled(**changes: object) -> messages.Sampling:
    warm = messages.Sampling(
        temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=7
    )
    return msgspec.structs.replace(warm, **changes)


@pytest.fixture
def babbler(tmp_path: Path) -> Path:
    return write_llama(tmp_path / "babble.gguf")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"top_k": 5},
        {"top_p": 0.5},
        {"min_p": 0.2},
        {"repeat_penalty": 1.3},
        {"frequency_penalty": 0.5},
        {"presence_penalty": 0.5},
        {"mirostat": 1},
        {"mirostat": 2},
        {"dry_multiplier": 0.8},
        {"xtc_probability": 0.5},
    ],
    ids=str,
)
def test_the_same_seed_gives_the_same_answer(
    tmp_path: Path, babbler: Path, changes: dict[str, object]
) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        one, _ = child.ask("hello", sampling=sampled(**changes))
        two, _ = child.ask("hello", sampling=sampled(**changes))
        other, _ = child.ask("hello", sampling=sampled(**changes, seed=8))

    assert one == two
    assert one != other


def test_penalties_keep_a_model_from_repeating_itself(tmp_path: Path, babbler: Path) -> None:
    strict = sampled(
        temperature=0.0, presence_penalty=2.0, frequency_penalty=2.0, repeat_penalty=1.5
    )
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        usual, _ = child.ask("x", max_tokens=60)
        punished, _ = child.ask("x", max_tokens=60, sampling=strict)

    assert len(set(punished.split())) > len(set(usual.split()))


def test_a_bias_decides_the_token(tmp_path: Path, babbler: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        _, first = child.ask("hello", max_tokens=1)
        child.start("hello", max_tokens=3, logprobs=2)
        chosen = child.next_of(Logprobs)
        assert isinstance(chosen, Logprobs)
        biased, _ = child.ask(
            "hello", max_tokens=3, sampling=sampled(temperature=0.0, logit_bias=[(300, 100.0)])
        )
        unknown, _ = child.ask(
            "hello", max_tokens=3, sampling=sampled(temperature=0.0, logit_bias=[(10**6, 100.0)])
        )

    words = biased.split()
    assert len(set(words)) == 1 or len(set(biased)) <= len(biased) // 2
    assert unknown != biased
    assert first.completion_tokens == 1


def test_log_probabilities_name_the_chosen_token_and_its_rivals(
    tmp_path: Path, babbler: Path
) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        request = child.start("hello", max_tokens=4, logprobs=3)
        seen: list[Logprobs] = []
        while True:
            report = child.next()
            if isinstance(report, Logprobs):
                seen.append(report)
            if isinstance(report, messages.Done):
                break

    assert [report.id for report in seen] == [request] * 4
    for report in seen:
        assert [entry.logprob for entry in report.top] == sorted(
            (entry.logprob for entry in report.top), reverse=True
        )
        assert report.chosen == report.top[0]
        assert sum(math.exp(entry.logprob) for entry in report.top) <= 1.000001


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-45, 1e38])
def test_no_number_brings_the_engine_down(tmp_path: Path, babbler: Path, value: float) -> None:
    orders: list[dict[str, object]] = [
        {name: value}
        for name in (
            "temperature",
            "top_p",
            "min_p",
            "repeat_penalty",
            "frequency_penalty",
            "presence_penalty",
            "dry_multiplier",
            "xtc_probability",
        )
    ]
    every_token = [(token, value) for token in range(rows_of(babbler))]
    orders += [
        {"mirostat": 1, "mirostat_tau": value},
        {"mirostat": 2, "mirostat_eta": value},
        {"dry_multiplier": 0.8, "dry_base": value},
        {"xtc_probability": 1.0, "xtc_threshold": value},
        {"logit_bias": every_token},
        {"mirostat": 2, "logit_bias": every_token},
        {"top_k": 40, "top_p": 0.5, "logit_bias": every_token},
        {"top_k": 2**62, "seed": -(2**62), "mirostat": 7},
    ]
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        for order in orders:
            child.start("hello", sampling=sampled(**order), max_tokens=3, logprobs=10**9)
            while not isinstance(report := child.next(), messages.Done | Refused):
                assert not isinstance(report, Death), (order, report)
        _, done = child.ask("hello", max_tokens=3)

    assert done.completion_tokens == 3


def test_a_request_that_waits_can_be_stopped(tmp_path: Path, babbler: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler, slots=1)
        running = child.start("hello", max_tokens=400)
        waiting = child.start("hello", sampling=sampled(grammar_kind="json_schema", grammar=SCHEMA))
        child.cancel(waiting)
        _, stopped = child.until_end(waiting)
        child.cancel(running)
        child.until_end(running)

    assert stopped.reason == "stopped"
    assert stopped.completion_tokens == 0


@pytest.mark.parametrize("spare", [0, 1, 2])
def test_a_prompt_may_fill_the_context_but_for_one_token(
    tmp_path: Path, babbler: Path, spare: int
) -> None:
    with engine_child(tmp_path / "engine") as child:
        loaded = child.load(babbler, draft_tokens=3)
        _, one = child.ask(prompt="a", max_tokens=1)
        words = "a" * (loaded.n_ctx - 1 - one.prompt_tokens - spare + 1)
        for text in (words, words + "a", words + "aa", words + "aaa"):
            child.start(prompt=text, max_tokens=0)
            while not isinstance(report := child.next(), messages.Done | Refused):
                assert not isinstance(report, Death), report
            if isinstance(report, messages.Done):
                assert report.prompt_tokens + report.completion_tokens == loaded.n_ctx
            else:
                assert report.kind == "overflow"


def test_a_raw_prompt_is_continued_as_it_stands(tmp_path: Path, babbler: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        _, plain = child.ask(prompt="one two three")
        _, control = child.ask(prompt="<|im_start|>user", prompt_special=True)
        _, text = child.ask(prompt="<|im_start|>user")

    assert plain.prompt_tokens < 12
    assert control.prompt_tokens < text.prompt_tokens


def test_infill_is_refused_by_a_model_that_knows_none(tmp_path: Path, babbler: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        child.start(prompt="def f(", suffix="    return 1")
        refused = child.next_of(Refused)

    assert isinstance(refused, Refused)
    assert refused.kind == "no_infill"


def test_several_answers_to_one_question_share_its_prompt(tmp_path: Path, babbler: Path) -> None:
    question = "How many lamps were lit along the harbour last night, and who counted them? " * 3
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler, n_ctx=1024)
        requests = [
            child.start(question, sampling=sampled(seed=seed), max_tokens=8) for seed in (1, 2, 3)
        ]
        ends: dict[int, messages.Done] = {}
        while len(ends) < len(requests):
            report = child.next_of(messages.Done)
            assert isinstance(report, messages.Done)
            ends[report.id] = report

    decoded = sum(end.prompt_tokens - end.cached_tokens for end in ends.values())
    assert decoded <= ends[requests[0]].prompt_tokens + 2


def test_alternatives_have_seeds_of_their_own() -> None:
    request = ChatRequest(sampling=Sampling(seed=5))

    assert [one.sampling.seed for one in alternatives(request, 3)] == [5, 6, 7]
    assert alternatives(ChatRequest(), 2)[1].sampling.seed is None


@pytest.mark.parametrize("seed", [2**32 - 3, 2**32 - 2, 2**32 - 1, 2**63 - 1, -1])
def test_seeds_that_follow_each_other_are_different_ones_to_llama_cpp(
    tmp_path: Path, babbler: Path, seed: int
) -> None:
    request = ChatRequest(
        (Message(Role.USER, "hello"),), Sampling(temperature=1.0, seed=seed, max_tokens=24)
    )
    orders = [generate_command(number, one) for number, one in enumerate(alternatives(request, 2))]
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        for order in orders:
            child.send(order)
        first, second = (child.until_end(order.id)[0] for order in orders)

    assert first != second


def test_an_answer_matches_its_schema(tmp_path: Path, babbler: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        for seed in range(5):
            text, _ = child.ask(
                "hello",
                max_tokens=200,
                sampling=sampled(seed=seed, grammar_kind="json_schema", grammar=SCHEMA),
            )
            value = json.loads(text)
            assert set(value) == {"count", "done"}
            assert isinstance(value["count"], int)
            assert isinstance(value["done"], bool)


def test_guesses_respect_a_grammar(tmp_path: Path, babbler: Path) -> None:
    grammar = 'root ::= ("yes " | "no "){12}'
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler, draft_tokens=3)
        order = sampled(grammar_kind="gbnf", grammar=grammar)
        guessed, done = child.ask("yes no yes no yes no", sampling=order, max_tokens=200)
        plain, _ = child.ask(
            "yes no yes no yes no", sampling=order, max_tokens=200, speculate=False
        )

    assert guessed == plain
    assert done.reason == "stop"


@pytest.mark.parametrize(
    ("kind", "grammar"),
    [
        ("gbnf", 'root ::= root "a" | "b"'),
        ("gbnf", "root ::= foo"),
        ("gbnf", 'x ::= "a"'),
        ("gbnf", "root ::= ("),
        ("gbnf", "root ::= " + "(" * 20_000 + '"a"' + ")" * 20_000),
        ("gbnf", 'root ::= "a"{1,1000000}'),
        ("json_schema", '{"$ref": "#/nowhere"}'),
        ("json_schema", '{"$ref": "#"}'),
        ("json_schema", "not json"),
    ],
)
def test_a_grammar_that_would_crash_is_refused_and_others_go_on(
    tmp_path: Path, babbler: Path, kind: str, grammar: str
) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        running = child.start("hello", max_tokens=40)
        child.start("hello", sampling=sampled(grammar_kind=kind, grammar=grammar))
        refused = child.next_of(Refused)
        child.until_end(running)

    assert isinstance(refused, Refused)
    assert refused.kind == "grammar"
    assert refused.detail


def test_a_grammar_that_no_token_fits_costs_one_answer(tmp_path: Path, babbler: Path) -> None:
    biases = [(token, -math.inf) for token in range(rows_of(babbler))]
    nothing = sampled(grammar_kind="gbnf", grammar='root ::= "yes"', logit_bias=biases)
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        child.start("hello", sampling=nothing)
        refused = child.next_of(Refused)
        _, done = child.ask("hello")

    assert isinstance(refused, Refused)
    assert refused.kind == "grammar"
    assert done.completion_tokens > 0


def rows_of(path: Path) -> int:
    reader = gguf.GGUFReader(path)
    return int(next(t for t in reader.tensors if t.name == "output.weight").shape[1])


def test_an_adapter_acts_on_its_request_alone(tmp_path: Path, babbler: Path) -> None:
    rng = np.random.default_rng(3)
    change = {
        "output.weight.lora_a": rng.standard_normal((4, 64), dtype=np.float32),
        "output.weight.lora_b": rng.standard_normal((rows_of(babbler), 4), dtype=np.float32),
    }
    adapter = write_adapter(tmp_path / "lora.gguf", change)
    strong = Adapter(os.fsencode(adapter), 1.0)
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        plain, _ = child.ask("hello there, how are you")
        changed, done = child.ask("hello there, how are you", adapters=[strong])
        first = child.start("hello there, how are you", adapters=[strong])
        second = child.start("hello there, how are you")
        texts = {first: "", second: ""}
        ended = 0
        while ended < 2:
            report = child.next()
            if isinstance(report, messages.Delta):
                texts[report.id] += report.text
            ended += isinstance(report, messages.Done)

    assert changed != plain
    assert done.cached_tokens == 0
    assert texts == {first: changed, second: plain}


def test_a_file_that_is_no_adapter_is_refused(tmp_path: Path, babbler: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with engine_child(tmp_path / "engine") as child:
        child.load(babbler)
        child.start("hello", adapters=[Adapter(os.fsencode(broken), 1.0)])
        refused = child.next_of(Refused)
        child.ask("hello")

    assert isinstance(refused, Refused)
    assert refused.kind == "adapter"


def vectors(child: Child, *texts: str) -> "list[array[float]]":
    child.send(Embed(id=1, texts=list(texts)))
    report = child.next_of(Embedded)
    assert isinstance(report, Embedded)
    found = []
    for vector in report.vectors:
        numbers = array("f")
        numbers.frombytes(vector)
        found.append(numbers)
    return found


def test_texts_become_vectors_of_unit_length(tmp_path: Path) -> None:
    path = write_bert(tmp_path / "bert.gguf")
    with engine_child(tmp_path / "engine") as child:
        loaded = child.load(path)
        one, other, same, empty = vectors(child, "hello there", "how are you", "hello there", "")

    assert loaded.embeds
    assert len(one) == 64
    assert sum(x * x for x in one) == pytest.approx(1.0, abs=1e-5)
    assert one == same
    assert one != other
    assert len(empty) == 64


def test_a_model_for_vectors_does_not_chat_and_a_chat_model_makes_none(
    tmp_path: Path, babbler: Path
) -> None:
    with engine_child(tmp_path / "one") as child:
        child.load(write_bert(tmp_path / "bert.gguf"))
        child.start("hello")
        chat = child.next_of(Refused)
        child.send(Embed(id=5, texts=["word " * 2000]))
        long = child.next_of(Refused)
    with engine_child(tmp_path / "two") as child:
        child.load(babbler)
        child.send(Embed(id=5, texts=["hello"]))
        vector = child.next_of(Refused)

    assert isinstance(chat, Refused)
    assert chat.kind == "not_chat"
    assert isinstance(long, Refused)
    assert long.kind == "overflow"
    assert isinstance(vector, Refused)
    assert vector.kind == "not_embedding"


def test_a_stop_among_vectors_does_not_stop_the_next_ones(tmp_path: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write_bert(tmp_path / "bert.gguf"))
        child.cancel(1)
        (first,) = vectors(child, "hello there")
        child.cancel(1)
        (second,) = vectors(child, "hello there")

    assert first == second


def test_more_vectors_than_a_report_holds_are_refused(tmp_path: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write_bert(tmp_path / "bert.gguf"))
        child.send(Embed(id=1, texts=[""] * 100_000))
        refused = child.next_of(Refused)
        (vector,) = vectors(child, "hello")

    assert isinstance(refused, Refused)
    assert len(vector) == 64


def test_a_text_longer_than_an_odd_context_is_refused(tmp_path: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write_bert(tmp_path / "bert.gguf", context_length=130), n_ctx=0)
        child.send(Embed(id=1, texts=["word " * 140]))
        refused = child.next_of(Refused)

    assert isinstance(refused, Refused)
    assert refused.kind == "overflow"
    assert refused.available == 130


@pytest.mark.parametrize("write", [write_llama, write_gemma2], ids=["llama", "gemma2"])
def test_the_bare_loop_can_be_timed_beside_the_real_one(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write(tmp_path / "tiny.gguf"))
        child.send(RawLoop(id=9, prompt_tokens=600, answer_tokens=20))
        times = child.next_of(RawLooped)
        _, done = child.ask("hello", sampling=GREEDY)

    assert isinstance(times, RawLooped)
    assert len(times.token_seconds) == 20
    assert times.prompt_seconds > 0
    assert done.completion_tokens > 0


@pytest.mark.parametrize(
    ("write", "is_cut"), [(write_gemma2, True), (write_recurrent, False)], ids=["gemma2", "mamba"]
)
def test_the_bare_loop_reads_a_prompt_once_where_its_memory_can_be_cut(
    tmp_path: Path, write: Callable[[Path], Path], is_cut: bool
) -> None:
    runs: list[RawLooped] = []
    with engine_child(tmp_path / "engine") as child:
        child.load(write(tmp_path / "tiny.gguf"))
        for number, (prompt, keeps) in enumerate(
            [(100, True), (60, False), (100, True), (100, False), (100, False)]
        ):
            child.send(RawLoop(id=number, prompt_tokens=prompt, answer_tokens=20, keeps=keeps))
            times = child.next_of(RawLooped)
            assert isinstance(times, RawLooped)
            runs.append(times)

    assert [len(run.token_seconds) for run in runs] == [20] * 5
    assert [run.prompt_seconds > 0 for run in runs] == [True, True, not is_cut, not is_cut, True]
