"""Models as values: which file, how it is to be loaded, what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final


class KvType(StrEnum):
    """Element type of the KV cache."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that can be chosen: a file of this computer, or one that a server has.

    `name` is what people type and see (the file's stem, `guide`, or as in `ollama:gemma2:9b`);
    `title` the longer display name; `size` in bytes, 0 where a server does not tell; `is_guide`
    marks the small built-in model. A served one has the name of its connection in `server`, its
    own name in the place of a `path`, and in `leaves_to` the host that reads what is asked, where
    that is not this computer; `embeds` where the server told that it is for searching, not for
    chats.
    """

    name: str
    title: str
    path: Path
    size: int
    is_guide: bool = False
    server: str = ""
    leaves_to: str = ""
    embeds: bool = False

    @property
    def is_served(self) -> bool:
        """Whether a server answers, so that there is no file and nothing is loaded here."""
        return bool(self.server)


class FlashAttention(StrEnum):
    """Whether attention is computed in one fused operation."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class DeviceKind(StrEnum):
    """What sort of device computes."""

    CPU = "cpu"
    GPU = "gpu"
    INTEGRATED_GPU = "igpu"
    ACCELERATOR = "accelerator"


# Cards that llama.cpp lists as discrete, by words of their descriptions: Mesa's and Google's
# programs, NVIDIA's boards with one memory for all.
_SHARING: Final = frozenset({"llvmpipe", "swiftshader", "orin", "xavier", "thor", "gb10"})


@dataclass(frozen=True, slots=True)
class Device:
    """A device that this build of llama.cpp can use.

    `name` is llama.cpp's own ("CUDA0", "Vulkan1", "CPU"), `backend` its kind ("CUDA"); memory in
    bytes, 0 where the driver does not tell. `library` is the file that computes, which for a
    processor says for which sort of it ("libggml-cpu-haswell.so"); `card` where the card sits in
    the computer, the same in all backends that know it. Both are empty where nobody knows.
    """

    name: str
    description: str
    backend: str
    kind: DeviceKind
    free: int
    total: int
    library: str = ""
    card: str = ""

    @property
    def is_gpu(self) -> bool:
        """Whether layers of a model can be given to it."""
        return self.kind in {DeviceKind.GPU, DeviceKind.INTEGRATED_GPU}

    @property
    def is_shared(self) -> bool:
        """Whether its memory is that of the computer, so that what it takes is missing there.

        So it is for a processor, for graphics inside one, for Apple's cards (not for those of
        others in older Macs), and where a program stands in for a card.
        """
        if self.kind is not DeviceKind.GPU:
            return True
        words = set(self.description.casefold().split())
        return bool(_SHARING & words) or (self.backend == "MTL" and "radeon" not in words)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How a model file is loaded into llama.cpp.

    `n_ctx` in tokens, shared by all slots; 0 takes the model's trained length, at most
    `DEFAULT_CONTEXT`. `n_gpu_layers` -1 offloads all layers that the build can offload, to the
    `devices` named (none named: all that are found), in the proportions of `tensor_split` (empty:
    by their free memory). `threads` 0 takes one per usable core. `n_batch` and `n_ubatch` in
    tokens. `extra_buffers` lets llama.cpp repack weights for this processor (faster, and the first
    thing given up after a crash). `swa_full` keeps sliding windows at full length; `mmap` maps the
    file instead of reading it. `draft_tokens` bounds how far is guessed ahead (0: not at all),
    from the text itself, by `draft_model`, or by the file's own `next_token_heads`. A state that
    cannot be cut is kept so often more that `rollback` tokens can be taken back.

    `layers` (the output counts as one), `layer_bytes` and `device_bytes` say what the model takes
    where it computes: each layer with its cache, and the buffers on each device; `auto_context` is
    what an `n_ctx` of 0 comes to. 0 where unknown. `can_shrink_cache` allows a quantised cache in
    the place of one of F16 where memory runs out.
    """

    path: Path
    n_ctx: int = 0
    n_gpu_layers: int = -1
    threads: int = 0
    n_batch: int = 512
    n_ubatch: int = 512
    kv_type: KvType = KvType.F16
    extra_buffers: bool = True
    slots: int = 4
    flash_attention: FlashAttention = FlashAttention.AUTO
    swa_full: bool = False
    mmap: bool = False
    devices: tuple[str, ...] = ()
    tensor_split: tuple[float, ...] = ()
    draft_tokens: int = 8
    draft_model: Path | None = None
    next_token_heads: bool = False
    rollback: int = 0
    layers: int = 0
    layer_bytes: int = 0
    device_bytes: int = 0
    auto_context: int = 0
    can_shrink_cache: bool = False


DEFAULT_CONTEXT = 8192


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What llama.cpp made of a plan.

    Sizes in bytes, lengths in tokens. `n_ctx` is the real context window, `n_ctx_train` the trained
    one. `devices` names what computes, e.g. `("CPU",)`; `offloaded_layers` are on a GPU, where the
    model took `gpu_memory` of what was free (0 where nobody tells). `embeds` means that it turns
    texts into vectors and does not answer. `load_ms` in milliseconds.
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
    embeds: bool = False
    offloaded_layers: int = 0
    gpu_memory: int = 0


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """What the header of a model file says, enough to list it and to estimate its memory.

    `metadata` holds the scalar keys and short arrays of numbers; `weights` in bytes, of which
    `head_weights` are a block that only guesses the next tokens (0 where there is none);
    `parameters` is their count, 0 for a split model, whose first part does not hold them all.
    `active` bytes of the weights are read for each token of an answer, 0 where nobody knows;
    `looked_up` bytes are tables that stay with the processor, which reads a row of them alone.
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
    head_weights: int = 0
    parameters: int = 0
    active: int = 0
    looked_up: int = 0
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
