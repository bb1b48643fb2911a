"""How much of a prompt is read at once, and what fills a small batch up."""

from pathlib import Path

import pytest

from desktop.inference.chunks import GpuChunks, ProcessorChunks
from tests.gguf_files import write_llama
from tests.unit.engine_child import engine_child

# Llama 3.2 1B: 16 layers of 32 heads, 1.1 billion weights.
LLAMA_1B = 2700 * 16 * 32 / 1.1e9


@pytest.mark.parametrize(
    ("missing", "parts"),
    [
        (40, [40]),
        (128, [128]),
        (129, [64, 65]),
        (150, [75, 75]),
        (191, [95, 96]),
        (192, [128, 64]),
        (512, [128] * 4),
        (550, [128, 128, 128, 83, 83]),
    ],
)
def test_no_small_rest_of_a_prompt_is_left(missing: int, parts: list[int]) -> None:
    chunks = ProcessorChunks(512, LLAMA_1B)
    taken = []
    while missing:
        taken.append(chunks.part(missing, chunks.size(beside=False)))
        missing -= taken[-1]

    assert taken == parts


def test_beside_others_a_rest_is_not_halved_into_two_small_ones() -> None:
    chunks = ProcessorChunks(512, LLAMA_1B)

    assert chunks.part(100, chunks.size(beside=True)) == 64


def test_a_card_takes_what_it_can() -> None:
    assert GpuChunks(512).part(550, 512) == 512
    assert GpuChunks(512).filling(20, 4000) == 0


@pytest.mark.parametrize(
    ("rows", "length", "filling"),
    [
        # Measured with such a model: 64 rows take as long as 51 after 512 tokens and 36 after 1,500.
        (60, 100, 0),
        (44, 560, 0),
        (54, 560, 10),
        (30, 1500, 0),
        (42, 1500, 22),
        (64, 1500, 0),
        (1, 8000, 0),
    ],
)
def test_a_batch_is_filled_up_where_that_is_sooner(rows: int, length: int, filling: int) -> None:
    assert ProcessorChunks(512, LLAMA_1B).filling(rows, length) == filling


def test_rows_that_are_not_computed_by_themselves_need_no_filling() -> None:
    assert ProcessorChunks(512, 0.0).filling(60, 8000) == 0
    assert ProcessorChunks(32, LLAMA_1B).filling(30, 8000) == 0


def test_what_fills_a_batch_up_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf")
    words = "one two three four five six seven " * 3
    with engine_child(tmp_path / "filled") as child:
        child.load(path)
        first, _ = child.ask(words, max_tokens=20)
        second, done = child.ask(f"{words} and once more", max_tokens=20)
    with engine_child(tmp_path / "plain") as child:
        child.load(path, flash_attention="off")
        plain, _ = child.ask(words, max_tokens=20)
        again, _ = child.ask(f"{words} and once more", max_tokens=20)

    assert (first, second) == (plain, again)
    assert 0 < done.cached_tokens < done.prompt_tokens


def test_nobody_is_turned_out_for_what_only_fills_a_batch_up(tmp_path: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write_llama(tmp_path / "tiny.gguf"), n_ctx=256)
        _, long = child.ask(prompt="one " * 95, max_tokens=2)
        _, short = child.ask(prompt="two " * 15, max_tokens=2)
        _, again = child.ask(prompt="one " * 95, max_tokens=2)

    # There was room for both, but not for 64 rows of the short one.
    assert long.prompt_tokens + 64 > 256 > long.prompt_tokens + short.prompt_tokens + 4
    assert again.cached_tokens == again.prompt_tokens - 1


def test_a_prompt_may_be_as_long_as_the_context(tmp_path: Path) -> None:
    with engine_child(tmp_path / "engine") as child:
        child.load(write_llama(tmp_path / "tiny.gguf"), n_ctx=256)
        child.ask(prompt="one " * 110, max_tokens=2)
        _, done = child.ask(prompt="one " * 125, max_tokens=9)

    assert 256 - 9 < done.prompt_tokens < 256
    assert done.prompt_tokens + done.completion_tokens == 256
