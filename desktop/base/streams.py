"""The three standard streams, where whoever started the program gave it none. Main thread.

A program with a window has none on Windows, and a service manager may close them anywhere.
"""

import os
import sys
from pathlib import Path

__all__ = ["open_missing_streams"]


def open_missing_streams() -> None:
    """Have the missing ones lead nowhere; they stay open to the end of the program."""
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")
