"""Another key chosen on the settings page of the real program, and what the doctor tells of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from Xlib import X

from desktop.base.paths import paths_under
from tests.conftest import RunLapis
from tests.e2e.conftest import StartLapis
from tests.harness.hands import Hands
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

_POPUP = "^Ask Lapis$"
_KEYS_TO_THE_FIELD = 3
"""From the search over the button that closes the page and the part on show to the first key."""


@pytest.fixture
def hands(screen: Screen) -> Iterator[Hands]:
    one = Hands(screen.environment["DISPLAY"])
    yield one
    one.close()


def _settings(home: Path) -> dict[str, Any]:
    found = json.loads(paths_under(home).settings.read_text(encoding="utf-8")).get("keys", {})
    assert isinstance(found, dict)
    return found


def _left(home: Path) -> dict[str, Any]:
    """Return what the running Lapis left word of."""
    path = paths_under(home).hotkeys
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    assert isinstance(found, dict)
    return found


def _examined(lapis: RunLapis) -> dict[str, Any]:
    told = json.loads(lapis("doctor", "--json").stdout)
    (found,) = [each for each in told["findings"] if each["name"] == "desktop.hotkey"]
    assert isinstance(found, dict)
    return found


def test_a_key_is_chosen_by_pressing_it_and_proved_by_pressing_it_again(
    start_lapis: StartLapis, screen: Screen, hands: Hands, lapis_home: Path, lapis: RunLapis
) -> None:
    program = start_lapis("--show")
    window = screen.window("Lapis$", program.pid)
    wait_for(lambda: _left(lapis_home).get("mechanism") == "x11", 30, "word of the keys")
    found = _examined(lapis)
    assert (found["state"], found["facts"]["keys"]) == ("ok", "Ctrl+Alt+Space")
    assert not found["facts"]["proved"]
    both = X.ControlMask | X.Mod1Mask
    assert not hands.can_have("space", both)

    window.focus()
    screen.key("ctrl+comma")
    screen.window("Settings – Lapis$", program.pid)
    screen.type("selected text")
    screen.key(*["Tab"] * _KEYS_TO_THE_FIELD, "space")
    # The present key means the field while it listens, and not the popup.
    wait_for(lambda: hands.can_have("space", both), 10, "the present key given back")
    hands.tap("space", "Control_L", "Alt_L")
    screen.key("space", "ctrl+alt+k")
    wait_for(lambda: _settings(lapis_home).get("ask") == "Ctrl+Alt+K", 10, "another key")
    assert screen.windows(_POPUP, program.pid) == []

    hands.tap("k", "Control_L", "Alt_L")
    screen.window(_POPUP, program.pid)
    wait_for(lambda: _settings(lapis_home).get("proved") == "Ctrl+Alt+K", 10, "the proof")
    wait_for(lambda: _left(lapis_home).get("proved") is True, 10, "word of the proof")
    found = _examined(lapis)
    assert found["facts"]["keys"] == "Ctrl+Alt+K"
    assert found["facts"]["proved"]
    assert found["detail"].startswith("Ctrl+Alt+K, by X11")
