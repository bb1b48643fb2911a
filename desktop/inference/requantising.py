"""Writing a model file anew in a smaller quantisation, and what it would come to.

Runs inside a process for one job. llama.cpp tells only its log which type each tensor gets and how
far it is, so that is read here. A line begins with the tensor ("[  3/ 27] name - [shape], type =
f16, ") and goes on, in a call of its own, with what became of it ("size = 1 MiB -> 1 MiB (q4_K)").
"""

import ctypes
import os
import re
import sys
from collections import Counter, deque
from collections.abc import Callable
from math import prod
from typing import Any, Final

from desktop.inference.loading import LoadError, load_error
from desktop.inference.side_messages import Predict, Predicted, Quantise, Share

# The name may hold anything; so the end of the line is what counts.
_BEGIN: Final = re.compile(r"\[ *\d+/ *\d+\] .* - \[([ \d,]+)\], type = *(\w+), ", re.DOTALL)
_CHANGED: Final = re.compile(r"size = *[\d.]+ MiB -> *[\d.]+ MiB \((\w+)\)\n")
_WRITE_FAULTS: Final = ("basic_ios", "iostream")
_BAD_NUMBERS: Final = ("data validation failed", "has invalid data")
_LOG_LINES = 20
_DETAIL = 500
_LEVEL_WARN = 3
# Rows of a tensor that are in memory at once; llama.cpp itself would take up to 8 GiB.
_BUFFER: Final = 256 * 2**20
_NICE: Final = 10
_BELOW_NORMAL_PRIORITY: Final = 0x4000


class _Log:
    """llama.cpp's log while it quantises."""

    def __init__(self, lib: Any, on_tensor: Callable[[int], None]) -> None:
        """Listen; `on_tensor` gets the numbers in the tensors before each new one."""
        self.errors: deque[str] = deque(maxlen=_LOG_LINES)
        self.tensors: list[tuple[str, int]] = []
        self._on_tensor = on_tensor
        self._before = 0
        # ctypes frees a callback that nothing refers to.
        self._callback = lib.llama_log_callback(self._take)
        lib.llama_log_set(self._callback, None)

    def _take(self, level: int, text: bytes, _data: Any) -> None:
        line = text.decode("utf-8", "replace")
        if _LEVEL_WARN <= level <= _LEVEL_WARN + 1:
            self.errors.append(line.strip())
        elif begun := _BEGIN.fullmatch(line):
            elements = prod(int(part) for part in begun[1].split(","))
            self.tensors.append((begun[2], elements))
            self._on_tensor(self._before)
            self._before += elements
        elif self.tensors and (changed := _CHANGED.fullmatch(line)):
            self.tensors[-1] = changed[1], self.tensors[-1][1]


def predict(lib: Any, order: Predict) -> Predicted:
    """Return which types the tensors would get; raises LoadError."""
    mixes = []
    for mix in order.mixes:
        log = _Log(lib, lambda _elements: None)
        parameters = lib.llama_model_quantize_default_params()
        parameters.ftype = mix
        parameters.dry_run = True
        _run(lib, log, order.path, b"", parameters)
        shares = Counter(log.tensors)
        mixes.append([Share(kind, elements, n) for (kind, elements), n in shares.items()])
    return Predicted(mixes)


def quantise(lib: Any, order: Quantise, on_progress: Callable[[int], None]) -> None:
    """Write the file; `on_progress` gets how many numbers are done. Raises LoadError.

    Gives way to every other program, the engine of chats above all.
    """
    _give_way()
    # In there, so that its name need not be one that only some systems can write.
    os.chdir(os.fsdecode(order.folder))
    parameters = lib.llama_model_quantize_default_params()
    parameters.ftype = order.mix
    parameters.nthread = order.threads
    parameters.allow_requantize = order.again
    parameters.max_buf_size = _BUFFER
    _run(lib, _Log(lib, on_progress), order.path, order.name.encode("ascii"), parameters)


def _run(lib: Any, log: _Log, path: bytes, target: bytes, parameters: Any) -> None:
    if lib.llama_model_quantize(path, target, ctypes.byref(parameters)) == 0:
        return
    said = "\n".join(log.errors)
    if any(mark in said for mark in _WRITE_FAULTS):
        raise LoadError("written", said[-_DETAIL:])
    if any(mark in said for mark in _BAD_NUMBERS):
        raise LoadError("damaged", said[-_DETAIL:])
    raise load_error(log.errors)


def _give_way() -> None:
    if sys.platform == "win32":
        kernel = ctypes.CDLL("kernel32")
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY)
    else:
        os.nice(_NICE)
