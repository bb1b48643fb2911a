"""What a model file is, from its header alone: read before any native code sees the file.

Bounded and fast (a 128k vocabulary in well under 0.3 s); runs in whichever thread asks. Split
models are read through their first part.
"""

import re
from math import prod
from pathlib import Path
from typing import Final

from desktop.domain.errors import ModelFileError
from desktop.domain.model import GgufInfo
from desktop.domain.text import Text
from desktop.models.active import active_in, looked_up_in, whole_of_parts
from desktop.models.gguf_architectures import WITH_HEADS
from desktop.models.gguf_faults import impossible, shown
from desktop.models.gguf_reader import TOKENS, Header, read_header
from desktop.models.gguf_rules import check_kind, check_meaning, check_shape, check_tensors
from desktop.models.gguf_types import MIX_GUESSED, MIXES
from desktop.models.model_file import open_model_file, unreadable
from desktop.models.split import part_path

_TEMPLATE: Final = "tokenizer.chat_template"
_KEPT_TEXT: Final = 4096
_SEEING_ROOM: Final = 2**30
_PARTS: Final = 1000
_HEAD_PARTS: Final = ("eh_proj", "enorm", "hnorm")
_LABEL: Final = re.compile(
    r"(?<![A-Za-z0-9])((?:IQ[1-4]|Q[1-8]|TQ[12])_(?:\d|K|NL|XXS|XS|S|M)(?:_(?:XL|XS|S|M|L))?"
    r"|BF16|F16|F32|MXFP4|NVFP4)(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def read_gguf(path: Path) -> GgufInfo:
    """Read and check the header of `path`; raises ModelFileError with its own title for each kind.

    `size` and `weights` count all parts of a split model. When the header does not name it,
    `{architecture}.vocab_size` is added to `metadata` as the number of tokens; the chat template
    and long texts are left out.
    """
    header, size = open_header(path)
    return info_of(header, path, size, _other_parts(path, header))


def info_of(header: Header, path: Path, size: int, others: int = 0) -> GgufInfo:
    """Return what the header of a file of `size` bytes says, checked; raises ModelFileError.

    `others` are the bytes of the other parts of a split model. Nothing is looked for at `path`.
    """
    architecture = check_kind(header)
    check_meaning(header, architecture)
    weights = check_tensors(header, size)
    heads = _head_weights(header, architecture)
    active = active_in(header, architecture, heads)
    return GgufInfo(
        path=path,
        size=size + others,
        architecture=architecture,
        name=_name(header, path),
        quantisation=_quantisation(header, path),
        context_length=_whole(header, f"{architecture}.context_length"),
        block_count=_whole(header, f"{architecture}.block_count"),
        has_template=bool(header.values.get(_TEMPLATE)),
        weights=weights + others,
        head_weights=heads,
        parameters=0 if others else sum(prod(tensor.shape) for tensor in header.tensors),
        active=whole_of_parts(active, weights, weights + others),
        looked_up=looked_up_in(header),
        metadata=_metadata(header, architecture),
    )


def beginning_of(header: Header, path: Path, size: int) -> GgufInfo:
    """Return what is known of a model of `size` bytes by the beginning of its header.

    The file counts as weights as a whole. Whatever stands behind the vocabulary, tensors and chat
    template, is as if it were not there. Raises ModelFileError.
    """
    architecture = check_kind(header)
    check_shape(header, architecture)
    return GgufInfo(
        path=path,
        size=size,
        architecture=architecture,
        name=_name(header, path),
        quantisation=_quantisation(header, path),
        context_length=_whole(header, f"{architecture}.context_length"),
        block_count=_whole(header, f"{architecture}.block_count"),
        has_template=False,
        weights=size,
        metadata=_metadata(header, architecture),
    )


def projector_bytes(path: Path) -> int:
    """Return what a model takes beside for pictures, with the projector file `path`, in bytes.

    Raises ModelFileError.
    """
    return seeing_bytes(*open_header(path))


def seeing_bytes(header: Header, size: int) -> int:
    """Return the bytes that a projector of this header takes: its weights, and room to compute.

    `size` of the file. How much room the pictures need is known only while they are looked at; this
    is what Ollama leaves, too. Raises ModelFileError.
    """
    if (
        header.values.get("general.type") != "mmproj"
        and header.values.get("general.architecture") != "clip"
    ):
        raise ModelFileError(
            Text("This file does not let a model see pictures"),
            Text("The right one has mmproj in its name and comes with the model."),
        )
    return check_tensors(header, size) + _SEEING_ROOM


def _name(header: Header, path: Path) -> str:
    name = header.values.get("general.name")
    return (shown(name) if isinstance(name, str) else "") or path.stem


def _head_weights(header: Header, architecture: str) -> int:
    """Return the bytes of the last block, if that only guesses the next tokens and can be used.

    Of a model in parts only the first one is read, so nothing is known of its last block.
    """
    if architecture not in WITH_HEADS:
        return 0
    layers = _whole(header, f"{architecture}.block_count")
    prefix = f"blk.{layers - 1}."
    names = {tensor.name for tensor in header.tensors}
    if header.values.get(f"{architecture}.nextn_predict_layers") != 1 or not all(
        f"{prefix}nextn.{part}.weight" in names for part in _HEAD_PARTS
    ):
        return 0
    return sum(one.size for one in header.tensors if one.name.startswith(prefix))


def open_header(path: Path) -> tuple[Header, int]:
    """Return the header of `path` and the bytes of the file; raises ModelFileError.

    Checks what the format itself demands, see `gguf_reader.read_header`.
    """
    stream, size = open_model_file(path)
    with stream:
        try:
            return read_header(stream, size), size
        except OSError as error:
            raise unreadable(path, error) from error


def _whole(header: Header, key: str) -> int:
    value = header.values[key]
    if not isinstance(value, int):
        raise impossible(key, value)
    return value


def _metadata(header: Header, architecture: str) -> dict[str, object]:
    out: dict[str, object] = {
        key: value
        for key, value in header.values.items()
        if not (isinstance(value, str) and (key == _TEMPLATE or len(value) > _KEPT_TEXT))
    }
    out |= {key: array.numbers for key, array in header.arrays.items() if array.numbers}
    tokens = header.arrays.get(TOKENS)
    if tokens is not None:
        out.setdefault(f"{architecture}.vocab_size", tokens.count)
    return out


def _quantisation(header: Header, path: Path) -> str:
    """Return the mix as people know it (`Q4_K_M`), or an empty text."""
    mix = header.values.get("general.file_type")
    if isinstance(mix, int) and mix & ~MIX_GUESSED in MIXES:
        return MIXES[mix & ~MIX_GUESSED]
    found = _LABEL.findall(path.stem)
    return str(found[-1]).upper() if found else ""


def _other_parts(path: Path, header: Header) -> int:
    """Return the bytes of the other parts of a split model, all of which must be there."""
    number, count = header.values.get("split.no", 0), header.values.get("split.count", 1)
    if not isinstance(number, int) or not isinstance(count, int) or not 0 <= count <= _PARTS:
        raise impossible("split.no, split.count", f"{number}, {count}")
    if count <= 1:
        return 0
    if number > 0:
        raise ModelFileError(
            Text(
                "This is part {number} of a model in {count} parts",
                {"number": number + 1, "count": count},
            ),
            Text(
                "Keep all parts in one folder and open the first, {name}.",
                {"name": shown(part_path(path, 1, count).name)},
            ),
        )
    return sum(_part_size(part_path(path, part, count), count) for part in range(2, count + 1))


def _part_size(part: Path, count: int) -> int:
    try:
        return part.stat().st_size
    except OSError:
        raise ModelFileError(
            Text("Parts of this model are missing"),
            Text(
                "It comes in {count} parts; {name} is not in the folder. Download it too.",
                {"count": count, "name": shown(part.name)},
            ),
        ) from None
