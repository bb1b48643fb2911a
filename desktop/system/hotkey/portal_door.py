"""The way to the portal: connected, told who we are, asked what it can, and watched.

Source: org.freedesktop.host.portal.Registry of xdg-desktop-portal 1.20 and later, whose successors
refuse programs that they do not know. GUI thread.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from desktop.domain.hotkey import KeyResult
from desktop.system.hotkey.portal_facts import PortalFacts
from desktop.system.hotkey.portal_requests import Requests
from desktop.system.hotkey.portal_timers import Timers
from desktop.system.hotkey.portal_values import (
    BUS,
    SECONDS,
    SESSION,
    SHORTCUTS,
    TIMED_OUT,
    BusLost,
    BusSignal,
    Reply,
)
from desktop.system.hotkey.portal_words import BUS_LOST, GONE, NO_PORTAL, SILENT, is_unknown
from desktop.system.session_bus import PORTAL, PORTAL_PATH, REQUEST, Service

if TYPE_CHECKING:
    from desktop.system.hotkey.portal_bus import Bus

_log = logging.getLogger(__name__)

_REGISTRY: Final = Service(PORTAL, PORTAL_PATH, "org.freedesktop.host.portal.Registry")
_PROPERTIES: Final = Service(PORTAL, PORTAL_PATH, "org.freedesktop.DBus.Properties")
_SIGNALS: Final = (
    (REQUEST, "Response"),
    (SHORTCUTS, "Activated"),
    (SHORTCUTS, "Deactivated"),
    (SHORTCUTS, "ShortcutsChanged"),
    (SESSION, "Closed"),
)
# An entry that was written a moment ago is found by the portal a moment later.
_ENTRY_SECONDS: Final = 0.7


class Stage(Enum):
    """How far we are."""

    OFF = auto()
    """No connection."""
    IDLE = auto()
    """Nothing is asked of the portal yet."""
    GREETING = auto()
    """It is told who we are, and asked what it can."""
    READY = auto()
    """Sessions can be made."""
    FAILED = auto()
    """It is not there, or cannot: `fault` says why."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who wants to know: the portal can be used, it cannot, it has announced something."""

    ready: Callable[[], None]
    failed: Callable[[KeyResult], None]
    signalled: Callable[[BusSignal], None]
    back: Callable[[], None]
    """A portal is there again, or for the first time, after it was not."""


class PortalDoor:
    """One connection, begun anew where that is the only way."""

    def __init__(
        self,
        facts: PortalFacts,
        prepare: Callable[[], bool],
        timers: Timers,
        visitor: Visitor,
    ) -> None:
        """Do nothing yet."""
        self.stage = Stage.OFF
        self.fault = NO_PORTAL
        self.bus: Bus | None = None
        self.requests: Requests | None = None
        self.version = 0
        self.is_registered = False
        self.registration = ""
        """What the portal said against our app id."""
        self._facts = facts
        self._prepare = prepare
        self._timers = timers
        self._visitor = visitor
        self._owner = ""
        self._is_entry_new = False

    def connect(self) -> None:
        """Connect to the bus, and ask the portal for nothing yet; stays OFF without a bus."""
        if self._facts.address is None or self.stage is not Stage.OFF:
            return
        self.fault = NO_PORTAL
        try:
            from desktop.system.hotkey.portal_bus import Bus

            bus = Bus(self._facts.address, self._on_signal, self._on_bus_lost, self._timers)
        except (BusLost, ImportError):
            return
        self.bus = bus
        self.requests = Requests(bus, self._timers)
        self.stage = Stage.IDLE
        for interface, member in _SIGNALS:
            rule = f"type='signal',sender='{PORTAL}',interface='{interface}',member='{member}'"
            bus.call_bus("AddMatch", "s", (rule,))
        owners = f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{PORTAL}'"
        bus.call_bus("AddMatch", "s", (owners,))

    def knock(self) -> None:
        """Get ready, unless that is done or on the way; `ready` or `failed` follows."""
        if self.bus is None or self.stage not in {Stage.IDLE, Stage.FAILED}:
            return
        self.stage = Stage.GREETING
        self.registration = ""
        self.is_registered = False
        if self._facts.is_sandboxed:
            self._ask_version()
            return
        self._is_entry_new = self._prepare()
        # The first word on a connection, and only once; other sandboxes have said it for us.
        nothing: dict[str, object] = {}
        body = (self._facts.app_id, nothing)
        self.bus.call(_REGISTRY, "Register", "sa{sv}", body, self._on_registered, SECONDS)

    def close(self) -> None:
        """Hang up; idempotent."""
        if self.bus is not None:
            self.bus.close()
        self.bus = None
        self.requests = None
        self.stage = Stage.OFF
        self._owner = ""

    def _again(self) -> None:
        """Begin anew on another connection: on each, an app id is told once."""
        self.close()
        self.connect()
        self.knock()

    def _on_registered(self, reply: Reply) -> None:
        if reply.error == TIMED_OUT:
            self._fail(SILENT)
            return
        self.is_registered = not reply.error
        if reply.error and not is_unknown(reply.error):
            _log.info("the portal did not register %s: %s", self._facts.app_id, reply.words)
            self.registration = reply.words or reply.error
            if self._is_entry_new:
                self._timers.start(_ENTRY_SECONDS, self._again)
                return
        self._ask_version()

    def _ask_version(self) -> None:
        if self.bus is not None:
            body = (SHORTCUTS, "version")
            self.bus.call(_PROPERTIES, "Get", "ss", body, self._on_version, SECONDS)

    def _on_version(self, reply: Reply) -> None:
        match reply:
            case Reply(error="", body=(("u", int(version)),)):
                self.version = version
            case Reply(error=error, words=words):
                _log.info("no shortcuts by the portal: %s %s", error, words)
                self._fail(SILENT if error == TIMED_OUT else NO_PORTAL)
                return
        self._owner = reply.sender
        self.stage = Stage.READY
        _log.info("shortcuts by the portal, version %s", self.version)
        self._visitor.ready()

    def _on_signal(self, signal: BusSignal) -> None:
        # Match rules do not keep away what is sent to us alone, by whomever.
        match signal:
            case BusSignal(sender=sender) if sender == self._owner:
                if signal.interface == REQUEST and self.requests is not None:
                    self.requests.on_response(signal.path, signal.body)
                else:
                    self._visitor.signalled(signal)
            case BusSignal(sender, member="NameOwnerChanged", body=(name, str(old), str(new))):
                if sender == BUS and name == PORTAL:
                    self._on_owner(old, new)
            case _:
                return

    def _on_owner(self, old: str, new: str) -> None:
        if old and old == self._owner:
            self._owner = ""
            self._fail(GONE)
        if new and self.stage is Stage.FAILED:
            # Anew, for what stands behind the portal may still know the old session by its name.
            self.close()
            self.connect()
            self._visitor.back()

    def _on_bus_lost(self) -> None:
        _log.warning("the session bus has ended")
        self.close()
        self._timers.clear()
        self.fault = BUS_LOST
        self._visitor.failed(BUS_LOST)

    def _fail(self, fault: KeyResult) -> None:
        self.stage = Stage.FAILED
        self.fault = fault
        self._visitor.failed(fault)
