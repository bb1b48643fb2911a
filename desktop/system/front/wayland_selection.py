"""What is selected under Wayland, where the compositor tells every program of it.

That is what `ext-data-control-v1`, and `wlr-data-control-unstable-v1` before it, are for: KWin,
sway, Hyprland, COSMIC and others have them, GNOME's has not, and none for programs in a sandbox. Each
question is a connection of its own. Blocks for the time given; any thread, one at a time.
"""

import os
import select
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desktop.system.front.base import LONGEST_SELECTION, Selection
from desktop.system.front.wayland_wire import Global, Wire, string

__all__ = ["read_selection", "tells_selections"]

# The newer one first; with the version from which on it tells of selected text.
_MANAGERS: Final = {"ext_data_control_manager_v1": 1, "zwlr_data_control_manager_v1": 2}
_SEAT: Final = "wl_seat"
_GET_DATA_DEVICE: Final = 1
_DATA_OFFER, _PRIMARY_SELECTION = 0, 3
_OFFER: Final = 0
_RECEIVE: Final = 0
# The best one first; the last one is what Xwayland and old programs have.
_TEXTS: Final = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "TEXT", "STRING")
_READ_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Manager:
    """What hands out devices that tell of selections, and the first seat."""

    registry: int
    manager: Global
    seat: Global


def tells_selections(environment: Mapping[str, str], until: float) -> bool | None:
    """Return whether selected text can be had from the compositor that `environment` names.

    None if it did not say so in time.
    """
    try:
        wire = Wire(environment, until)
    except TimeoutError:
        return None
    except OSError:
        return False
    try:
        return _manager(wire) is not None
    except TimeoutError:
        return None
    except OSError:
        return False
    finally:
        wire.close()


def read_selection(environment: Mapping[str, str], until: float) -> Selection:
    """Return the selected text, up to `LONGEST_SELECTION` bytes of it."""
    try:
        wire = Wire(environment, until)
    except OSError:
        return Selection()
    try:
        found = _manager(wire)
        return Selection() if found is None else _selection(wire, found, until)
    except OSError:
        return Selection()
    finally:
        wire.close()


def _manager(wire: Wire) -> _Manager | None:
    registry, offered = wire.globals()
    seats = [one for one in offered if one.interface == _SEAT]
    for interface, least in _MANAGERS.items():
        for one in offered:
            if one.interface == interface and one.version >= least and seats:
                return _Manager(registry, one, seats[0])
    return None


def _selection(wire: Wire, found: _Manager, until: float) -> Selection:
    manager = wire.bind(found.registry, found.manager, _MANAGERS[found.manager.interface])
    seat = wire.bind(found.registry, found.seat, 1)
    device = wire.new_id()
    wire.send(manager, _GET_DATA_DEVICE, struct.pack("=II", device, seat))
    kinds: dict[int, list[str]] = {}
    selected = 0
    for message in wire.round_trip():
        if message.sender == device and message.opcode == _DATA_OFFER:
            kinds[message.number] = []
        elif message.sender == device and message.opcode == _PRIMARY_SELECTION:
            selected = message.number
        elif message.sender in kinds and message.opcode == _OFFER:
            kinds[message.sender].append(message.text()[0])
    kind = next((one for one in _TEXTS if one in kinds.get(selected, ())), None)
    return Selection() if kind is None else _received(wire, selected, kind, until)


def _received(wire: Wire, offer: int, kind: str, until: float) -> Selection:
    """Have whoever holds the text write it into a pipe, and read that."""
    reading, writing = os.pipe()
    data = bytearray()
    is_whole = False
    try:
        try:
            wire.send(offer, _RECEIVE, string(kind), writing)
        finally:
            os.close(writing)
        os.set_blocking(reading, False)
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        while len(data) <= LONGEST_SELECTION and poll.poll(max(0, until - time.monotonic()) * 1000):
            more = os.read(reading, _READ_BYTES)
            if not more:
                is_whole = True
                break
            data += more
    finally:
        os.close(reading)
    if not data and not is_whole:
        return Selection()
    encoding = "latin-1" if kind == "STRING" else "utf-8"
    errors = "replace" if is_whole else "ignore"
    text = bytes(data[:LONGEST_SELECTION]).decode(encoding, errors).replace("\0", "")
    return Selection(text, is_cut=not is_whole)
