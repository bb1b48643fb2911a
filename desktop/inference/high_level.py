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

from desktop.inference.child import harden


def main(parent: int) -> None:
    """Load the model that the first line names, then answer one question a line, to the end.

    Or until `parent` (a process id) dies, in the middle of an answer too.
    """
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    harden(parent)
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
    most = order["max_tokens"]
    common = {"max_tokens": most, "temperature": 0.0, "repeat_penalty": 1.0, "stream": True}
    read: list[int] = []
    complete = model.create_completion

    def look(*, prompt: Any, **options: Any) -> Any:
        # The stream does not tell how many tokens the chat template made of the question.
        read.extend(model.tokenize(prompt.encode()) if isinstance(prompt, str) else prompt)
        return complete(prompt=prompt, **options)

    model.reset()
    model.create_completion = look
    started = time.perf_counter()
    if order["prompt"] is None:
        question = {"role": "user", "content": order["question"]}
        chunks = model.create_chat_completion(messages=[question], **common)
    else:
        chunks = model.create_completion(prompt=order["prompt"], **common)
    first, reason = 0.0, None
    for chunk in chunks:
        first = first or time.perf_counter()
        reason = chunk["choices"][0]["finish_reason"] or reason
    ended = time.perf_counter()
    model.create_completion = complete
    limited = reason == "length"
    return {
        "prompt_tokens": len(read),
        "read_seconds": first - started,
        "write_seconds": ended - first,
        # The last token that a limit allows is never decoded.
        "steps": most - 1 if limited else model.n_tokens - len(read),
    }
