"""What goes over the session bus to the portal and back, without the library that carries it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

TIMED_OUT: Final = "timed out"
"""The error of a reply that did not come in time."""

BUS: Final = "org.freedesktop.DBus"
"""The bus itself, as it signs what it announces."""

SESSION: Final = "org.freedesktop.portal.Session"
SHORTCUTS: Final = "org.freedesktop.portal.GlobalShortcuts"

SECONDS: Final = 5.0
"""How long the portal may take for what asks no person: it may have to be started first."""

Variant: TypeAlias = tuple[str, Any]


class BusLost(Exception):
    """The bus cannot be reached, or has ended."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call: `error` is empty, a D-Bus error's name, or `TIMED_OUT`."""

    body: tuple[Any, ...] = ()
    error: str = ""
    words: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class BusSignal:
    """What somebody announced; `sender` is the unique name of whom."""

    sender: str
    path: str
    interface: str
    member: str
    body: tuple[Any, ...]


Done: TypeAlias = Callable[[Reply], None]
