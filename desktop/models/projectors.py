"""Which file lets a model see pictures: paired by folder and name, as publishers name them.

`mmproj-<Model>-F16.gguf` and `<Model>-BF16-mmproj.gguf` name their model, `mmproj-F16.gguf` and
`mmproj-model-f16.gguf` serve the only one of their folder. Pure; any thread.
"""

import re
from collections.abc import Iterable
from typing import Final

_LABEL: Final = re.compile(
    r"[-._](?:ud-)?(?:tq\d_0|i?q\d(?:_[a-z0-9]+)*|mxfp4(?:_moe)?|nvfp4|bf16|f16|f32)(?:_[a-z]+)?$"
)
_PART: Final = re.compile(r"-\d{5}-of-\d{5}$")
_WORDS: Final = re.compile(r"mmproj|(?<![a-z0-9])(?:model|bf16|f16|f32|fp16|q8_0)(?![a-z0-9])")
# Full precision costs twice the memory and shows nothing more; 8 bits show a little less.
_TYPES: Final = ("f16", "bf16", "q8_0", "f32")


def is_projector(name: str) -> bool:
    """Return whether a file of that name is no model of its own but lets one see pictures."""
    return "mmproj" in name.casefold()


def pairs(names: Iterable[str]) -> dict[str, str]:
    """Return for each model file among the `names` in one folder its projector, if it has one."""
    models: list[str] = []
    projectors: list[str] = []
    for name in names:
        (projectors if is_projector(name) else models).append(name)
    if not projectors:
        return {}
    meant = [(_meant(name), _rank(name), name.casefold(), name) for name in projectors]
    bases = {name: _base(name) for name in models}
    alone = len(set(bases.values())) == 1
    found = {}
    for name, base in bases.items():
        fitting = [
            (model != base, *rest)
            for model, *rest in meant
            if (alone if not model else model in base or base in model)
        ]
        if fitting:
            found[name] = str(min(fitting)[-1])
    return found


def _base(name: str) -> str:
    stem = _PART.sub("", name.casefold().removesuffix(".gguf"))
    return _plain(_LABEL.sub("", stem))


def _meant(projector: str) -> str:
    """Return the model that a projector's name speaks of; empty where it speaks of none."""
    return _plain(_WORDS.sub("", projector.casefold().removesuffix(".gguf")))


def _rank(projector: str) -> int:
    words = re.split(r"[-._ ]", projector.casefold().replace("q8_0", "q80"))
    return next(
        (place for place, kind in enumerate(_TYPES) if kind.replace("_", "") in words), len(_TYPES)
    )


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
