"""Keeps Python's garbage collector from holding up the window.

Its full round looks at every object there is, most of which are modules, classes and the window
itself and never go. Once these are set aside, a round takes a moment. GUI thread.
"""

import gc

from PySide6.QtCore import QObject, QTimer

__all__ = ["set_aside_soon"]

_AFTER_MS = 3_000


def set_aside_soon(owner: QObject, after_ms: int = _AFTER_MS) -> None:
    """Set aside, when the start is over, what was made until then."""
    QTimer.singleShot(after_ms, owner, _set_aside)


def _set_aside() -> None:
    gc.collect()
    gc.freeze()
