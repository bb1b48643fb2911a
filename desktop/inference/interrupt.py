"""A stop that native code notices by itself. Runs inside the engine process.

llama.cpp asks a callback after every operation whether to go on. A callback in Python costs a fast
model a tenth of its speed, so it gets a C function that is there anyway: `strlen` of a byte that is
zero says 0, go on; of one that is not, 1. The byte may be written by any thread at any time.
"""

import ctypes
import sys
from typing import Any

_GO, _STOP = b"\0", b"\1"


class Interrupt:
    """A flag for `llama_set_abort_callback`; must live as long as the contexts that use it."""

    def __init__(self) -> None:
        """Begin lowered."""
        self._flag = ctypes.create_string_buffer(2)
        runtime_library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
        self._address = ctypes.cast(runtime_library.strlen, ctypes.c_void_p).value

    def up(self) -> None:
        """Stop what is being computed."""
        self._flag[0] = _STOP

    def down(self) -> None:
        """Let things be computed again."""
        self._flag[0] = _GO

    def attach(self, lib: Any, ctx: Any) -> None:
        """Let native code of `ctx` look at the flag."""
        callback = lib.ggml_abort_callback(self._address)
        lib.llama_set_abort_callback(ctx, callback, ctypes.cast(self._flag, ctypes.c_void_p))
