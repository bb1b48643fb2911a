"""Whether llama.cpp can load a model file. Runs inside a process for one job.

In `no_alloc` mode everything is read but the weights, and every buffer is planned but none is made,
so it takes about a second for a model of any size. That mode needs a load without memory map, or
llama.cpp aborts.
"""

from collections import deque
from typing import Any, Final

from desktop.inference.loading import ModelParameters, context_parameters, load_error
from desktop.inference.messages import Load
from desktop.inference.side_messages import Probe

_CONTEXT: Final = 256
_LOG_LINES: Final = 60
_LEVEL_WARN: Final = 3


def probe(lib: Any, ggml: Any, order: Probe) -> None:
    """Load without weights, and plan a small context; raises LoadError with the reason if not."""
    log: deque[str] = deque(maxlen=_LOG_LINES)

    def take(level: int, text: bytes, _data: Any) -> None:
        if level >= _LEVEL_WARN:
            log.append(text.decode("utf-8", "replace").strip())

    # ctypes frees a callback that nothing refers to.
    callback = lib.llama_log_callback(take)
    lib.llama_log_set(callback, None)
    load = Load(
        path=order.path,
        n_ctx=_CONTEXT,
        n_gpu_layers=0,
        threads=1,
        n_batch=_CONTEXT,
        n_ubatch=_CONTEXT,
        kv_type="f16",
        extra_buffers=False,
        slots=1,
    )
    parameters = ModelParameters(lib, ggml, load, lambda _share: None)
    parameters.native.no_alloc = True
    model = lib.llama_model_load_from_file(order.path, parameters.native)
    if not model:
        raise load_error(log)
    trained = lib.llama_model_n_ctx_train(model)
    if not lib.llama_init_from_model(model, context_parameters(lib, load, trained)):
        raise load_error(log, context=True)
