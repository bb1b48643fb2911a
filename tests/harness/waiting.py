"""Waiting on a condition, never for a time: every test that waits does it here."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_PAUSE_SECONDS = 0.02


def wait_for(
    condition: Callable[[], Result], seconds: float = 10.0, what: str | Callable[[], str] = ""
) -> Result:
    """Return the first true result of `condition`; AssertionError after `seconds`.

    `what` says what was waited for, or is asked at the end what could be seen instead.
    """
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            seen = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {seen or condition}")
        time.sleep(_PAUSE_SECONDS)
