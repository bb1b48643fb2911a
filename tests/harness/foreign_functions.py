"""Libraries of systems that are not here, their functions written in Python.

A call goes through C as it was declared: numbers that are too long, addresses taken for numbers and
structures laid out wrongly end here as they would end there.
"""

import ctypes
from collections.abc import Callable
from typing import Any


class ForeignFunction:
    """A function of such a library; declared by whoever uses it, as ctypes wants it."""

    def __init__(self, name: str, do: Callable[..., Any]) -> None:
        self._name = name
        self._do = do
        self.restype: Any = ctypes.c_int
        self.argtypes: tuple[Any, ...] | None = None

    def __call__(self, *values: Any) -> Any:
        """Call it through C."""
        assert self.argtypes is not None, f"{self._name} was called without being declared"
        prototype = ctypes.CFUNCTYPE(self.restype, *self.argtypes)
        return prototype(self._do)(*values)


class ForeignLibrary:
    """Its functions are what it was made with, under the names that they have there."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        for name, do in functions.items():
            setattr(self, name, ForeignFunction(name, do))
