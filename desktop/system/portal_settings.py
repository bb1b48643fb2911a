"""Whether the desktop prefers dark windows, as the settings portal tells.

`org.freedesktop.portal.Settings`: `ReadOne` since version 2, before it `Read`, whose answer is
wrapped once more; `color-scheme` is 0 for none, 1 for dark, 2 for light. A connection of its own
for each question, which starts no service and waits two seconds at most; in an errand.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection

_SECONDS: Final = 2.0
_NAME: Final = "org.freedesktop.portal.Desktop"
_PATH: Final = "/org/freedesktop/portal/desktop"
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
    address = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if not address:
        return Scheme.NONE
    from jeepney.io.blocking import open_dbus_connection

    try:
        with open_dbus_connection(address, auth_timeout=_SECONDS) as connection:
            for member in ("ReadOne", "Read"):
                scheme = _answer(connection, member)
                if scheme is not None:
                    return scheme
    except (OSError, ValueError, RuntimeError, StopIteration):
        # No bus at this address, or one that does not answer as a bus.
        return Scheme.NONE
    return Scheme.NONE


def _answer(connection: "DBusConnection", member: str) -> Scheme | None:
    """Return what the portal answers; None if it does not, or knows no such method."""
    from jeepney import DBusAddress, MessageFlag, MessageType, new_method_call

    portal = DBusAddress(_PATH, bus_name=_NAME, interface=_INTERFACE)
    message = new_method_call(portal, member, "ss", _ASKED)
    message.header.flags = MessageFlag.no_auto_start
    reply = connection.send_and_get_reply(message, timeout=_SECONDS)
    if reply.header.message_type is not MessageType.method_return:
        return None
    value = reply.body[0] if reply.body else None
    while isinstance(value, tuple) and len(value) == _VARIANT:
        value = value[1]
    known = {scheme.value: scheme for scheme in Scheme}
    return known.get(value, Scheme.NONE) if isinstance(value, int) else Scheme.NONE
