"""Damaged model files against the check and real llama.cpp; `make fuzz` tries many more.

What once killed or hung an engine process is kept here: a good file and one edit.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fuzz.bases import base_files
from tests.fuzz.layout import ARRAY, architecture_of, with_key, with_type
from tests.fuzz.mutations import mutant
from tests.fuzz.trial import Outcome, Trials, trials

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks and their limits are those of Linux"
)

_U32, _F32, _TEXT, _U8 = 4, 6, 8, 0
_FILES = 500
_SEED = 20_261_121

# What llama.cpp does with it, the file, and the key, its type and its value.
_KILLERS = [
    ("n_layer_all > 0", "llama", "llama.block_count", _U32, 0),
    ("n_layer_all <= LLAMA_MAX_LAYERS", "llama", "llama.block_count", _U32, 65_535),
    ("n_layer_all <= LLAMA_MAX_LAYERS", "llama", "llama.block_count", _U32, 2**32 - 1),
    ("n_embd_head == hparams.n_embd_head_k()", "bert", "bert.attention.key_length", _U32, 64),
    ("unknown pooling type", "gpt2", "llama.pooling_type", _U32, 7),
    ("fatal error", "llama", "tokenizer.ggml.model", _TEXT, "bert"),
    ("a->ne[0] == b->ne[0]", "arrays", "llama.attention.head_count_kv", ARRAY, (_U32, [2, 4])),
    ("a->ne[0] == b->ne[0]", "arrays", "llama.attention.head_count_kv", ARRAY, (_U32, [2, 0])),
]


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    return base_files(tmp_path_factory.mktemp("bases"))


@pytest.fixture
def engine() -> Iterator[Trials]:
    with trials() as given:
        yield given


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "x.gguf"
    path.write_bytes(content)
    return path


def test_damaged_files_are_refused_or_survived(
    bases: Mapping[str, bytes], engine: Trials, tmp_path: Path
) -> None:
    me = os.getpid()
    seen: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for number in range(_FILES):
        damaged = mutant(bases, _SEED, number)
        path = saved(tmp_path, damaged.content)
        verdict = engine.of(path)
        seen[verdict.outcome].append(f"{damaged.name} {damaged.change}: {verdict.detail}")
        assert path.read_bytes() == damaged.content
    assert seen[Outcome.DIED] == []
    assert seen[Outcome.HUNG] == []
    # Not vacuous: many get as far as an answer, and many are stopped at each gate.
    assert min(len(seen[one]) for one in (Outcome.CHECKED, Outcome.REFUSED, Outcome.ANSWERED)) > 30
    assert os.getpid() == me


def test_good_files_are_answered(
    bases: Mapping[str, bytes], engine: Trials, tmp_path: Path
) -> None:
    ends = {name: engine.of(saved(tmp_path, content)).outcome for name, content in bases.items()}

    assert ends == dict.fromkeys(bases, Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("base", "tensor", "kind"),
    [
        ("gpt2", "blk.0.ffn_down.weight", 9),
        ("gemma2", "blk.0.ffn_gate.weight", 26),
        ("bert", "blk.0.layer_output_norm.bias", 30),
        ("bert", "blk.0.layer_output_norm.bias", 8),
        ("bert", "blk.0.layer_output_norm.bias", 1),
        ("recurrent", "blk.0.ssm_d", 26),
    ],
)
def test_weights_of_a_type_that_kills_the_engine_are_refused_before_it(
    base: str,
    tensor: str,
    kind: int,
    bases: Mapping[str, bytes],
    engine: Trials,
    tmp_path: Path,
) -> None:
    path = saved(tmp_path, with_type(bases[base], tensor, kind))

    checked, unchecked = engine.of(path), engine.unchecked(path)

    assert checked.outcome is Outcome.CHECKED
    assert tensor in checked.detail
    assert unchecked.outcome is Outcome.DIED


@pytest.mark.parametrize(
    ("base", "old", "new", "last_words"),
    [
        ("llama", b"<0x0A>", b"<0xiA>", "unordered_map::at"),
        ("llama", b"<0x69>", b"<0x68>", "id_to_token.size() == token_to_id.size()"),
        ("llama", b"<0x69>", b"i\0x69>", "id_to_token.size() == token_to_id.size()"),
    ],
)
def test_a_damaged_token_is_found_before_it_kills_the_engine(
    base: str,
    old: bytes,
    new: bytes,
    last_words: str,
    bases: Mapping[str, bytes],
    engine: Trials,
    tmp_path: Path,
) -> None:
    assert bases[base].count(old) == 1
    path = saved(tmp_path, bases[base].replace(old, new))

    checked, unchecked = engine.of(path), engine.unchecked(path)

    assert checked.outcome is Outcome.CHECKED
    assert unchecked.outcome is Outcome.DIED
    assert last_words in unchecked.detail


@pytest.mark.parametrize("length", [1, 7, 31, 100, 255])
def test_a_context_shorter_than_the_question_costs_no_process(
    length: int, bases: Mapping[str, bytes], engine: Trials, tmp_path: Path
) -> None:
    for base in ("llama", "gemma2", "recurrent"):
        key = f"{architecture_of(bases[base])}.context_length"
        path = saved(tmp_path, with_key(bases[base], key, _U32, length))
        assert engine.of(path).outcome is Outcome.ANSWERED


@pytest.mark.parametrize(("last_words", "base", "key", "kind", "value"), _KILLERS)
def test_what_kills_the_engine_is_refused_before_it(
    last_words: str,
    base: str,
    key: str,
    kind: int,
    value: object,
    bases: Mapping[str, bytes],
    engine: Trials,
    tmp_path: Path,
) -> None:
    path = saved(tmp_path, with_key(bases[base], key, kind, value))

    checked, unchecked = engine.of(path), engine.unchecked(path)

    assert checked.outcome is Outcome.CHECKED
    assert unchecked.outcome is Outcome.DIED
    assert last_words in unchecked.detail
