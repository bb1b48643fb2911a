"""LoRA files that llama.cpp would die of are refused before the engine process hears of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from desktop.domain.chat import Adapter
from desktop.domain.engine import Phase
from desktop.domain.errors import ModelFileError
from desktop.models.adapter import check_adapter
from desktop.models.gguf import open_header
from tests.gguf_files import write_adapter, write_gemma2, write_llama
from tests.unit.engine_room import engine_room, question

RANK = 4
OUTPUT, EMBEDDINGS = "output.weight", "token_embd.weight"
UNFIT = "The adapter does not fit this model"

Tensors: TypeAlias = dict[str, npt.NDArray[np.generic]]


def pair(name: str, first: tuple[int, ...], second: tuple[int, ...], kind: str = "f4") -> Tensors:
    """Return the two matrices for `name`, rows before the length of a row."""
    chance = np.random.default_rng(3)
    return {
        f"{name}.lora_a": chance.standard_normal(first).astype(kind),
        f"{name}.lora_b": chance.standard_normal(second).astype(kind),
    }


def sizes(model: Path) -> tuple[int, int]:
    """Return the width of a tiny model and the number of its tokens."""
    header, _size = open_header(model)
    width, tokens = next(one.shape for one in header.tensors if one.name == EMBEDDINGS)
    return width, tokens


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama") / "model.gguf")


def tensors_of(case: str, model: Path) -> Tensors:
    width, tokens = sizes(model)
    match case:
        case "ranks apart in the embeddings":
            return pair(EMBEDDINGS, (tokens, RANK), (width, RANK + 1))
        case "ranks apart":
            return pair(OUTPUT, (RANK, width), (tokens, RANK + 1))
        case "three dimensions":
            return pair(OUTPUT, (2, RANK, width), (2, tokens, RANK))
        case "whole numbers":
            return pair(OUTPUT, (RANK, width), (tokens, RANK), "i4")
        case "numbers of 64 bits":
            return pair(OUTPUT, (RANK, width), (tokens, RANK), "f8")
        case "half a pair":
            return {f"{OUTPUT}.lora_a": np.ones((RANK, width), np.float32)}
        case _:
            return pair(OUTPUT, (RANK, width), (tokens, RANK))


@pytest.mark.parametrize(
    ("case", "header"),
    [
        ("ranks apart in the embeddings", {}),
        ("ranks apart", {}),
        ("three dimensions", {}),
        ("whole numbers", {}),
        ("numbers of 64 bits", {}),
        ("half a pair", {}),
        ("strength as a whole number", {"adapter.lora.alpha": 4}),
        ("strength as a list", {"adapter.lora.alpha": [4.0, 4.0]}),
        ("a kind that is a number", {"general.type": 1}),
        ("a sort that is a number", {"adapter.type": 1}),
        ("a whole model", {"general.type": "model"}),
        ("another sort of adapter", {"adapter.type": "vera"}),
    ],
)
def test_a_damaged_adapter_is_refused_by_its_name(
    tmp_path: Path, llama: Path, case: str, header: Mapping[str, object]
) -> None:
    path = write_adapter(tmp_path / "voice.gguf", tensors_of(case, llama), header)
    with pytest.raises(ModelFileError) as refused:
        check_adapter(path, None)
    assert str(refused.value.title) == "The adapter voice.gguf cannot be used"
    assert str(refused.value.hint)


def test_what_is_no_whole_file_is_refused(tmp_path: Path, llama: Path) -> None:
    whole = write_adapter(tmp_path / "whole.gguf", tensors_of("", llama)).read_bytes()
    check_adapter(tmp_path / "whole.gguf", llama)
    cut = tmp_path / "cut.gguf"
    for length in (0, 3, 100, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"The adapter cut\.gguf cannot be used"):
            check_adapter(cut, llama)
    with pytest.raises(ModelFileError, match=r"The adapter none\.gguf cannot be used"):
        check_adapter(tmp_path / "none.gguf", llama)


def test_embeddings_are_changed_only_where_they_are_not_the_output_too(
    tmp_path: Path, llama: Path
) -> None:
    gemma = write_gemma2(tmp_path / "gemma.gguf")
    for model in (llama, gemma):
        width, tokens = sizes(model)
        found = pair(EMBEDDINGS, (tokens, RANK), (width, RANK))
        write_adapter(tmp_path / f"for-{model.name}", found)
    check_adapter(tmp_path / f"for-{llama.name}", llama)
    check_adapter(tmp_path / f"for-{gemma.name}", None)
    with pytest.raises(ModelFileError, match=UNFIT):
        check_adapter(tmp_path / f"for-{gemma.name}", gemma)


@pytest.mark.parametrize("experts", [None, 2, 8])
def test_experts_are_counted(tmp_path: Path, experts: int | None) -> None:
    model = write_llama(tmp_path / "model.gguf", extra={"llama.expert_count": 8})
    count = () if experts is None else (experts,)
    found = pair("blk.0.ffn_up_exps.weight", (*count, RANK, 64), (*count, 128, RANK))
    path = write_adapter(tmp_path / "lora.gguf", found)
    if experts == 8:
        check_adapter(path, model)
        return
    with pytest.raises(ModelFileError, match=UNFIT):
        check_adapter(path, model)


def test_the_engine_outlives_adapters_that_llama_would_die_of(tmp_path: Path, llama: Path) -> None:
    good = write_adapter(tmp_path / "good.gguf", tensors_of("", llama))
    deadly = write_adapter(
        tmp_path / "deadly.gguf", tensors_of("", llama), {"adapter.lora.alpha": 4}
    )
    with engine_room(tmp_path / "room", llama) as room:
        room.until(Phase.READY)
        pid = room.engine.engine_pid()
        plain = room.ask(question("hello")).wait().text
        refused = room.ask(replace(question("hello"), adapters=(Adapter(deadly),))).wait()
        changed = room.ask(replace(question("hello"), adapters=(Adapter(good),))).wait().text

        assert str(refused.failed.error.title) == "The adapter deadly.gguf cannot be used"
        assert room.engine.engine_pid() == pid
        assert changed != plain
