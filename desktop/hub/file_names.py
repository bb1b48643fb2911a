"""What file names from outside say, and which of them may become files here. Pure; any thread.

A name that others chose is never a path: of `folder/model.gguf` only `model.gguf` is used, inside
a folder of ours, and only if it could be a plain file on every system. The labels are those that
publishers of GGUF files use; they are read, never believed.
"""

import re
from typing import Final

from desktop.domain.errors import BadReference
from desktop.domain.split import split_stem
from desktop.domain.text import Text
from desktop.hub.network import shown_address

MOST_NAME_BYTES: Final = 200
MOST_FOLDER_BYTES: Final = 100
_FORBIDDEN: Final = frozenset('<>:"|?*\\/')
_RESERVED: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])[ ]*(?:\.|$)",
    re.IGNORECASE,
)
_SUFFIX: Final = ".gguf"
_MOST_PARTS: Final = 999
_LABEL: Final = (
    r"(?:UD-)?(?:TQ\d_0|I?Q\d(?:_[A-Z0-9]+)*|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32)(?:_[A-Z]+)?"
)
_LABEL_AT_END: Final = re.compile(rf"(?:^|[-._])({_LABEL})$", re.IGNORECASE)
_LABEL_INSIDE: Final = re.compile(rf"(?:^|[-._])({_LABEL})(?=[-.])", re.IGNORECASE)
_LABEL_ALONE: Final = re.compile(_LABEL, re.IGNORECASE)
_NO_CHAT_BEGINNINGS: Final = ("mtp-", "eagle3-", "dflash-", "dspark-", "ggml-vocab-")
_NO_CHAT_WORDS: Final = ("imatrix", "-draft", "embedding", "rerank")


def is_safe_name(name: str) -> bool:
    """Return whether `name` can be the name of a plain, visible file on every system."""
    return (
        bool(name)
        and name[0] not in ". "
        and name[-1] not in ". "
        and name.isprintable()
        and not _FORBIDDEN & set(name)
        and not _RESERVED.match(name)
        and len(name.encode(errors="replace")) <= MOST_NAME_BYTES
    )


def is_safe_path(path: str) -> bool:
    """Return whether every part of a path in a repository is a safe name."""
    return len(path) <= 1000 and all(is_safe_name(part) for part in path.split("/"))


def local_name(path: str) -> str:
    """Return the name that the file `path` of a repository gets here; raises BadReference."""
    if not is_safe_path(path):
        raise BadReference(
            Text("{name} is no name for a file", {"name": shown_address(path)}),
            Text("Whoever offers it may mean harm. Choose another repository."),
        )
    return path.rsplit("/", 1)[-1]


def safe_name(text: str, most: int = MOST_FOLDER_BYTES) -> str:
    """Return a safe name of at most `most` bytes, as near to `text` as possible; never empty."""
    # Half a surrogate pair is not printable, so what is kept can be encoded.
    kept = "".join(
        char if char.isprintable() and char not in _FORBIDDEN else "_" for char in text
    ).strip(". ")
    while len(kept.encode()) > most:
        kept = kept[:-1].strip(". ")
    return kept if is_safe_name(kept) else f"model_{kept}".strip("_ .")


def is_gguf(path: str) -> bool:
    """Return whether the name says GGUF."""
    return path.lower().endswith(_SUFFIX)


def split_part(path: str) -> tuple[str, int, int] | None:
    """Return (path without the part, part from 1, number of parts); None for a whole file."""
    split = split_stem(path[: -len(_SUFFIX)]) if is_gguf(path) else None
    return split if split is not None and 1 <= split[1] <= split[2] <= _MOST_PARTS else None


def stem(path: str) -> str:
    """Return the name of a model file without folder, part and ending."""
    split = split_part(path)
    whole = split[0] if split else path[: -len(_SUFFIX)] if is_gguf(path) else path
    return whole.rsplit("/", 1)[-1]


def quantisation_label(path: str) -> str:
    """Return the label in a file's name, or else in its folder's, as in `Q4_K_M`; may be empty."""
    name = stem(path)
    found = _LABEL_AT_END.search(name)
    if found is None:
        found = next(reversed(list(_LABEL_INSIDE.finditer(name))), None)
    if found is not None:
        return _spelt(found[1])
    for folder in reversed(path.split("/")[:-1]):
        alone = _LABEL_ALONE.fullmatch(folder) or _LABEL_AT_END.search(folder)
        if alone is not None:
            return _spelt(alone[alone.re.groups])
    return ""


def is_projector(path: str) -> bool:
    """Return whether a file lets a model see pictures instead of being one."""
    return "mmproj" in path.rsplit("/", 1)[-1].lower()


def is_for_chat(path: str) -> bool:
    """Return whether the name of a GGUF file speaks against a model to talk to."""
    name = path.rsplit("/", 1)[-1].lower()
    return not (
        is_projector(path)
        or name.startswith(_NO_CHAT_BEGINNINGS)
        or any(word in name for word in _NO_CHAT_WORDS)
    )


def _spelt(label: str) -> str:
    return label.upper().replace("FP16", "F16").replace("FP32", "F32")
