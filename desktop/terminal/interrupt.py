"""Ctrl-C while an answer is being written: stop the answer; when pressed again, end at once.

A server is asked to end by service managers too, with SIGTERM, which the first process of a container
would not even notice by itself.

Main thread only, as signal handlers are.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType


@contextlib.contextmanager
def stopping_on_interrupt(
    cancel: threading.Event,
    *,
    patience: int = 1,
    signals: Sequence[signal.Signals] = (signal.SIGINT,),
) -> Iterator[None]:
    """Set `cancel` on Ctrl-C, or another of `signals`, instead of raising KeyboardInterrupt.

    After `patience` of them the next one is the system's: it kills this process, and the engine
    process ends with it.
    """
    left = patience

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        cancel.set()
        if left <= 0:
            for each in signals:
                signal.signal(each, signal.SIG_DFL)

    previous = {each: signal.signal(each, handle) for each in signals}
    try:
        yield
    finally:
        for each, before in previous.items():
            signal.signal(each, before)
