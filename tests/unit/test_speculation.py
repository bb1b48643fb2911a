"""Guessing ahead: the same answer in fewer steps, and no guesses where they do not pay."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
from msgspec import structs

from desktop.inference.batch_cost import BatchCost
from desktop.inference.lookup import Lookup
from desktop.inference.messages import Done, Logprobs, Sampling
from tests.gguf_files import write_gemma2, write_llama, write_recurrent
from tests.unit.engine_child import GREEDY, Child, engine_child

TEXT = "The harbour lights were counted twice, and nobody could say which of the two was right."


def cheap(most: int) -> list[float]:
    return dear(most, 0.0)


def dear(most: int, each: float) -> list[float]:
    return [1 + each * guesses for guesses in range(most + 1)]


def test_a_text_that_repeats_is_guessed_from_its_own_past() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 9, 1, 2, 3])

    assert lookup.draft(cheap(3)) == [4, 5, 6]


def test_the_latest_occurrence_counts() -> None:
    lookup = Lookup([1, 2, 3, 4, 0, 1, 2, 3, 7, 0, 1, 2, 3])

    assert lookup.draft(cheap(1)) == [7]


def test_a_text_that_goes_round_is_guessed_round_and_round() -> None:
    lookup = Lookup([7, 1, 2, 1, 2, 1, 2])

    assert lookup.draft(cheap(5)) == [1, 2, 1, 2, 1]


def test_nothing_is_guessed_about_what_was_never_seen() -> None:
    assert Lookup(range(50)).draft(cheap(8)) == []


def test_after_one_changed_token_the_original_is_followed_on() -> None:
    original = list(range(100, 130))
    lookup = Lookup([*original, 1])
    for token in original[:10]:
        lookup.append(token)
    lookup.append(999)

    assert lookup.draft(cheap(2)) == original[11:13]


def test_guesses_that_never_come_true_are_given_up() -> None:
    numbers = random.Random(1)
    lookup = Lookup([numbers.randrange(8) for _ in range(200)])
    drafted = 0
    for _ in range(400):
        guesses = lookup.draft(dear(3, 0.15))
        drafted += len(guesses)
        lookup.judge(len(guesses), 0)
        lookup.append(numbers.randrange(8, 16))

    assert drafted < 60


def test_dear_batches_are_not_filled_with_guesses() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 1, 2, 3])

    assert lookup.draft(dear(3, 1.0)) == []


def test_a_stall_does_not_make_batches_look_dear() -> None:
    costs = BatchCost(gpu=False, repacked=True, lone_attention=0.001)
    for seconds in (0.1, 0.1, 0.1):
        costs.observe(1, seconds)
    for seconds in (0.12, 5.0, 0.13):
        costs.observe(3, seconds)

    assert costs.relative(3) == pytest.approx(1.2)


def test_after_a_long_text_a_batch_is_dear_for_every_row_pays_its_attention() -> None:
    # Llama 3.2 1B: four tokens took 1.4 and 1.84 times one, after 512 and after 1,500.
    costs = BatchCost(gpu=False, repacked=True, lone_attention=2700 * 16 * 32 / 1.1e9)

    assert costs.usual_of_guesses(1, 3, 0) == [1.0, 1.25, 1.6, 1.5]
    assert costs.usual_of_guesses(1, 3, 512)[3] == pytest.approx(1.4, abs=0.4)
    assert costs.usual_of_guesses(1, 3, 1500)[3] == pytest.approx(1.84, abs=0.4)
    assert costs.usual_of_guesses(1, 3, 1500)[0] == 1.0


@pytest.mark.parametrize(
    "sampling",
    [
        GREEDY,
        Sampling(temperature=0.9, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0, seed=11),
        Sampling(
            temperature=0.7,
            top_k=0,
            top_p=1.0,
            min_p=0.0,
            repeat_penalty=1.1,
            seed=5,
            presence_penalty=0.2,
        ),
        Sampling(
            temperature=0.8, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=3, mirostat=2
        ),
    ],
    ids=["greedy", "seeded", "penalties", "mirostat"],
)
@pytest.mark.parametrize("write", [write_llama, write_gemma2], ids=["llama", "gemma2"])
def test_guessing_changes_no_answer(
    tmp_path: Path, sampling: Sampling, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / "tiny.gguf")
    words = "one two three one two three one two three one two three"
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        # Read at once, or token by token, a prompt is rounded otherwise: so it is known both times.
        child.ask(words, sampling=sampling, max_tokens=1)
        guessed, _ = child.ask(words, sampling=sampling, max_tokens=200)
        plain, done = child.ask(words, sampling=sampling, max_tokens=200, speculate=False)

    assert guessed == plain
    assert done.drafted_tokens == 0


def test_a_copied_text_takes_fewer_steps(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "copy.gguf", answer=TEXT)
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        guessed, done = child.ask(TEXT, max_tokens=120, repeatable=True)
        plain, _ = child.ask(TEXT, max_tokens=120, speculate=False)

    assert guessed == plain
    assert done.completion_tokens == 120
    assert done.accepted_tokens > 40
    assert done.accepted_tokens <= done.drafted_tokens


def test_a_close_thing_is_not_decided_among_guesses(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "copy.gguf", answer=TEXT)
    rival = tokens_of(path).index("▁a")
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        # Its lead over a word that it never says: at its least, it is nearly made up for.
        lead = min(leads(child, " a"))
        nearly = structs.replace(GREEDY, logit_bias=[(rival, lead - 0.2)])
        clearly = structs.replace(GREEDY, logit_bias=[(rival, lead - 2.0)])
        plain, _ = child.ask(TEXT, max_tokens=120, sampling=nearly, speculate=False)
        close, of_close = child.ask(TEXT, max_tokens=120, sampling=nearly, repeatable=True)
        clear, of_clear = child.ask(TEXT, max_tokens=120, sampling=clearly, repeatable=True)

    assert close == clear == plain
    assert of_close.accepted_tokens < of_clear.accepted_tokens / 4


def test_where_most_is_close_there_are_few_guesses() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 9, 1, 2, 3])

    assert lookup.draft(dear(3, 0.3), settled=1.0)
    assert not lookup.draft(dear(3, 0.3), settled=0.0)


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_a_draw_that_has_a_seed_is_not_guessed_for(tmp_path: Path, temperature: float) -> None:
    path = write_llama(tmp_path / "copy.gguf", answer=TEXT)
    drawn = structs.replace(GREEDY, temperature=temperature, seed=5)
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        _, seeded = child.ask(TEXT, max_tokens=60, sampling=drawn, repeatable=True)
        _, free = child.ask(TEXT, max_tokens=60, sampling=drawn)

    assert seeded.drafted_tokens == 0
    assert free.drafted_tokens > 0


def tokens_of(path: Path) -> list[str]:
    """Return the vocabulary of a model file."""
    field = gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"]
    return [bytes(field.parts[place]).decode() for place in field.data]


def leads(child: Child, word: str) -> list[float]:
    """Return how far what was said was ahead of `word`, at each token, in logits."""
    child.start(TEXT, max_tokens=60, speculate=False, logprobs=1000)
    found: list[float] = []
    while not isinstance(report := child.next(), Done):
        if isinstance(report, Logprobs):
            by_text = {chance.text: chance.logprob for chance in report.top}
            found.append(report.chosen.logprob - by_text[word])
    return found


def test_an_answer_ends_where_it_would_have_ended(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "copy.gguf", answer=TEXT, stops=True)
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        first, _ = child.ask(f"{TEXT} {TEXT}", max_tokens=300)
        cut, done = child.ask(f"{TEXT} {TEXT}", max_tokens=300, stop=["nobody"])

    assert first == TEXT
    assert cut == TEXT.partition("nobody")[0]
    assert done.reason == "stop"


def test_the_conversation_goes_on_after_guesses_that_were_refused(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf")
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        child.ask("one two three one two three", max_tokens=60)
        again, done = child.ask("one two three one two three", max_tokens=60)
        fresh, _ = child.ask("one two three one two three", max_tokens=60, speculate=False)

    assert done.cached_tokens == done.prompt_tokens - 1
    assert again == fresh


def test_a_state_that_cannot_be_cut_is_never_guessed_for(tmp_path: Path) -> None:
    path = write_recurrent(tmp_path / "mamba.gguf")
    with engine_child(tmp_path / "engine") as child:
        child.load(path, draft_tokens=3)
        _, done = child.ask("one two one two one two one two", max_tokens=60)

    assert done.drafted_tokens == 0


def test_a_small_model_guesses_for_a_large_one(tmp_path: Path) -> None:
    large = write_llama(tmp_path / "large.gguf", answer=TEXT, layers=40)
    small = write_llama(tmp_path / "small.gguf", answer=TEXT)
    with engine_child(tmp_path / "engine") as child:
        child.load(large, draft_tokens=3, draft_model=os.fsencode(small))
        # Less than the text once, so nothing can be looked up.
        guessed, done = child.ask("Tell me.", max_tokens=18)
        plain, _ = child.ask("Tell me.", max_tokens=18, speculate=False)
        # How far the small model has read along is not the same each time.
        seeded, of_seeded = child.ask("Tell me.", max_tokens=18, repeatable=True)

    assert guessed == plain == seeded
    assert done.accepted_tokens > 8
    assert of_seeded.drafted_tokens == 0


def test_a_small_model_too_narrow_for_a_smaller_cache_guesses_with_a_usual_one(
    tmp_path: Path,
) -> None:
    large = write_llama(tmp_path / "large.gguf", width=256)
    small = write_llama(tmp_path / "small.gguf")
    with engine_child(tmp_path / "engine") as child:
        child.load(large, kv_type="q8_0", draft_tokens=3, draft_model=os.fsencode(small))
        _, done = child.ask("Tell me.", max_tokens=64)

    assert done.drafted_tokens > 0


def test_a_small_model_with_other_words_is_refused(tmp_path: Path) -> None:
    large = write_llama(tmp_path / "large.gguf")
    small = write_llama(tmp_path / "small.gguf", vocabulary="gpt2")
    with engine_child(tmp_path / "engine") as child, pytest.raises(AssertionError, match="draft"):
        child.load(large, draft_tokens=3, draft_model=os.fsencode(small))
