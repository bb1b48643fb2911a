"""Ctrl-C before anybody can answer it: while the program is still being read. Main thread."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Final

EXIT_INTERRUPTED: Final = 130
"""What shells tell of a program that Ctrl-C has ended."""


@contextlib.contextmanager
def ending_quietly() -> Iterator[None]:
    """Within the block Ctrl-C ends this process at once, without a word.

    Python would show the line that it was about to import. Where Ctrl-C means nothing, as for what a
    shell runs in the background, or something else by now, it stays so.
    """
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(EXIT_INTERRUPTED)
