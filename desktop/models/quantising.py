"""Which model files can be made smaller, into what, and how large the result will be.

llama.cpp says which type each tensor gets (see `inference.requantising`); the rest is arithmetic on
the header. Quantisations that need an importance matrix are not offered. Any thread.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from desktop.models.gguf import open_header
from desktop.models.gguf_faults import shown
from desktop.models.gguf_reader import Header, Tensor
from desktop.models.gguf_rules import check_tensors
from desktop.models.gguf_types import MIXES, PASSING, SCALARS, TENSORS, U32
from desktop.models.split import part_path, split_name

# Finest first.
TARGETS: Final = (
    *("Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0", "Q3_K_M", "Q2_K"),
)
_MIX_NUMBERS: Final = MappingProxyType({name: number for number, name in MIXES.items()})
# As ggml names its types, where it stores weights in them.
_KINDS: Final = MappingProxyType(
    {
        "f32": 0,
        "f16": 1,
        "q4_0": 2,
        "q4_1": 3,
        "q5_0": 6,
        "q5_1": 7,
        "q8_0": 8,
        "q2_K": 10,
        "q3_K": 11,
        "q4_K": 12,
        "q5_K": 13,
        "q6_K": 14,
        "i8": 24,
        "i16": 25,
        "i32": 26,
        "i64": 27,
        "f64": 28,
        "bf16": 30,
    }
)
_Q8_0: Final = 8
_SOURCES: Final = frozenset({0, 1, _Q8_0, 30}) | PASSING
_ALIGNMENT: Final = 32
_MAGIC_AND_COUNTS: Final = 24
_OLD_LABEL: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:BF16|FP?16|FP?32|Q8_0)(?![A-Za-z0-9])", re.IGNORECASE
)
_NOT_IN_NAMES: Final = re.compile(r"[^\w .()+\[\]-]")
_NAME_LENGTH: Final = 80
_SPLIT_KEYS: Final = ("split.no", "split.count", "split.tensors.count")
_WRITTEN_KEYS: Final = ("general.quantization_version", "general.file_type")


class Parts:
    """The headers of all parts of a model, whose weights have been found whole."""

    def __init__(self, path: Path) -> None:
        """Read them; raises ModelFileError. `path` is the first part."""
        header, size = open_header(path)
        check_tensors(header, size)
        self.headers = [header]
        self.size = size
        count = header.values.get("split.count", 1)
        for number in range(2, (count if isinstance(count, int) else 1) + 1):
            header, size = open_header(part_path(path, number, int(count)))
            check_tensors(header, size)
            self.headers.append(header)
            self.size += size

    @property
    def tensors(self) -> Iterable[Tensor]:
        """All tensors of all parts."""
        return (tensor for header in self.headers for tensor in header.tensors)


def mix_number(quantisation: str) -> int:
    """Return llama.cpp's number for one of TARGETS."""
    return _MIX_NUMBERS[quantisation]


def check_source(parts: Parts, quantisation: str) -> None:
    """Raise ModelFileError unless a model can be made smaller; `quantisation` names what it is."""
    if any(tensor.kind not in _SOURCES for tensor in parts.tensors):
        raise ModelFileError(
            Text(
                "This model is quantised already ({name}), so it cannot be made smaller well",
                {"name": quantisation or "?"},
            ),
            Text(
                "Quantised a second time it would lose much more than its size. Download the size "
                "you want, or the model as F16, BF16 or Q8_0."
            ),
        )
    # llama.cpp writes the old number into the new file, and lays the weights out by its own.
    if any(header.alignment != _ALIGNMENT for header in parts.headers):
        raise ModelFileError(
            Text("This model file is laid out in a way that cannot be written anew"),
            Text("Download the size you want instead."),
        )


def is_quantised(parts: Parts) -> bool:
    """Return whether some of the weights are Q8_0 already."""
    return any(tensor.kind == _Q8_0 for tensor in parts.tensors)


def written_size(parts: Parts, shares: Iterable[tuple[str, int, int]]) -> int:
    """Return the size in bytes of the file that llama.cpp would write, a few bytes more at most.

    `shares` as in `side_messages.Share`: type, elements, count. Raises ValueError for a type that
    nobody asked for, or not as many tensors as there are.
    """
    tensors, size = 0, 0
    for name, elements, count in shares:
        if name not in _KINDS:
            message = f"weights in {name}"
            raise ValueError(message)
        block, block_size = TENSORS[_KINDS[name]]
        size += count * _padded(elements // block * block_size)
        tensors += count
    if tensors != sum(1 for _ in parts.tensors):
        message = f"{tensors} tensors"
        raise ValueError(message)
    return _header_size(parts) + size


def elements(parts: Parts) -> int:
    """Return how many numbers all weights are."""
    return sum(
        tensor.size // TENSORS[tensor.kind][1] * TENSORS[tensor.kind][0] for tensor in parts.tensors
    )


def stem_for(path: Path, name: str, quantisation: str) -> str:
    """Return how the file made of `path` is called, without its ending.

    `name` is what its header says, for files of other programs' stores that have no real one.
    """
    split = split_name(path)
    stem = split[0] if split else path.stem
    if path.suffix.casefold() != ".gguf":
        stem = shown(name)
    labels = list(_OLD_LABEL.finditer(stem))
    if labels:
        last = labels[-1]
        stem = stem[: last.start()] + stem[last.end() :]
    stem = _NOT_IN_NAMES.sub("_", stem)[:_NAME_LENGTH].strip(".-_ ") or "model"
    return f"{stem}-{quantisation}"


def _header_size(parts: Parts) -> int:
    """Return the bytes before the weights of the file that is written: one, without parts."""
    first = parts.headers[0]
    entries = first.data - _MAGIC_AND_COUNTS - sum(_entry_size(each) for each in first.tensors)
    entries -= sum(_key_size(first, key) for key in _SPLIT_KEYS if key in first.kinds)
    entries += sum(
        8 + len(key) + 4 + SCALARS[U32].size for key in _WRITTEN_KEYS if key not in first.kinds
    )
    return _padded(_MAGIC_AND_COUNTS + entries + sum(_entry_size(each) for each in parts.tensors))


def _key_size(header: Header, key: str) -> int:
    layout = SCALARS.get(header.kinds[key])
    return 8 + len(key) + 4 + (0 if layout is None else layout.size)


def _entry_size(tensor: Tensor) -> int:
    return 8 + len(tensor.name.encode()) + 4 + 8 * len(tensor.shape) + 4 + 8


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
