"""A model's own heads for the next tokens: the same answers, in fewer steps."""

from pathlib import Path

import pytest

from desktop.inference.messages import Delta, Done, Sampling, Turn
from desktop.inference.next_token_heads import guess_cost
from desktop.models.gguf import read_gguf
from tests.gguf_files import write_llama
from tests.gguf_heads import Kind, write_with_head
from tests.unit.engine_child import GREEDY, Child, engine_child
from tests.unit.engine_scripts import told_by

KINDS: tuple[Kind, ...] = ("glm4moe", "qwen35", "qwen35moe")
# Sums are rounded by the shape of a batch: layers that are not loud do not make much of that.
QUIET = 0.1
TEXT = "The harbour lights were counted twice, and nobody could say which of the two was right."
WARM = Sampling(temperature=0.9, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0, seed=11)
PENALTIES = Sampling(
    temperature=0.7,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    repeat_penalty=1.1,
    seed=5,
    presence_penalty=0.2,
)


def load(child: Child, path: Path, *, heads: bool = True, **changes: object) -> None:
    values: dict[str, object] = {
        "draft_tokens": 3,
        "next_token_heads": heads,
        "rollback": 3 if heads else 0,
        "extra_buffers": True,
    }
    child.load(path, **(values | changes))


def texts_of(child: Child, requests: list[int]) -> list[str]:
    """Return the answers to requests that are under way side by side."""
    texts = dict.fromkeys(requests, "")
    open_ = set(requests)
    while open_:
        match child.next():
            case Delta(id=request, text=text):
                texts[request] += text
            case Done(id=request):
                open_.discard(request)
            case _:
                pass
    return list(texts.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_never_seen_before_is_guessed(tmp_path: Path, kind: Kind) -> None:
    # Each token of it once only, so that nothing can be looked up.
    path = write_with_head(tmp_path / "tiny.gguf", kind, answer=TEXT, stops=True)
    with engine_child(tmp_path / "engine") as child:
        load(child, path)
        text, done = child.ask("Well?", max_tokens=200)

    assert text == TEXT
    assert done.reason == "stop"
    assert done.accepted_tokens >= done.completion_tokens // 2


@pytest.mark.parametrize("sampling", [GREEDY, WARM, PENALTIES], ids=["greedy", "seeded", "penalty"])
@pytest.mark.parametrize("kind", KINDS)
def test_heads_change_no_answer(tmp_path: Path, kind: Kind, sampling: Sampling) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", kind, loud=QUIET)
    with engine_child(tmp_path / "with") as child:
        load(child, path)
        guessed, done = child.ask("one two three", sampling=sampling, max_tokens=60)
        further, _ = child.ask("one two four", sampling=sampling, max_tokens=60)
    with engine_child(tmp_path / "without") as child:
        load(child, path, heads=False)
        plain, _ = child.ask("one two three", sampling=sampling, max_tokens=60, speculate=False)
        plain_further, _ = child.ask(
            "one two four", sampling=sampling, max_tokens=60, speculate=False
        )

    assert guessed == plain
    assert further == plain_further
    assert done.drafted_tokens > 0


@pytest.mark.parametrize("kind", KINDS)
def test_four_answers_at_once_come_out_as_one_by_one(tmp_path: Path, kind: Kind) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", kind, loud=QUIET)
    questions = ["one two three", "a long way", "some other people", "think of it"]
    with engine_child(tmp_path / "with") as child:
        load(child, path, n_ctx=2048)
        requests = [child.start(question, max_tokens=60) for question in questions]
        together = texts_of(child, requests)
        again = [child.ask(question, max_tokens=60)[0] for question in questions]
    with engine_child(tmp_path / "without") as child:
        load(child, path, heads=False, n_ctx=2048)
        alone = [child.ask(question, max_tokens=60, speculate=False)[0] for question in questions]

    assert together == alone
    assert again == alone


@pytest.mark.parametrize("kind", KINDS)
def test_a_conversation_goes_on_after_guesses_that_were_refused(tmp_path: Path, kind: Kind) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", kind, loud=QUIET)
    turns = [Turn("user", "one two three four five six seven eight nine ten")]
    told = []
    for heads in (True, False):
        with engine_child(tmp_path / str(heads)) as child:
            load(child, path, heads=heads, n_ctx=2048)
            first, done = child.ask(turns=turns, max_tokens=50)
            longer = [*turns, Turn("assistant", first), Turn("user", "go on")]
            second, cached = child.ask(turns=longer, max_tokens=50)
            told.append((first, second))
        assert cached.cached_tokens > 0
        assert done.drafted_tokens > 0 or not heads

    assert told[0] == told[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_knows_the_same_on_whatever_way_it_came_to_a_text(
    tmp_path: Path, kind: Kind
) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", kind, thoughtful=0.7)
    told = told_by("reading_along.py", path)

    assert told.pop("of another text") == []
    usual = told.pop("in chunks")
    assert len(usual) == 6
    assert told == dict.fromkeys(told, usual)
    assert len(told) == 5


def test_what_was_taken_back_from_a_recurrent_state_is_gone(tmp_path: Path) -> None:
    told = told_by("stepping_back.py", write_with_head(tmp_path / "tiny.gguf", "qwen35", loud=0.5))

    assert told["within the batch"]
    assert told["held"]
    assert not told["beyond the batch"]
    assert not told["twice"], "llama.cpp goes back once, and then on"
    assert told["shared"] == 4
    for way in ("going on", "sharer", "source", "restored"):
        assert told[way] < 0.01, way
    assert not told["broken off"]
    assert told["anew"]


def test_an_answer_that_was_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", "qwen35", loud=QUIET)
    with engine_child(tmp_path / "with") as child:
        load(child, path)
        drafted = 0
        for tokens in range(3):
            request = child.start("one two three", sampling=WARM, max_tokens=400)
            for _ in range(3 + tokens):
                child.next_of(Delta)
            child.cancel(request)
            drafted += child.until_end(request)[1].drafted_tokens
        after, _ = child.ask("one two three", sampling=WARM, max_tokens=60)
    with engine_child(tmp_path / "without") as child:
        load(child, path, heads=False)
        fresh, _ = child.ask("one two three", sampling=WARM, max_tokens=60, speculate=False)

    assert after == fresh
    # The last one may do without: on a fast processor guesses soon cease to pay.
    assert drafted > 0


def test_an_answer_with_a_seed_of_ones_own_is_guessed_from_its_text_alone(tmp_path: Path) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", "qwen35", answer=TEXT, stops=True)
    with engine_child(tmp_path / "engine") as child:
        load(child, path)
        text, done = child.ask("Well?", max_tokens=200, repeatable=True)

    assert text == TEXT
    assert done.accepted_tokens == 0


def test_a_file_that_only_names_heads_answers_without(tmp_path: Path) -> None:
    path = write_with_head(tmp_path / "tiny.gguf", "glm4moe", answer=TEXT, stops=True, head=False)

    assert read_gguf(path).head_weights == 0
    with engine_child(tmp_path / "engine") as child:
        load(child, path, heads=False)
        assert child.ask("Well?", max_tokens=200)[0] == TEXT


def test_the_weights_of_the_heads_are_told_apart(tmp_path: Path) -> None:
    whole = read_gguf(write_with_head(tmp_path / "with.gguf", "glm4moe"))
    without = read_gguf(write_with_head(tmp_path / "without.gguf", "glm4moe", head=False))

    assert whole.head_weights == whole.weights - without.weights > 0
    assert read_gguf(write_llama(tmp_path / "llama.gguf")).head_weights == 0


def test_a_guess_costs_one_layer_and_the_output_matrix() -> None:
    # Qwen3.5 4B: 248 320 words of 2560 numbers, 32 layers and the head; and one with experts.
    dense = guess_cost(
        parameters=4_300_000_000, vocabulary=248_320, width=2560, layers=33, experts=0, used=0
    )
    sparse = guess_cost(
        parameters=35_000_000_000, vocabulary=248_320, width=2048, layers=41, experts=256, used=8
    )

    assert dense == pytest.approx(0.17, abs=0.01)
    assert 0.2 < sparse < 0.4
