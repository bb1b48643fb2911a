"""Models as values: which file, how it is to be loaded, what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class KvType(StrEnum):
    """Element type of the KV cache."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model file that can be chosen.

    `name` is what people type and see (the file's stem, or `guide`); `title` the longer display
    name; `size` in bytes; `is_guide` marks the small built-in model.
    """

    name: str
    title: str
    path: Path
    size: int
    is_guide: bool = False


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How a model file is loaded into llama.cpp.

    `n_ctx` in tokens, shared by all slots; 0 takes the model's trained length, at most
    `DEFAULT_CONTEXT`. `n_gpu_layers` -1 offloads all layers that the build can offload. `threads`
    0 takes one per usable core. `n_batch` and `n_ubatch` in tokens. `extra_buffers` lets llama.cpp
    repack weights for this processor (faster, and the first thing given up after a crash).
    """

    path: Path
    n_ctx: int = 0
    n_gpu_layers: int = -1
    threads: int = 0
    n_batch: int = 512
    n_ubatch: int = 512
    kv_type: KvType = KvType.F16
    extra_buffers: bool = True
    slots: int = 1


DEFAULT_CONTEXT = 8192


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What llama.cpp made of a plan.

    Sizes in bytes, lengths in tokens. `n_ctx` is the real context window, `n_ctx_train` the
    trained one. `devices` names what computes, e.g. `("CPU",)`. `load_ms` in milliseconds.
    """

    plan: LoadPlan
    description: str
    architecture: str
    parameters: int
    weights: int
    n_ctx: int
    n_ctx_train: int
    devices: tuple[str, ...]
    has_template: bool
    load_ms: float


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """What the header of a model file says, enough to list it and to estimate its memory.

    `metadata` holds the scalar keys and short arrays of numbers; `weights` in bytes.
    """

    path: Path
    size: int
    architecture: str
    name: str
    quantisation: str
    context_length: int
    block_count: int
    has_template: bool
    weights: int
    metadata: dict[str, object] = field(default_factory=dict[str, object])


class FitLevel(StrEnum):
    """Whether a plan fits into memory: with room, only just, or not at all."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Fit:
    """Memory a plan needs against what this computer has; all in bytes."""

    level: FitLevel
    needed: int
    available: int
    total: int
