"""Native parameters for a model and its context, and why llama.cpp refused. Engine process only.

The parameters follow what was measured: no memory map on the processor (repacked weights would lie
there twice), a window-sized cache for sliding-window models, flash attention where supported, and
only as many rows of logits as answers can use at once.
"""

import ctypes
from collections.abc import Callable, Iterable
from typing import Any, Final

from desktop.inference.load_order import Load

DEFAULT_CONTEXT: Final = 8192
_CONTEXT_STEP: Final = 256
_KV_TYPES: Final = {"f16": 1, "q4_0": 2, "q8_0": 8}
_FLASH_ATTENTION: Final = {"auto": -1, "off": 0, "on": 1}
_LOAD_MODE_NONE: Final = 0
_LOAD_MODE_MMAP: Final = 1
_POOLING_BY_FILE: Final = -1
_LONGEST_VALUE: Final = 512
_CAUSES: Final = (
    (
        "memory",
        (
            *("failed to allocate", "unable to allocate", "insufficient memory"),
            *("out of memory", "bad_alloc"),
        ),
    ),
    ("architecture", ("unknown model architecture",)),
    ("damaged", ("not within the file bounds", "corrupted or incomplete")),
)


class LoadError(Exception):
    """llama.cpp refused; `kind` as in `messages.LoadFailed`."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class ModelParameters:
    """`llama_model_params` for an order, with everything they point to."""

    def __init__(
        self, lib: Any, ggml: Any, order: Load, on_progress: Callable[[float], None]
    ) -> None:
        """Translate `order`; raises LoadError for a device that is not there."""
        self.native = lib.llama_model_default_params()
        native = self.native
        native.load_mode = _LOAD_MODE_MMAP if order.mmap else _LOAD_MODE_NONE
        # llama.cpp takes any negative number as "all layers".
        native.n_gpu_layers = order.n_gpu_layers
        native.use_extra_bufts = order.extra_buffers
        native.load_mtp = order.next_token_heads
        # Unasked, llama.cpp wakes the driver of every card, also for a model that puts no layer on
        # any; after a driver's death that would be the next one.
        names = order.devices if order.n_gpu_layers else []
        if names or order.n_gpu_layers == 0:
            self._devices = self._named_devices(ggml, names)
            native.devices = ctypes.cast(self._devices, ctypes.c_void_p)
        if order.tensor_split:
            self._split = (ctypes.c_float * lib.llama_max_devices())(*order.tensor_split)
            native.tensor_split = self._split

        def report(fraction: float, _data: Any) -> bool:
            on_progress(fraction)
            return True

        self._progress = lib.llama_progress_callback(report)
        native.progress_callback = self._progress

    @staticmethod
    def _named_devices(ggml: Any, names: Iterable[str]) -> Any:
        """Return the handles as an array that ends with a null pointer; raises LoadError."""
        handles = []
        for name in names:
            handle = ggml.ggml_backend_dev_by_name(name.encode())
            if not handle:
                raise LoadError("device", name)
            handles.append(handle)
        return (ctypes.c_void_p * (len(handles) + 1))(*handles)


def context_parameters(lib: Any, order: Load, trained: int) -> Any:
    """Return `llama_context_params` for a model that answers; `trained` tokens is its own length."""
    params = lib.llama_context_default_params()
    wanted = order.n_ctx or min(trained or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    # llama.cpp rounds up by itself, but not before it has cut the batch down to the smaller number.
    params.n_ctx = -(-wanted // _CONTEXT_STEP) * _CONTEXT_STEP
    params.n_batch = order.n_batch
    params.n_ubatch = min(order.n_ubatch, order.n_batch)
    params.n_seq_max = order.slots
    params.n_rs_seq = order.rollback
    params.n_outputs_max = min(order.n_batch, order.slots + order.draft_tokens)
    params.n_threads = params.n_threads_batch = order.threads
    params.type_k = params.type_v = _KV_TYPES[order.kv_type]
    params.flash_attn_type = _FLASH_ATTENTION[order.flash_attention]
    params.swa_full = order.swa_full
    params.kv_unified = True
    params.no_perf = True
    return params


def embedding_parameters(lib: Any, order: Load, trained: int) -> Any:
    """Return `llama_context_params` for a model that turns texts into vectors.

    A text must be seen whole, so one batch is as long as the context.
    """
    params = context_parameters(lib, order, trained)
    params.n_ctx = params.n_batch = params.n_ubatch = min(trained or order.n_batch, params.n_ctx)
    # One text at a time; llama.cpp aborts where several do not share a batch evenly.
    params.n_seq_max = 1
    params.n_outputs_max = 0
    params.embeddings = True
    params.pooling_type = _POOLING_BY_FILE
    return params


def make_context(
    lib: Any, model: Any, order: Load, trained: int, *, embeds: bool
) -> tuple[Any, Any]:
    """Return a context of `model` (null where llama.cpp refuses) and the parameters it was made of."""
    params = (embedding_parameters if embeds else context_parameters)(lib, order, trained)
    ctx = lib.llama_init_from_model(model, params)
    if not ctx and params.n_rs_seq:
        # Answers are the same without guesses.
        params.n_rs_seq = 0
        ctx = lib.llama_init_from_model(model, params)
    return ctx, params


def is_for_embedding(lib: Any, model: Any) -> bool:
    """Whether the file asks for pooling, or knows no decoding."""
    architecture = text_about(lib, model, "general.architecture")
    pooling = text_about(lib, model, f"{architecture}.pooling_type")
    causal = text_about(lib, model, f"{architecture}.attention.causal")
    return pooling not in {"", "0"} or causal == "false"


def keeps_state(lib: Any, model: Any) -> bool:
    """Whether the model keeps a state of all it has read, in all of its layers or in some."""
    return bool(lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model))


def text_about(lib: Any, model: Any, key: str) -> str:
    """Return a scalar of the file's header as text, or an empty string."""
    buffer = ctypes.create_string_buffer(_LONGEST_VALUE)
    count = lib.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if count > 0 else ""


def load_error(log: Iterable[str], *, context: bool = False) -> LoadError:
    """Return what the last lines of llama.cpp's log say about a failure.

    `context`: the model was there already, and what failed was its context.
    """
    lines = list(log)
    text = "\n".join(lines)
    for kind, marks in _CAUSES:
        if any(mark in text.lower() for mark in marks):
            return LoadError("context" if context and kind == "memory" else kind, text[-500:])
    return LoadError("other", next((line for line in lines if "error" in line), "")[-500:])
