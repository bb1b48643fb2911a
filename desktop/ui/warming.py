"""Loads what the first message will need, once the window is on the screen and nobody waits for it.

One module in each turn of the event loop: what is typed meanwhile comes in between. GUI thread.
"""

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Final

from PySide6.QtCore import QObject, QTimer

__all__ = ["MODULES", "warm_up_soon"]

MODULES: Final = (
    "desktop.ui.rich_text",
    "desktop.ui.markdown",
    "desktop.ui.message_segments",
    "desktop.ui.code_block",
    "desktop.ui.question_view",
    "desktop.ui.answer_view",
    "desktop.ui.memory_line",
    "desktop.ui.message_views",
)
"""From those that others need to those that need them."""


def warm_up_soon(owner: QObject) -> None:
    """Begin with the next turn; it ends with `owner`."""
    _next(owner, iter(MODULES))


def _next(owner: QObject, names: Iterator[str]) -> None:
    QTimer.singleShot(0, owner, partial(_load, owner, names))


def _load(owner: QObject, names: Iterator[str]) -> None:
    name = next(names, None)
    if name is not None:
        import_module(name)
        _next(owner, names)
