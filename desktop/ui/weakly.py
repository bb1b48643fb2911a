"""Calls that do not keep alive whom they call.

Two objects that know each other are garbage that only a full round of Python's collector finds, and
those are rare here: messages that were scrolled past would lie in memory by the hundred until then.
So what a part of a message is to call, it is given like this. GUI thread; standard library only.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakMethod

__all__ = ["weakly"]

P = ParamSpec("P")
R = TypeVar("R")


def weakly(method: Callable[P, R], otherwise: R) -> Callable[P, R]:
    """Return `method`, bound to an object that may go meanwhile: then the answer is `otherwise`."""
    return partial(_call, WeakMethod(method), otherwise)


def _call(known: WeakMethod[Callable[P, R]], otherwise: R, *args: P.args, **kwargs: P.kwargs) -> R:
    method = known()
    return method(*args, **kwargs) if method is not None else otherwise
