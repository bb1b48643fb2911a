"""Ctrl-C while an answer is being written: stop the answer; when pressed again, end at once.

Main thread only, as signal handlers are.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stopping_on_interrupt(cancel: threading.Event, *, patience: int = 1) -> Iterator[None]:
    """Set `cancel` on Ctrl-C instead of raising KeyboardInterrupt.

    After `patience` presses the next one is the system's: it kills this process, and the engine
    process ends with it.
    """
    left = patience

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        cancel.set()
        if left <= 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
