"""What a LoRA adapter says of itself, read before any native code sees the file.

llama.cpp ends its process on a value of another type than it expects, on numbers that it cannot
calculate with, and on matrices that do not go together; what is merely made for another model it
refuses by itself (`llama-adapter.cpp` as bundled with llama-cpp-python 0.3.36). Runs in whichever
thread asks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from desktop.models.gguf import open_header
from desktop.models.gguf_faults import impossible, shown, wrong_tensor
from desktop.models.gguf_reader import Header
from desktop.models.gguf_rules import check_tensors
from desktop.models.gguf_types import F32, STRING

_KINDS: Final = (
    ("general.type", STRING),
    ("general.architecture", STRING),
    ("adapter.type", STRING),
    ("adapter.lora.alpha", F32),
)
_LORA: Final = ("adapter", "lora")
_FIRST: Final = ".lora_a"
_SECOND: Final = ".lora_b"
_EMBEDDINGS: Final = "token_embd.weight"
_OUTPUT: Final = "output.weight"
_EXPERTS: Final = "_exps."


def check_adapter(path: Path, model: Path | None) -> None:
    """Raise ModelFileError if `path` is no sound LoRA adapter, or cannot act on the file `model`.

    `model` None leaves out what only the model's own header can tell. It is read for the few
    adapters that change embeddings or experts.
    """
    try:
        header, size = open_header(path)
        _check_kinds(header)
        check_tensors(header, size)
        experts = dict(_experts(header))
    except ModelFileError as error:
        raise _unusable(path, error.hint) from error
    if (header.values.get("general.type"), header.values.get("adapter.type")) != _LORA:
        hint = Text("It is no LoRA adapter. Choose another file, or answer without one.")
        raise _unusable(path, hint)
    if model is not None and (_EMBEDDINGS in experts or any(experts.values())):
        _check_fit(experts, open_header(model)[0])


def _unusable(path: Path, hint: Text) -> ModelFileError:
    return ModelFileError(
        Text("The adapter {name} cannot be used", {"name": shown(path.name)}), hint
    )


def _check_kinds(header: Header) -> None:
    for key, kind in _KINDS:
        if header.kinds.get(key, kind) != kind:
            raise impossible(key, f"type {header.kinds[key]}")


def _experts(header: Header) -> Iterator[tuple[str, int]]:
    """Yield each name that is changed, with its number of experts, 0 without; raises for bad pairs."""
    shapes = {one.name: (*one.shape, 1, 1, 1, 1)[:4] for one in header.tensors}
    for name, first in shapes.items():
        if not name.endswith(_FIRST):
            continue
        base = name.removesuffix(_FIRST)
        second = shapes.get(base + _SECOND)
        if second is None:
            raise wrong_tensor(name)
        # The embeddings are looked up in the first matrix, so it stands the other way round.
        rank = first[0] if base == _EMBEDDINGS else first[1]
        has_experts = _EXPERTS in base
        flat = first[3] == 1 and (has_experts or first[2] == 1)
        if rank != second[0] or first[2:] != second[2:] or not flat:
            raise wrong_tensor(name)
        yield base, first[2] if has_experts else 0


def _check_fit(experts: dict[str, int], model: Header) -> None:
    architecture = model.values.get("general.architecture")
    known = model.values.get(f"{architecture}.expert_count", 0)
    # Where the output is made of the embeddings, llama.cpp would multiply it with the wrong matrix.
    whole = model.values.get("split.count", 1) in {0, 1}
    tied = whole and all(one.name != _OUTPUT for one in model.tensors)
    if any(count not in {0, known} for count in experts.values()) or (
        tied and _EMBEDDINGS in experts
    ):
        raise ModelFileError(
            Text("The adapter does not fit this model"),
            Text("Choose an adapter that was made for it, or answer without one."),
        )
