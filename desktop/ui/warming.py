"""Loads what is needed after the window's first picture, while a person may be typing already.

One module in each turn of the event loop: what is typed meanwhile comes in between. GUI thread.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Final

from PySide6.QtCore import QObject, QTimer

__all__ = ["AROUND", "MODULES", "load_in_turns", "warm_up_soon"]

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
"""For the first message; from those that others need to those that need them."""

AROUND: Final = (
    "desktop.system.panel",
    "desktop.ui.tray",
    "desktop.ui.login_desk",
    "desktop.ui.tray_desk",
    "desktop.ui.markdown_parts",
    "desktop.services.quick_actions",
    "desktop.system.front.factory",
    "desktop.ui.surroundings",
    "desktop.services.pictures",
    "desktop.ui.picture_making",
    "desktop.ui.picture_shelf",
    "desktop.ui.picture_words",
    "desktop.ui.picture_sheet",
    "desktop.ui.attachment_sheet",
    "desktop.ui.picture_view",
    "desktop.ui.popup",
    "desktop.ui.popup_room",
    "desktop.ui.presence",
    "desktop.ui.hotkeys",
    "desktop.ui.desktop_room",
    "desktop.ui.models_desk",
    "desktop.ui.spelling_desk",
    "desktop.services.local_api",
    "desktop.ui.api_desk",
    "desktop.ui.servers_desk",
    "desktop.ui.servers_room",
    "desktop.ui.update_desk",
    "desktop.ui.later_desks",
)
"""For the second part of the start, in the same order."""


def warm_up_soon(owner: QObject) -> None:
    """Begin with the next turn to load what the first message will need; it ends with `owner`."""
    load_in_turns(owner, MODULES, lambda: None)


def load_in_turns(owner: QObject, names: Sequence[str], then: Callable[[], object]) -> None:
    """Load the modules `names` from the next turn on, then call `then`; it ends with `owner`."""
    _next(owner, iter(names), then)


def _next(owner: QObject, names: Iterator[str], then: Callable[[], object]) -> None:
    QTimer.singleShot(0, owner, partial(_load, owner, names, then))


def _load(owner: QObject, names: Iterator[str], then: Callable[[], object]) -> None:
    name = next(names, None)
    if name is None:
        then()
    else:
        import_module(name)
        _next(owner, names, then)
