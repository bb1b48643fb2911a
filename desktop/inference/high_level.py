"""llama-cpp-python's own streaming chat: what Lapis is measured against. A process of its own.

Started by `services.bench_bindings`; one JSON object a line in and out. Nothing of Lapis's engine
runs here: it is the way most programs use llama.cpp from Python.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any


def main() -> None:
    """Load the model that the first line names, then answer one question a line, to the end."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    orders = map(json.loads, sys.stdin)
    try:
        model = _model(next(orders))
        print(json.dumps({"ready": True}), file=reports)
        for order in orders:
            print(json.dumps(_answer(model, order)), file=reports)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in there is the result
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=reports)


def _model(order: Mapping[str, Any]) -> Any:
    # Banned everywhere else in favour of the low-level bindings; here it is what is measured.
    from llama_cpp import Llama  # noqa: TID251

    return Llama(
        model_path=order["path"],
        n_ctx=order["n_ctx"],
        n_batch=order["n_batch"],
        n_ubatch=order["n_batch"],
        n_threads=order["threads"],
        n_threads_batch=order["threads"],
        n_gpu_layers=order["n_gpu_layers"],
        use_mmap=False,
        flash_attn=True,
        swa_full=False,
        verbose=False,
    )


def _answer(model: Any, order: Mapping[str, Any]) -> dict[str, float]:
    """Return tokens read, seconds until the first piece, seconds from there, and steps of it."""
    counted = _Counted(model)
    model.reset()
    started = time.perf_counter()
    first, reason = 0.0, None
    try:
        for chunk in model.create_chat_completion(
            messages=[{"role": "user", "content": order["question"]}],
            max_tokens=order["max_tokens"],
            temperature=0.0,
            repeat_penalty=1.0,
            stream=True,
        ):
            first = first or time.perf_counter()
            reason = chunk["choices"][0]["finish_reason"] or reason
    finally:
        counted.close()
    ended = time.perf_counter()
    most = order["max_tokens"]
    written = most if reason == "length" else model.n_tokens - counted.prompt_tokens
    return {
        "prompt_tokens": counted.prompt_tokens,
        "read_seconds": first - started,
        "write_seconds": ended - first,
        "steps": written - 1 if reason == "length" else written,
    }


class _Counted:
    """Looks how many tokens the chat template made of a question; the stream does not tell."""

    def __init__(self, model: Any) -> None:
        self.prompt_tokens = 0
        self._model = model
        self._complete = model.create_completion
        model.create_completion = self._look

    def _look(self, *arguments: Any, **options: Any) -> Any:
        self.prompt_tokens = len(options["prompt"])
        return self._complete(*arguments, **options)

    def close(self) -> None:
        del self._model.create_completion
