"""An icon of a program as desktops with D-Bus trays get it: told in pixels and words, not drawn.

`org.kde.StatusNotifierItem`, and `com.canonical.dbusmenu` for its menu.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, MessageType, Properties, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from tests.harness.waiting import wait_for

_ITEM = "org.kde.StatusNotifierItem"
_PATH = "/StatusNotifierItem"
_MENU = "com.canonical.dbusmenu"
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; those below another one have its name before theirs."""

    number: int
    label: str
    is_ticked: bool
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Notifier:
    """What the program `pid` shows on the bus at `address`."""

    address: str
    pid: int

    def wait(self, seconds: float = 40.0) -> None:
        """Wait until there is an icon."""
        wait_for(self._name, seconds, "an icon on the bus")

    def pictures(self) -> dict[int, bytes]:
        """Return the icon in each size, as alpha, red, green and blue."""
        return {width: bytes(content) for width, _height, content in self._value("IconPixmap")}

    def tooltip(self) -> str:
        """Return what is told when the pointer rests on it."""
        _icon, _pictures, title, _text = self._value("ToolTip")
        return str(title)

    def entries(self) -> list[Entry]:
        """Return the menu as it is told."""
        _revision, root = self._ask(self._menu(), "GetLayout", "iias", (0, -1, []))
        return list(_entries(root, ""))

    def open_menu(self) -> None:
        """Say that the menu is about to be shown."""
        self._ask(self._menu(), "AboutToShow", "i", (0,))

    def choose(self, label: str) -> None:
        """Click the line of that name."""
        (entry,) = [each for each in self.entries() if each.label == label]
        self._ask(self._menu(), "Event", "isvu", (entry.number, "clicked", ("s", ""), 0))

    def click(self) -> None:
        """Click the icon."""
        self._ask(self._item(), "Activate", "ii", (0, 0))

    def _name(self) -> str:
        """Return which of the program's connections has the icon; empty for none."""
        with open_dbus_connection(self.address) as bus:
            names = bus.send_and_get_reply(message_bus.ListNames()).body[0]
            for name in names:
                whose = bus.send_and_get_reply(message_bus.GetConnectionUnixProcessID(name))
                # It may have gone since it was listed: then the answer is an error in words.
                if name.startswith(":") and whose.body[0] == self.pid:
                    asked = Properties(DBusAddress(_PATH, name, _ITEM)).get("Id")
                    reply = bus.send_and_get_reply(asked, timeout=_SECONDS)
                    if reply.header.message_type is MessageType.method_return:
                        return str(name)
        return ""

    def _item(self) -> DBusAddress:
        return DBusAddress(_PATH, self._name(), _ITEM)

    def _menu(self) -> DBusAddress:
        return DBusAddress(self._value("Menu"), self._name(), _MENU)

    def _value(self, name: str) -> Any:
        with open_dbus_connection(self.address) as bus:
            reply = bus.send_and_get_reply(Properties(self._item()).get(name), timeout=_SECONDS)
        assert reply.header.message_type is MessageType.method_return, reply.body
        return reply.body[0][1]

    def _ask(self, address: DBusAddress, member: str, signature: str, body: tuple[Any, ...]) -> Any:
        message = new_method_call(address, member, signature, body)
        with open_dbus_connection(self.address) as bus:
            reply = bus.send_and_get_reply(message, timeout=_SECONDS)
        assert reply.header.message_type is MessageType.method_return, reply.body
        return reply.body


def _entries(node: Any, before: str) -> Iterator[Entry]:
    number, properties, below = node
    values = {name: value for name, (_type, value) in properties.items()}
    label = before + values.get("label", "").replace("_", "")
    if number and values.get("type") != "separator":
        ticked = values.get("toggle-state") == 1
        yield Entry(number, label, ticked, values.get("visible", True))
    for _type, child in below:
        yield from _entries(child, f"{label}/" if number else "")
