"""The look at JSON before it is read: agrees with a parser, and takes time in proportion."""

import json
import random
import time

import pytest

from desktop.api.json_depth import DEEPEST, MOST_CONTAINERS, MOST_TEXTS, check_json
from desktop.api.refused import Refused

SIGNS = ['"', "\\", "[", "]", "{", "}", "NaN", "I", "a", "密", "\n", "\\u0022", ","]


def passes(body: bytes) -> bool:
    try:
        check_json(body)
    except Refused:
        return False
    return True


def depth_of(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
    return 0


def made(chance: random.Random, levels: int) -> object:
    text = "".join(chance.choice(SIGNS) for _ in range(chance.randrange(12)))
    match chance.randrange(4) if levels else 3:
        case 0:
            return [made(chance, levels - 1) for _ in range(chance.randrange(1, 3))]
        case 1 | 2:
            return {text: made(chance, levels - 1)}
    return text


@pytest.mark.parametrize("seed", range(200))
def test_it_agrees_with_a_parser_about_how_deep_a_value_is(seed: int) -> None:
    chance = random.Random(seed)
    value = made(chance, 8)
    inner = depth_of(value)
    ascii_only = chance.random() < 0.5
    for outer in (DEEPEST - inner, DEEPEST - inner + 1):
        text = "[" * outer + json.dumps(value, ensure_ascii=ascii_only) + "]" * outer
        assert passes(text.encode()) == (outer + inner <= DEEPEST)


@pytest.mark.parametrize("text", ["\\\\" * 40_000, 'x\\"' * 40_000, "x" * 65_535 + '\\"' + "["])
def test_a_long_text_is_read_in_steps_that_part_nothing(text: str) -> None:
    assert passes(b"[" * DEEPEST + f'"{text}"'.encode() + b"]" * DEEPEST)
    assert not passes(b"[" * DEEPEST + f'"{text}", []'.encode() + b"]" * DEEPEST)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_without_end_are_found_outside_of_texts_alone(word: str) -> None:
    assert not passes(f'{{"a": {word}}}'.encode())
    assert not passes(f'{{"\\"{word}\\"": [{word}]}}'.encode())
    assert passes(f'{{"{word}": "\\\\", "b": "\\"{word}"}}'.encode())


def test_more_than_anybody_means_is_refused() -> None:
    assert passes(b"[" + b"[]," * (MOST_CONTAINERS - 10) + b"1]")
    assert not passes(b"[" + b"[]," * (MOST_CONTAINERS + 10) + b"1]")
    assert passes(b"[" + b'"",' * (MOST_TEXTS - 10) + b"1]")
    assert not passes(b"[" + b'"",' * (MOST_TEXTS + 10) + b"1]")


@pytest.mark.parametrize(
    "unit", [b'"', b"\\", b'\\"', b'"\\"', b'"\\\\"', b'\\\\"', b"a", b"[]", b"1,", b'"' * 3]
)
def test_no_text_takes_more_than_time_in_proportion(unit: bytes) -> None:
    def seconds(size: int) -> float:
        body = b'"' + unit * (size // len(unit))
        began = time.process_time()
        passes(body)
        return time.process_time() - began

    small = max(min(seconds(50_000) for _ in range(3)), 1e-3)
    # Ten times as much: a square would take a hundred times as long.
    assert seconds(500_000) < 50 * small
