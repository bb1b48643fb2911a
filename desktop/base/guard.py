"""Calls whose failure must cost nobody else anything: callbacks, items of a queue, stages of an end.

Plain Python; runs in the thread that calls.
"""

import logging
from collections.abc import Callable
from typing import ParamSpec

__all__ = ["guarded"]

Arguments = ParamSpec("Arguments")

_log = logging.getLogger(__name__)


def guarded(call: Callable[Arguments, object], name: str) -> Callable[Arguments, None]:
    """Return `call` made to raise nothing: what it would raise is logged as a defect in `name`."""

    def inner(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            call(*args, **kwargs)
        except Exception:  # noqa: BLE001 - nobody can know what a defect raises
            _log.exception("defect in %s", name)

    return inner
