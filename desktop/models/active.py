"""How many bytes of its weights a model reads for each token of an answer.

Answering waits for memory, so its speed follows from these bytes. Not read are: the table in which
tokens are looked up, but for a row (where the same table is not the output too), the experts that
are not chosen, and the block that only guesses ahead.

A mixture waits for more than its bytes: each layer chooses experts before it reads them, here and
there. Publicly those with 3 of 30 billion parameters in use are timed at 4 to 5 times the speed of
a whole model of that size, where bytes alone would say 10; so theirs count nearly twice. Pure
arithmetic; any thread.
"""

import re
from typing import Final

from desktop.domain.catalogue import ListedModel
from desktop.domain.model import GgufInfo
from desktop.models.gguf_reader import Header
from desktop.models.kv_cache import Keys

_OUTPUT: Final = "output.weight"
_WORDS: Final = "token_embd.weight"
_LAYER_WORDS: Final = "per_layer_token_embd.weight"
_EXPERTS: Final = "_exps."
# What the bytes of a mixture count, to be comparable to those of a whole model.
_SCATTERED: Final = 1.8
# Of a mixture, what every token passes through, where nothing tells: attention and shared parts.
_ALWAYS: Final = 0.1
_MATRICES: Final = 3
# "30B-A3B": of 30 billion parameters 3 are in use.
_IN_USE: Final = re.compile(r"(\d+(?:\.\d+)?)b[-_]a(\d+(?:\.\d+)?)b")


def active_in(header: Header, architecture: str, head_weights: int = 0) -> int:
    """Return the bytes that the tensors of `header` are read with; 0 where it lists none.

    `head_weights` bytes of them are a block that only guesses ahead.
    """
    used = _share_used(
        header.values.get(f"{architecture}.expert_used_count"),
        header.values.get(f"{architecture}.expert_count"),
    )
    read = sum(
        tensor.size * (used if _EXPERTS in tensor.name else 1.0) for tensor in header.tensors
    )
    active = max(0.0, read - looked_up_in(header) - head_weights)
    return round(_counted(active, sum(tensor.size for tensor in header.tensors), used))


def looked_up_in(header: Header) -> int:
    """Return the bytes of tables of which a token reads a row, and which are no output too."""
    sizes = {tensor.name: tensor.size for tensor in header.tensors}
    words = sizes.get(_WORDS, 0) if _OUTPUT in sizes else 0
    return words + sizes.get(_LAYER_WORDS, 0)


def active_weights(info: GgufInfo) -> int:
    """Return the bytes of weights that `info`'s model reads for each token.

    By its tensors; where only the beginning of the file is known, by the keys of its experts.
    """
    if info.active:
        return info.active
    keys = Keys(info)
    experts = keys.number("expert_count")
    used = _share_used(keys.number("expert_used_count"), experts)
    if used == 1.0:
        return info.weights - info.head_weights
    width = keys.number("embedding_length")
    in_experts = (
        info.block_count * experts * _MATRICES * width * keys.number("expert_feed_forward_length")
    )
    share = 1 - _ALWAYS
    if info.parameters and in_experts:
        share = min(1.0, in_experts / info.parameters)
    return round(_counted(info.weights * (1 - share + share * used), info.weights, used))


def active_listed(model: ListedModel, weights: int) -> int:
    """Return the same for a model of the catalogue in a quantisation of so many bytes of `weights`."""
    if not model.parameters:
        return weights
    if model.active_parameters:
        share = model.active_parameters / model.parameters
        return round(_counted(weights * share, weights, share))
    return round(weights * (1 - model.looked_up / model.parameters))


def active_named(name: str, weights: int) -> int:
    """Return the same for a model of which nothing is known but its name, and so many `weights`.

    Makers of mixtures name both sizes; any other is taken to be read whole.
    """
    named = _IN_USE.search(name.casefold())
    if named is None:
        return weights
    whole, used = map(float, named.groups())
    share = used / whole if 0 < used < whole else 1.0
    return round(_counted(weights * share, weights, share))


def whole_of_parts(active: int, listed: int, whole: int) -> int:
    """Return what a model in parts reads, whose first part lists tensors of `listed` bytes.

    They are taken to be like those of the other parts, `whole` bytes together.
    """
    return round(active * whole / listed) if listed else 0


def _counted(active: float, whole: int, used: float) -> float:
    """Return what `active` bytes of a model count, of whose experts the share `used` is used."""
    return active if used == 1.0 else min(active * _SCATTERED, whole)


def _share_used(used: object, count: object) -> float:
    if isinstance(used, int) and isinstance(count, int) and 0 < used < count:
        return used / count
    return 1.0
