"""Keys by the portal with somebody who looks after them, as the window does with Qt."""

import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop.domain.hotkey import Chord, KeyAction, KeyResult, KeyStatus, parse_chord
from desktop.domain.text import Text
from desktop.system.hotkey import portal_door, portal_session
from desktop.system.hotkey.portal import Portal
from desktop.system.hotkey.portal_facts import PortalFacts, portal_facts
from tests.harness.message_bus import message_bus
from tests.harness.portal import FakePortal, fake_portal

APP_ID = "org.example.Lapis"
CHORD = parse_chord("Ctrl+Alt+Space")
ASK, STOP = KeyAction.ASK, KeyAction.STOP


@dataclass
class Keyboard:
    """The mechanism under test, with somebody who looks after it."""

    portal: Portal
    presses: list[tuple[KeyAction, str, int]] = field(default_factory=list)
    news: list[tuple[KeyAction, KeyResult]] = field(default_factory=list)

    def begin(self) -> None:
        self.portal.start(
            lambda action, token, when: self.presses.append((action, token, when)),
            lambda action, result: self.news.append((action, result)),
        )

    def bind(self, action: KeyAction = ASK, chord: Chord = CHORD) -> KeyResult:
        return self.portal.bind(action, chord, Text("Ask a quick question"))

    def result(self, action: KeyAction = ASK) -> KeyResult | None:
        return next((result for which, result in reversed(self.news) if which is action), None)

    def status(self, action: KeyAction = ASK) -> KeyStatus | None:
        result = self.result(action)
        return None if result is None else result.status

    def wait(self, holds: Callable[[], object], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s: {self.news}"
            wish = self.portal.pump()
            number = self.portal.fileno()
            rest = min(0.05, 0.05 if wish is None else wish)
            select.select([] if number is None else [number], [], [], rest)

    def expect(self, status: KeyStatus, action: KeyAction = ASK) -> KeyResult:
        self.wait(lambda: self.status(action) is status)
        result = self.result(action)
        assert result is not None
        return result


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    with message_bus(tmp_path) as address:
        yield address


@pytest.fixture
def facts(bus: str) -> PortalFacts:
    return portal_facts({"DBUS_SESSION_BUS_ADDRESS": bus}, APP_ID)


@pytest.fixture
def desk(bus: str) -> Iterator[FakePortal]:
    with fake_portal(bus) as running:
        yield running


@pytest.fixture
def keyboard(facts: PortalFacts) -> Iterator[Keyboard]:
    one = Keyboard(Portal(facts))
    yield one
    one.portal.close()


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (portal_door, portal_session):
        monkeypatch.setattr(module, "SECONDS", 0.2)
