"""Whether the desktop prefers dark windows, as the settings portal tells.

`org.freedesktop.portal.Settings`: `ReadOne` since version 2, before it `Read`, whose answer is
wrapped once more; `color-scheme` is 0 for none, 1 for dark, 2 for light. A connection of its own
for each question, which starts no service and waits two seconds at most; in an errand.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from desktop.system.session_bus import PORTAL, PORTAL_PATH, Service, bus_address

_SECONDS: Final = 2.0
_INTERFACE: Final = "org.freedesktop.portal.Settings"
# A type and what is of it.
_VARIANT: Final = 2
_ASKED: Final = ("org.freedesktop.appearance", "color-scheme")


class Scheme(Enum):
    """What is preferred."""

    NONE = 0
    DARK = 1
    LIGHT = 2


def colour_scheme(environment: Mapping[str, str]) -> Scheme:
    """Return the preference; NONE also where nobody tells."""
    address = bus_address(environment)
    if address is None:
        return Scheme.NONE
    from desktop.system.bus_calls import BusCalls, BusFault, CallRefused

    portal = Service(PORTAL, PORTAL_PATH, _INTERFACE)
    try:
        with BusCalls(address, _SECONDS) as bus:
            for member in ("ReadOne", "Read"):
                try:
                    return _scheme(bus.call(portal, member, "ss", _ASKED, starts=False))
                except CallRefused:
                    continue
    except BusFault:
        # No bus at this address, or one that does not answer as a bus.
        return Scheme.NONE
    return Scheme.NONE


def _scheme(answer: tuple[Any, ...]) -> Scheme:
    """Return what the portal's answer means."""
    value = answer[0] if answer else None
    while isinstance(value, tuple) and len(value) == _VARIANT:
        value = value[1]
    known = {scheme.value: scheme for scheme in Scheme}
    return known.get(value, Scheme.NONE) if isinstance(value, int) else Scheme.NONE
